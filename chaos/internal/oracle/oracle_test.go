package oracle_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
)

func judge(t *testing.T, e oracle.Expect, notes string) oracle.Verdict {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(journal.Path(folder, "all"), []byte(notes), 0o600))
	l := journal.NewLedger(folder)
	require.NoError(t, l.Read())
	return oracle.Judge(l, e)
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notes string
		e     oracle.Expect
		want  string
	}{
		"all well":            {notes: "a 1\no 1\nh 1\n"},
		"lost":                {notes: "a 1\no 1\n", want: "lost"},
		"unknown may be lost": {notes: "a 1\nu 1\n"},
		"unknown may be run":  {notes: "a 1\nu 1\nh 1\n"},
		"stored at last":      {notes: "a 1\nu 1\no 1\n", want: "lost"},
		"never attempted":     {notes: "h 1\n", want: "never attempted"},
		"hanging":             {notes: "a 1\nh 1\n", want: "hanging"},
		"failed yet handled":  {notes: "a 1\nf 1\nh 1\n", e: oracle.Expect{Definite: true}, want: "yet handled"},
		"failed":              {notes: "a 1\nf 1\n", want: "no definite failures"},
		"failed as expected":  {notes: "a 1\nf 1\n", e: oracle.Expect{Definite: true}},
		"duplicates":          {notes: "a 1\no 1\nh 1\nh 1\nh 1\n", e: oracle.Expect{Duplicates: 1}, want: "at most 1 duplicates, got 2 (3×: 1)"},
		"some duplicates":     {notes: "a 1\no 1\nh 1\nh 1\n", e: oracle.Expect{Duplicates: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := judge(t, c.e, c.notes)
			if c.want == "" {
				require.Empty(t, v.Findings)
				return
			}
			require.Len(t, v.Findings, 1)
			require.Contains(t, v.Findings[0], c.want)
		})
	}
}
