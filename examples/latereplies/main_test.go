package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
)

// TestMain is the client too: a process of this very binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-role" {
		main()
		return
	}
	rabbittest.Main(m)
}

func TestAllRepliesAreFound(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, settings{url: rabbittest.URL(t), name: "all", replies: 5000}))
	require.Equal(t, "client:  killed (signal: killed), 5000 replies are due\n"+
		"service: answered 5000 orders of a client that is dead\n"+
		"client:  back again, found 5000 of 5000 replies by their tokens, 0 twice\n", out.String())
}

// The example would notice if one were missing.
func TestMissingReplyIsNoticed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.Error(t, run(t.Context(), &out, settings{url: rabbittest.URL(t), name: "missing", replies: 100, lost: 1}))
	require.Contains(t, out.String(), "found 99 of 100 replies by their tokens")
}

func TestWithoutABroker(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), nil, settings{}), "PARLEY_URL")
}
