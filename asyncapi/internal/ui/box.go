package ui

import (
	"strings"
	"unicode"
)

type box struct {
	Kind, Label string
	// Title is the whole text where something of it was cut, else "".
	Title      string
	Lines      []line
	X, Y, W, H int
}

type line struct {
	Text string
	Y    int
}

type arrow struct {
	Kind, Path, Head string
	Label            string
	// Title is the whole label where it was cut, else "".
	Title  string
	LX, LY int
	Anchor string
}

const (
	lineHeight = 15
	padding    = 12
	boxTop     = 19 // the kind's baseline
	// maxLabel and maxEdge bound in characters what is not broken into lines.
	maxLabel = 34
	maxEdge  = 40
)

// nameWidth is the width of a text in the type of programs, whose characters
// all have one width, but for those that fill a square.
func nameWidth(s string) int {
	width := 0
	for _, r := range s {
		width += 7
		if r >= 0x1100 {
			width += 6
		}
	}
	return width
}

// labelWidth is about the width of a text in the type of prose, rather more
// than less.
func labelWidth(s string) int {
	width := 0
	for _, r := range s {
		switch {
		case r >= 0x1100:
			width += 12
		case strings.ContainsRune("mwMWOQGD@%", r):
			width += 10
		case unicode.IsUpper(r):
			width += 8
		default:
			width += 7
		}
	}
	return width
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// labelled returns the arrow with a label, cut where it is long.
func (a arrow) labelled(text string) arrow {
	a.Label = cut(text, maxEdge)
	if a.Label != text {
		a.Title = text
	}
	return a
}

// newBox measures a node whose lines have at most room characters.
func newBox(n Node, room int) box {
	b := box{Kind: n.Kind, Label: cut(n.Label, maxLabel)}
	b.W = labelWidth(b.Label) + 2*padding
	lines := breakName(n.Name, room)
	for i, text := range lines {
		b.Lines = append(b.Lines, line{text, boxTop + 17 + i*lineHeight})
		b.W = max(b.W, nameWidth(text)+2*padding)
	}
	if b.Label != n.Label || len(lines) > 0 && strings.HasSuffix(lines[len(lines)-1], "…") {
		b.Title = strings.TrimSpace(n.Label + " " + n.Name)
	}
	b.H = boxTop + 13 + len(b.Lines)*lineHeight
	if len(b.Lines) == 0 {
		b.H = boxTop + 13
	}
	return b
}

func (b *box) right() int   { return b.X + b.W }
func (b *box) bottom() int  { return b.Y + b.H }
func (b *box) centerX() int { return b.X + b.W/2 }
func (b *box) centerY() int { return b.Y + b.H/2 }

// at moves the box and its lines.
func (b *box) at(x, y int) {
	b.X, b.Y = x, y
}

// breakName splits a name into at most three lines, behind dots where it can.
func breakName(name string, room int) []string {
	var lines []string
	for name != "" {
		runes := []rune(name)
		if len(runes) <= room {
			return append(lines, name)
		}
		if len(lines) == 2 {
			return append(lines, string(runes[:room-1])+"…")
		}
		cut := room
		for i := room - 1; i > room/3; i-- {
			if strings.ContainsRune(".-_/: ,", runes[i]) {
				cut = i + 1
				break
			}
		}
		lines = append(lines, strings.TrimSpace(string(runes[:cut])))
		name = strings.TrimSpace(string(runes[cut:]))
	}
	return lines
}
