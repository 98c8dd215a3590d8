package manual_test

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// Summary is what an import comes to.
type Summary struct {
	Rows int `json:"rows"`
	Sum  int `json:"sum"`
}

// Tally adds up the rows as they come.
func Tally(ctx context.Context, rows iter.Seq2[Row, error]) (Summary, error) {
	var s Summary
	for row, err := range rows {
		if err != nil {
			return s, err // what came before is good, and not all of it
		}
		s.Rows, s.Sum = s.Rows+1, s.Sum+row.N
	}
	return s, ctx.Err()
}

// Double answers each row while the next one is on its way.
func Double(rows iter.Seq[Row]) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for row := range rows {
			if !yield(Row{2 * row.N}) {
				return
			}
		}
	}
}

func TestUploads(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	app, _ := newApp()
	app.Subscriber("imports", Tally)
	app.Subscriber("doubles", Double)
	imports, doubles := app.Publisher("imports"), app.Publisher("doubles")
	start(t, app)
	rows := []Row{{1}, {2}, {3}}

	summary, err := parley.Request[Summary](ctx, imports, slices.Values(rows))
	require.NoError(t, err)
	require.Equal(t, Summary{3, 6}, summary)

	sum := 0
	err = func() error {
		for row, err := range parley.Stream[Row](ctx, doubles, slices.Values(rows)) {
			if err != nil {
				return err
			}
			sum += row.N
		}
		return nil
	}()
	require.NoError(t, err)
	require.Equal(t, 12, sum)
}
