package parleytest

import (
	"bytes"
	"context"
	"errors"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/parley-go/parley/transport"
)

// maxHistories bounds the histories of one report.
const maxHistories = 3

// leavePatience is how long goroutines may take to end after the app has.
const leavePatience = 5 * time.Second

// stop ends the world, the tested apps first, and reports what they leave.
func (ts *Service) stop() {
	ts.t.Helper()
	ts.broker.Unblock()
	ts.broker.Slow(0)
	ctx, cancel := ts.bounded()
	defer cancel()
	for _, tested := range []bool{true, false} {
		for _, p := range slices.Backward(ts.running()) {
			if p.tested != tested {
				continue
			}
			if err := p.app.Stop(ctx); err != nil {
				ts.reportf("stop %s: %v", p.name, err)
			}
		}
	}
	ts.reportUnsettled()
	ts.reportGoroutines()
	// What follows is no fault of the app.
	tidying, done := ts.bounded()
	defer done()
	if err := ts.leave(tidying); err != nil {
		ts.t.Logf("parleytest: tidy up: %v", err)
	}
}

// leave deletes what the test declared and closes its connection.
func (ts *Service) leave(ctx context.Context) error {
	var faults []error
	if ts.raw != nil {
		if ts.names != nil {
			faults = append(faults, ts.tidy(ctx))
		}
		faults = append(faults, ts.raw.Close(ctx))
	}
	if ts.proxy != nil {
		faults = append(faults, ts.proxy.Close())
	}
	return errors.Join(faults...)
}

func (ts *Service) tidy(ctx context.Context) error {
	below := ts.raw.(*conn).Conn.(*namedConn).Conn
	r, ok := below.(transport.Remover)
	if !ok {
		return errors.New("the transport cannot delete queues; hint: delete those whose names begin with " + ts.names.prefix)
	}
	return ts.names.tidy(ctx, r)
}

// reportUnsettled tells of handlers that did not return and of messages about
// which nothing was decided.
func (ts *Service) reportUnsettled() {
	ts.t.Helper()
	left := ts.log.unfinished()
	if len(left) == 0 {
		return
	}
	var histories []string
	for _, s := range left[:min(len(left), maxHistories)] {
		histories = append(histories, s.history())
	}
	ts.reportf("%s left unsettled when the app had stopped%s", count(len(left), "message"), strings.Join(histories, ""))
}

// reportGoroutines tells of goroutines that the app started and left.
func (ts *Service) reportGoroutines() {
	ts.t.Helper()
	var left []string
	end := time.Now().Add(min(ts.patience, leavePatience))
	for pause := time.Millisecond; ; pause *= 2 {
		if left = ts.goroutines(); len(left) == 0 {
			return
		}
		if !time.Now().Before(end) {
			break
		}
		time.Sleep(pause)
	}
	ts.reportf("%s left running when the app had stopped; hint: end them before the handler returns or in parley.OnStop, or name them with parleytest.IgnoreGoroutines\n%s",
		count(len(left), "goroutine"), strings.Join(left, "\n"))
}

// goroutines returns the stacks of goroutines with the label of the test.
func (ts *Service) goroutines() []string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return nil
	}
	var left []string
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if !strings.Contains(stack, ts.label) || ts.tolerates(stack) {
			continue
		}
		left = append(left, readable(stack))
	}
	return left
}

func (ts *Service) tolerates(stack string) bool {
	return slices.ContainsFunc(ts.ignored, func(f string) bool { return strings.Contains(stack, f) })
}

// readable leaves the functions and their places of a stack in a profile.
func readable(stack string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(stack, "\n") {
		if fields := strings.Fields(line); len(fields) >= 4 && fields[0] == "#" {
			b.WriteString("\n    " + strings.Split(fields[2], "+")[0] + " " + fields[3])
		}
	}
	return b.String()
}
