package asyncapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/parley-go/parley"
)

// maxStreamBytes bounds the bodies that one use of the form shows of a stream.
const maxStreamBytes = 4 << 20

// streamEnd is how a stream ended that was shown.
type streamEnd string

const (
	streamComplete streamEnd = "complete"
	// streamLimit: there was more than the form shows.
	streamLimit  streamEnd = "limit"
	streamBroken streamEnd = "error"
)

// stream sends a request and writes what comes back as it comes: a line of JSON
// for each reply, and one for the end. What the visitor does not read slows the
// handler; leaving, the time limit and the other bounds cancel it.
func (p *Page) stream(w http.ResponseWriter, s *shown, op *operationPlan, u *Use, m *parley.Message, path []string) *outcome {
	t := p.settings.try
	ctx, cancel := context.WithTimeout(u.Request.Context(), t.timeout)
	defer cancel()
	out := &outcome{Kind: u.Kind, End: streamComplete, written: true}
	lines := newLines(w, t.timeout)
	begun, size := time.Now(), 0
	for reply, err := range parley.Stream[*parley.Message](ctx, p.publisherTo(op, path), m, parley.Window(tryWindow)) {
		if err != nil {
			out.End, out.Error = streamBroken, brokenOff(err)
			break
		}
		if size += len(reply.Body); out.Replies == t.replies || size > maxStreamBytes {
			out.End = streamLimit
			break
		}
		out.Replies++
		if !lines.write(&outcome{Kind: u.Kind, TookMS: since(begun), Reply: s.received(op, reply)}) {
			break
		}
	}
	out.TookMS = since(begun)
	lines.write(out)
	return out
}

// tryWindow is how many replies may be ahead of the visitor.
const tryWindow = 16

func since(t time.Time) float64 { return float64(time.Since(t).Microseconds()) / 1000 }

// brokenOff tells a visitor how a stream ended early.
func brokenOff(err error) *refusal {
	_, broken := errors.AsType[*parley.StreamError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(0, parley.CodeDeadlineExceeded, "time is up: there may be more")
	case errors.Is(err, context.Canceled):
		return refuse(0, parley.CodeCanceled, "the reader left")
	case broken && errors.Is(err, parley.ErrOutcomeUnknown):
		return refuse(0, parley.CodeUnavailable, "the stream broke off: there may be more")
	default:
		return sendError(err)
	}
}

// lines are the lines of JSON of an answer.
type lines struct {
	w   http.ResponseWriter
	out *http.ResponseController
}

// newLines begins an answer that ends within about d, whoever reads it or not.
func newLines(w http.ResponseWriter, d time.Duration) *lines {
	l := &lines{w, http.NewResponseController(w)}
	// Where the deadline cannot be set the server's own applies.
	_ = l.out.SetWriteDeadline(time.Now().Add(d + time.Second))
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("X-Accel-Buffering", "no") // proxies shall hand each line on
	w.WriteHeader(http.StatusOK)
	return l
}

// write sends a line at once and reports whether the visitor is still there.
func (l *lines) write(v any) bool {
	data, err := json.Marshal(v)
	if err != nil {
		return false
	}
	if _, err := l.w.Write(append(data, '\n')); err != nil {
		return false
	}
	return l.out.Flush() == nil
}
