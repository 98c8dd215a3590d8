package ui

import "strings"

// Flow is the way of a message: in through its stages, out to wherever results
// go, and aside where the handler fails.
type Flow struct {
	// Stages follow one another: exchange, queue, handler; the last one is what
	// has Outputs and, if it fails, Retry and Failure.
	Stages  []Node
	Outputs []Node
	// Retry leads back to the stage before the last, Failure ends.
	Retry, Failure *Node
}

// Node is a station. Kind is "exchange", "queue", "handler", "reply", "next",
// "retry", "error" or "app".
type Node struct {
	Kind, Label, Name string
	// Edge is written at the arrow that leads here.
	Edge string
}

// Describe says the picture in words.
func (f Flow) Describe() string {
	var b strings.Builder
	for i, n := range f.Stages {
		if i > 0 {
			b.WriteString(", then ")
		}
		b.WriteString(n.words())
	}
	for i, n := range f.Outputs {
		b.WriteString([]string{"; gives ", " and "}[min(i, 1)])
		b.WriteString(n.words())
	}
	if f.Retry != nil {
		b.WriteString("; when it fails, " + f.Retry.words())
	}
	if f.Failure != nil {
		b.WriteString("; at last " + f.Failure.words())
	}
	return b.String()
}

func (n Node) words() string {
	text := n.Label
	if n.Name != "" {
		text += " " + n.Name
	}
	if n.Edge != "" {
		text += " (" + n.Edge + ")"
	}
	return text
}
