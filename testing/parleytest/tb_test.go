package parleytest_test

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedTB is a test whose failure is wanted.
type recordedTB struct {
	errors   []string
	logs     []string
	cleanups []func()
}

func (r *recordedTB) Helper() {}
func (r *recordedTB) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

func (r *recordedTB) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recordedTB) FailNow()         { runtime.Goexit() }
func (r *recordedTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// run runs f as a test and returns how it failed, "" when it passed.
func (r *recordedTB) run(f func()) string {
	inOrder := func(f func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
	inOrder(f)
	for _, c := range slices.Backward(r.cleanups) {
		inOrder(c)
	}
	return strings.Join(r.errors, "\n")
}

// failure runs f as a test that must fail, and returns the text of testify's
// field Error with what differs from run to run left out.
func failure(t *testing.T, f func(tb *recordedTB)) string {
	t.Helper()
	tb := &recordedTB{}
	text := tb.run(func() { f(tb) })
	require.NotEmpty(t, text, "the test should fail")
	_, text, _ = strings.Cut(text, "Error:")
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.TrimRight(strings.TrimPrefix(strings.TrimSpace(line), "\t"), " \t"))
	}
	text = strings.TrimSpace(strings.Join(lines, "\n"))
	text = regexp.MustCompile(`message "[^"]*"`).ReplaceAllString(text, "message ID")
	return regexp.MustCompile(`t=[0-9]+|0x[0-9a-f]+`).ReplaceAllString(text, "N")
}
