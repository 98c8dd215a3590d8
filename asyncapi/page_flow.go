package asyncapi

import (
	"strings"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi/internal/ui"
)

// flow draws the way of an operation's messages.
func (v *viewer) flow(at int, op *operationPlan) ui.Flow {
	if op.Action == parley.Send {
		return v.sendFlow(op)
	}
	f := ui.Flow{Stages: arrival(op)}
	name := op.functionName()
	if name == "" {
		name = "a function"
	}
	handler := ui.Node{Kind: "handler", Label: "handler", Name: name}
	if op.Upload {
		handler.Label = "handler, reads items as they come"
	}
	f.Stages = append(f.Stages, handler)
	if op.replies() && op.Replies {
		label := "reply"
		switch {
		case op.Stream:
			label = "replies, as they come"
		case op.Later:
			label = "reply, later"
		}
		f.Outputs = append(f.Outputs, ui.Node{Kind: "reply", Label: label, Name: "reply-to of the caller"})
	}
	for _, forward := range v.g.forwards(at) {
		n := ui.Node{Kind: "next", Label: "next address", Name: forward.channel.address}
		if e := forward.channel.exchange; e != nil {
			n.Label = e.Kind + " exchange " + e.Name
		}
		f.Outputs = append(f.Outputs, n)
	}
	f.Retry, f.Failure = failures(op.Failure)
	return f
}

// arrival is the way to the queue.
func arrival(op *operationPlan) []ui.Node {
	s := op.Subscription
	queue := ui.Node{Kind: "queue", Label: "queue", Name: s.Queue.Name}
	if queue.Name == "" {
		queue.Name, queue.Label = "one for each instance", "own queue"
	}
	if kind, ok := s.Queue.Arguments["x-queue-type"].(string); ok {
		queue.Label = kind + " queue"
	}
	if s.Exchange == nil {
		queue.Edge = "by its name"
		return []ui.Node{{Kind: "exchange", Label: "default exchange"}, queue}
	}
	keys := make([]string, 0, len(s.Bindings))
	for _, b := range s.Bindings {
		switch {
		case len(b.Arguments) > 0:
			keys = append(keys, "headers")
		case b.Key != "":
			keys = append(keys, b.Key)
		}
	}
	queue.Edge = strings.Join(keys, ", ")
	return []ui.Node{{Kind: "exchange", Label: s.Exchange.Kind + " exchange", Name: s.Exchange.Name}, queue}
}

func failures(p *parley.FailurePolicy) (retry, end *ui.Node) {
	if p == nil {
		return nil, nil
	}
	var tries []string
	if p.Immediate > 0 {
		tries = append(tries, plural(p.Immediate, "time")+" at once")
	}
	if len(p.Delays) > 0 {
		delays := make([]string, 0, len(p.Delays))
		for _, d := range p.Delays {
			delays = append(delays, shortTime(d))
		}
		tries = append(tries, "after "+strings.Join(delays, ", "))
	}
	if len(tries) > 0 {
		retry = &ui.Node{Kind: "retry", Label: "again", Name: strings.Join(tries, ", ")}
	}
	end = &ui.Node{Kind: "error", Label: "error queue", Name: p.ErrorQueue}
	if p.ErrorQueue == "" || p.End != parley.ErrorQueue {
		end = &ui.Node{Kind: "error", Label: "in the end", Name: strings.ToLower(spaced(p.End.String()))}
	}
	return retry, end
}

// shortTime writes 1m0s as 1m.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func spaced(name string) string { return wordEnds.ReplaceAllString(name, "$1$3 $2$4") }

func (v *viewer) sendFlow(op *operationPlan) ui.Flow {
	f := ui.Flow{Stages: []ui.Node{{Kind: "app", Label: "service", Name: v.doc.Info.Title}}}
	if e := op.channel.exchange; e != nil {
		f.Stages = append(f.Stages, ui.Node{Kind: "exchange", Label: e.Kind + " exchange", Name: e.Name, Edge: op.channel.address})
	} else {
		f.Stages = append(f.Stages, ui.Node{Kind: "queue", Label: "queue", Name: op.channel.address})
	}
	switch {
	case op.Gathers:
		f.Outputs = []ui.Node{{Kind: "reply", Label: "replies of several", Name: "to this service"}}
	case op.replies():
		f.Outputs = []ui.Node{{Kind: "reply", Label: "reply", Name: "to this service"}}
	}
	return f
}

// forwards are the sends that follow a subscriber: its forwarded results, which
// [parley.App.Operations] lists behind it, from the same place.
func (g *generator) forwards(at int) []*operationPlan {
	end := at + 1
	for end < len(g.operations) && g.operations[end].Action == parley.Send && g.operations[end].Site == g.operations[at].Site {
		end++
	}
	return g.operations[at+1 : end]
}
