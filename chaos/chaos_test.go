package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/scenario"
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
	_, _, err = options([]string{"-lanes", "0"})
	require.ErrorContains(t, err, "at least one lane, got 0")
	o, _, err = options([]string{"-scenarios", "ci"})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(o.Folder))
	for _, number := range []int{1, 3, 4, 5, 6, 10, 16, 18, 20} {
		require.True(t, slices.ContainsFunc(o.Scenarios, func(s scenario.Scenario) bool { return s.Number == number }), number)
	}
}

// Every choice is the seed's: nothing in the suite asks the common source of
// chance.
func TestNothingIsLeftToChance(t *testing.T) {
	t.Parallel()
	common := regexp.MustCompile(`\brand\.(N|Int|IntN|Int32|Int32N|Int64|Int64N|Uint|UintN|Uint32|Uint32N|Uint64|Uint64N|Float64|Perm|Shuffle|NormFloat64|ExpFloat64)\(`)
	files := 0
	err := filepath.WalkDir("internal", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		files++
		require.NotRegexp(t, common, string(text), path)
		return err
	})
	require.NoError(t, err)
	require.Greater(t, files, 30)
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
	o, _, err := options([]string{"-short", "-scenarios", "1", "-seed", "1"})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(o.Folder))
	o.Out, o.Folder = io.Discard, t.TempDir()
	all, err := suite.Run(t.Context(), o)
	require.NoError(t, err)
	var text bytes.Buffer
	suite.Report(&text, o, suite.Facts{}, all)
	require.Len(t, all, 1)
	require.NoError(t, suite.Verdict(all), text.String())
}
