package asyncapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/parley-go/parley"
)

// Watched is the app that [Watch] looks at: a *parley.App.
type Watched interface {
	App
	Use(middleware ...parley.Middleware)
}

// Watch holds every value that an app sends against the app's document while a
// test runs: results of handlers and the errors that their callers are told of,
// published values and requests, and the replies and error replies that requests
// get; but not the items of streams, and not answers that come later. What fits no
// declared message fails the test. It is called before the app starts; the
// document is generated with the first message, so that later declarations count.
func Watch(tb TB, app Watched, opts ...Option) {
	w := &watcher{tb: tb, app: app, opts: opts}
	app.Use(parley.OperationMiddleware(w.around))
}

type watcher struct {
	tb   TB
	app  App
	opts []Option

	once     sync.Once
	mu       sync.Mutex // the checker compiles schemas as they are asked for
	checker  *checker
	declared map[string]*operationPlan
}

func (w *watcher) around(op parley.Operation, next parley.Handler) parley.Handler {
	return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
		w.once.Do(w.load)
		plan := w.declared[identity(&op)]
		if plan == nil {
			return next(ctx, m)
		}
		if op.Action == parley.Send && op.Payload != nil && !announces(&op, m) {
			w.fits(plan, "sends", m, []*messagePlan{plan.message})
		}
		answer, err := next(ctx, m)
		switch {
		case len(plan.answers) == 0:
		case err != nil && op.Action == parley.Receive:
			w.fits(plan, "refuses with", op.Refusal(m, err), plan.answers)
		case err == nil && (answer != nil || op.Action == parley.Receive && op.Output == nil):
			w.fits(plan, "answers", answer, plan.answers)
		}
		return answer, err
	}
}

// announces reports whether m is the request of a client stream, as middleware
// sees it: before it is stamped as one.
func announces(op *parley.Operation, m *parley.Message) bool {
	return op.Upload && len(m.Body) == 0 && m.ContentType == ""
}

// identity tells operations of one app apart.
func identity(op *parley.Operation) string {
	return fmt.Sprintf("%s %s %v", op.Action, op.Address, op.Site)
}

func (w *watcher) load() {
	g, err := generate(w.app, w.opts)
	if err == nil {
		w.checker, err = newChecker(g.doc)
	}
	if err != nil {
		w.tb.Errorf("%v", err)
		return
	}
	w.declared = map[string]*operationPlan{}
	for _, op := range g.operations {
		w.declared[identity(op.Operation)] = op
	}
}

// fits reports a message that belongs to none, or to several, of those declared.
func (w *watcher) fits(op *operationPlan, verb string, m *parley.Message, declared []*messagePlan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	var reasons []string
	for _, d := range declared {
		if err := w.match(d, m); err != nil {
			reasons = append(reasons, d.key+": "+oneLine(err))
			continue
		}
		names = append(names, d.key)
	}
	if len(names) != 1 {
		w.tb.Errorf("%s %s what fits %d declared messages %v: %s", op.id, verb, len(names), names, strings.Join(reasons, "; "))
	}
}

// match reports why m is not the message that is declared.
func (w *watcher) match(d *messagePlan, m *parley.Message) error {
	pointer := "/components/messages/" + d.key
	if m == nil {
		m = &parley.Message{}
	}
	if d.headers != nil {
		headers := map[string]any{}
		for name, v := range m.Headers {
			headers[name] = v
		}
		if err := w.checker.check(pointer+"/headers", headers); err != nil {
			return err
		}
	}
	empty := len(m.Body) == 0 && m.ContentType == ""
	if d.foreign != nil || d.goType == nil && !empty && d.payload.isAny() {
		return nil
	}
	if contentType := m.ContentType; !empty && contentType != d.contentType && (contentType != "" || d.contentType != contentBytes) {
		return fmt.Errorf("wanted the content type %s, got %q", d.contentType, contentType)
	}
	switch {
	case empty && d.contentType == contentJSON:
		return w.checker.check(pointer+"/payload", nil)
	case d.contentType == contentText:
		return w.checker.check(pointer+"/payload", string(m.Body))
	case d.contentType == contentJSON:
		return w.checker.check(pointer+"/payload", json.RawMessage(m.Body))
	default:
		return nil
	}
}
