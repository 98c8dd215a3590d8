package parleytest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// failf ends the test.
func (ts *Service) failf(format string, args ...any) {
	ts.t.Helper()
	ts.reportf(format, args...)
	ts.t.FailNow()
}

// reportf fails the test and lets it go on. The form is testify's, with a trace
// that begins where the test calls parleytest.
func (ts *Service) reportf(format string, args ...any) {
	ts.t.Helper()
	fields := [][2]string{
		{"Error Trace:", strings.Join(trace(), "\n")},
		{"Error:", sprintf("parleytest: "+format, args...)},
	}
	if named, ok := ts.t.(interface{ Name() string }); ok {
		fields = append(fields, [2]string{"Test:", named.Name()})
	}
	var b strings.Builder
	for _, f := range fields {
		text := strings.ReplaceAll(f[1], "\n", "\n\t            \t")
		fmt.Fprintf(&b, "\n\t%-12s\t%s", f[0], text)
	}
	ts.t.Errorf("%s", b.String()+"\n")
}

// ours begins the names of this package's functions; those of its tests are in
// another one.
const ours = "github.com/parley-go/parley/testing/parleytest."

// trace returns the places of the calls between the test and parleytest.
func trace() []string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	var places []string
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "testing.tRunner" || strings.HasPrefix(f.Function, "testing/synctest."):
			return places
		case f.Function != "" && !strings.HasPrefix(f.Function, ours) && !strings.HasPrefix(f.Function, "runtime.") && !strings.HasPrefix(f.Function, "testing."):
			places = append(places, fmt.Sprintf("%s:%d", filepath.ToSlash(f.File), f.Line))
		}
		if !more {
			return places
		}
	}
}

func sprintf(format string, args ...any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// count says how many, in words that fit.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
