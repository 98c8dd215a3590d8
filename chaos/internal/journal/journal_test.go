package journal_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/journal"
)

func TestLedgerMergesFilesAsTheyGrow(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	one, err := journal.Create(journal.Path(folder, "one"))
	require.NoError(t, err)
	defer one.Close()
	l := journal.NewLedger(folder)
	one.Note(journal.Attempted, 7)
	require.NoError(t, l.Read())
	require.Equal(t, journal.Outcome{Attempted: 1}, l.Of(7))

	two, err := journal.Create(journal.Path(folder, "two"))
	require.NoError(t, err)
	defer two.Close()
	one.Note(journal.OK, 7)
	require.NoError(t, l.Read())
	require.Equal(t, 1, l.Missing())
	two.Note(journal.Handled, 7)
	two.Note(journal.Handled, 7)
	require.NoError(t, l.Read())
	require.Zero(t, l.Missing())
	require.Equal(t, journal.Outcome{Attempted: 1, OK: 1, Handled: 2, Place: 1}, l.Of(7))
	require.Equal(t, 2, l.Count(journal.Handled))
	require.Equal(t, []uint64{7}, l.IDs())
}

func TestNotesAfterTheEndDoNotCount(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w, err := journal.Create(journal.Path(folder, "one"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	w.Note(journal.Handled, 7)
	l := journal.NewLedger(folder)
	require.NoError(t, l.Read())
	require.Empty(t, l.IDs())
}

func TestLedgerWaitsForTheRestOfALine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	l := journal.NewLedger(folder)
	require.NoError(t, os.WriteFile(journal.Path(folder, "cut"), []byte("h 1\nh 2"), 0o600))
	require.NoError(t, l.Read())
	require.Equal(t, []uint64{1}, l.IDs())
	require.NoError(t, os.WriteFile(journal.Path(folder, "cut"), []byte("h 1\nh 23\n"), 0o600))
	require.NoError(t, l.Read())
	require.Equal(t, []uint64{1, 23}, l.IDs())
}

func FuzzLedger(f *testing.F) {
	f.Add([]byte("h 1\no 2\n"))
	f.Add([]byte("x 1\n"))
	f.Add([]byte("h -1\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(journal.Path(folder, "f"), content, 0o600))
		l := journal.NewLedger(folder)
		if l.Read() == nil {
			require.NoError(t, l.Read())
		}
	})
}
