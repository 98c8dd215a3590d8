package main

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/suite"
	"github.com/parley-go/parley/internal/rabbitnode"
)

// TestMain lets the test binary be the lanes and the victims too.
func TestMain(m *testing.M) {
	if program := hidden(os.Args[1:]); program != nil {
		exit(program())
		return
	}
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o, _, err := options([]string{"-scenarios", "1", "-seed", "7", "-short"})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(o.Folder))
	require.Len(t, o.Scenarios, 1)
	require.EqualValues(t, 7, o.Seed)
	_, _, err = options([]string{"-scenarios", "1,x"})
	require.ErrorContains(t, err, `"x"`)
}

// The quick form of the first scenario: P1 holds, and the oracle sees it break
// where a protection is left out.
func TestBrokerKilled(t *testing.T) {
	if err := rabbitnode.Available(); err != nil {
		t.Skip(err)
	}
	if os.Getenv("PARLEY_TEST_BROKER") == "off" {
		t.Skip("needs a broker")
	}
	if testing.Short() {
		t.Skip("takes a minute")
	}
	chosen, err := choose("1")
	require.NoError(t, err)
	o := suite.Options{Scenarios: chosen, Short: true, Seed: 1, Out: io.Discard, Folder: t.TempDir()}
	all, err := suite.Run(t.Context(), o)
	require.NoError(t, err)
	var text bytes.Buffer
	suite.Report(&text, o, suite.Facts{}, all)
	require.Len(t, all, 1)
	require.True(t, all[0].Passed(), text.String())
}
