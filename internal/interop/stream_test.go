package interop_test

import (
	"context"
	"iter"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// streamed is what a reader prints.
type streamed struct {
	Kinds   []string `json:"kinds"`
	Numbers []int    `json:"numbers"`
	Bodies  []int    `json:"bodies"`
	Last    struct {
		Kind string `json:"kind"`
		Seq  int    `json:"seq"`
		Body string `json:"body"`
	} `json:"last"`
}

// readStream lets a peer read a stream of n numbers.
func readStream(t *testing.T, l library, url, queue string, n, credit, leave int) streamed {
	t.Helper()
	p := start(t, url, l.command(t, "stream", "--queue", queue, "--body", strconv.Itoa(n),
		"--credit", strconv.Itoa(credit), "--leave", strconv.Itoa(leave)))
	var got streamed
	require.True(t, p.read(&got), "the reader ended early")
	return got
}

func requireUpTo(t *testing.T, n int, got streamed) {
	t.Helper()
	require.Len(t, got.Numbers, n)
	for i := range n {
		require.Equal(t, i+1, got.Numbers[i], "in order")
		require.Equal(t, i+1, got.Bodies[i])
	}
}

func TestForeignReadersOfStreams(t *testing.T) {
	t.Parallel()
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.need(t)
			url, queue := rabbittest.URL(t), "stream."+l.name
			app := newApp(rabbitmq.New(url))
			causes := make(chan error, 10)
			app.Subscriber(queue, func(ctx context.Context, n int) iter.Seq2[int, error] {
				return func(yield func(int, error) bool) {
					for i := 1; i <= n; i++ {
						if !yield(i, nil) {
							causes <- context.Cause(ctx)
							return
						}
					}
					if n == 3 {
						yield(0, parley.NewError(parley.CodeAborted, "enough"))
					}
				}
			})
			run(t, app)

			got := readStream(t, l, url, queue, 3000, 50, 0)
			requireUpTo(t, 3000, got)
			require.Equal(t, []string{"open", "item", "end"}, got.Kinds)
			require.Equal(t, 3001, got.Last.Seq)

			got = readStream(t, l, url, queue, 3000, 0, 0)
			requireUpTo(t, 3000, got)
			require.Equal(t, []string{"item", "end"}, got.Kinds)

			for _, credit := range []int{0, 50} {
				got = readStream(t, l, url, queue, 3, credit, 0)
				requireUpTo(t, 3, got)
				require.Equal(t, "error", got.Last.Kind)
				require.JSONEq(t, `{"code":"aborted","message":"enough"}`, got.Last.Body)
			}

			got = readStream(t, l, url, queue, 1_000_000_000, 50, 120)
			requireUpTo(t, 120, got)
			require.Equal(t, parley.CodeCanceled, parley.CodeOf(<-causes))
		})
	}
}
