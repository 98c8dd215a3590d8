package binder_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireInOrder looks for fragments in text, each behind the one before it.
func requireInOrder(t *testing.T, text string, fragments []string) {
	t.Helper()
	rest := text
	for _, f := range fragments {
		at := strings.Index(rest, f)
		require.GreaterOrEqual(t, at, 0, "%q is missing or out of order in %q", f, text)
		rest = rest[at+len(f):]
	}
}
