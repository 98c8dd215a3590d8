package ui

import (
	"net/url"
	"regexp"
	"strings"
)

// Block is a paragraph, a list, or lines set as they are.
type Block struct {
	Spans []Span
	Items [][]Span
	Lines string
}

// Span is a run of text of one kind.
type Span struct {
	Text         string
	Code, Strong bool
	To           string // an http or https address
}

// Text reads a small part of Markdown: paragraphs, lists, indented and fenced
// lines, `code`, **strong** and [links](https://…). Everything else, HTML above
// all, stays the text that it is.
func Text(s string) []Block {
	var blocks []Block
	for chunk := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(s), "\r\n", "\n"), "\n\n") {
		if strings.TrimSpace(chunk) != "" {
			blocks = append(blocks, blockOf(strings.Trim(chunk, "\n")))
		}
	}
	return blocks
}

func blockOf(chunk string) Block {
	lines := strings.Split(chunk, "\n")
	switch {
	case strings.HasPrefix(chunk, "```"):
		return Block{Lines: strings.Trim(strings.TrimSuffix(strings.TrimPrefix(chunk, lines[0]), "```"), "\n")}
	case every(lines, func(l string) bool { return strings.HasPrefix(l, "\t") || strings.HasPrefix(l, "    ") }):
		return Block{Lines: chunk}
	case isItem(lines[0]):
		var items []string
		for _, l := range lines {
			if isItem(l) || len(items) == 0 {
				items = append(items, strings.TrimSpace(strings.TrimSpace(l)[1:]))
			} else {
				items[len(items)-1] += " " + strings.TrimSpace(l)
			}
		}
		var b Block
		for _, i := range items {
			b.Items = append(b.Items, spansOf(i))
		}
		return b
	default:
		return Block{Spans: spansOf(strings.TrimLeft(strings.Join(lines, " "), "# "))}
	}
}

func isItem(line string) bool {
	l := strings.TrimSpace(line)
	return strings.HasPrefix(l, "- ") || strings.HasPrefix(l, "* ")
}

func every(lines []string, is func(string) bool) bool {
	for _, l := range lines {
		if !is(l) {
			return false
		}
	}
	return true
}

var inline = regexp.MustCompile("`([^`]+)`|\\*\\*([^*]+)\\*\\*|\\[([^\\]]+)\\]\\(([^)\\s]+)\\)")

func spansOf(s string) []Span {
	var spans []Span
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(s, -1) {
		if m[0] > at {
			spans = append(spans, Span{Text: s[at:m[0]]})
		}
		at = m[1]
		switch {
		case m[2] >= 0:
			spans = append(spans, Span{Text: s[m[2]:m[3]], Code: true})
		case m[4] >= 0:
			spans = append(spans, Span{Text: s[m[4]:m[5]], Strong: true})
		case WebAddress(s[m[8]:m[9]]):
			spans = append(spans, Span{Text: s[m[6]:m[7]], To: s[m[8]:m[9]]})
		default:
			spans = append(spans, Span{Text: s[m[0]:m[1]]})
		}
	}
	if at < len(s) {
		spans = append(spans, Span{Text: s[at:]})
	}
	return spans
}

// WebAddress reports whether s is an absolute http or https address.
func WebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
