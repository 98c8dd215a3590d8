package interop_test

import (
	"errors"
	"iter"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// piece is an item that a sender sends.
type piece struct {
	N   int    `json:"n"   validate:"required"`
	Pad string `json:"pad"`
}

// uploaded is what a sender prints: that it waits for credit, once, and how it
// ended.
type uploaded struct {
	Waiting int      `json:"waiting"`
	Kinds   []string `json:"kinds"`
	Sent    int      `json:"sent"`
	Waits   int      `json:"waits"`
	Last    struct {
		Kind string `json:"kind"`
		Seq  int    `json:"seq"`
		Body string `json:"body"`
	} `json:"last"`
}

type sender struct{ *process }

// startSender lets a peer send a stream of so many items to a queue.
func startSender(t *testing.T, l library, url, queue string, items int, flags ...string) sender {
	t.Helper()
	flags = append([]string{"--queue", queue, "--items", strconv.Itoa(items)}, flags...)
	return sender{start(t, url, l.command(t, "upload", flags...))}
}

func (s sender) next() uploaded {
	s.tb.Helper()
	var got uploaded
	require.True(s.tb, s.read(&got), "the sender ended early")
	return got
}

// ended skips the line that says that it waits. Signs of life come or not.
func (s sender) ended() uploaded {
	s.tb.Helper()
	got := s.next()
	if got.Kinds == nil {
		got = s.next()
	}
	got.Kinds = slices.DeleteFunc(got.Kinds, func(kind string) bool { return kind == "beat" })
	return got
}

// imports reads pieces, in order, once gate has something for it. What breaks
// them off is told to broken.
type imports struct {
	gate   chan struct{}
	broken chan error
}

func (i *imports) count(pieces iter.Seq2[piece, error]) (int, error) {
	<-i.gate
	n := 0
	for p, err := range pieces {
		switch {
		case err != nil:
			i.broken <- err
			return n, err
		case p.N != n+1:
			return n, parley.NewError(parley.CodeDataLoss, "out of order")
		}
		n++
	}
	return n, nil
}

// few returns before its caller is through.
func few(pieces iter.Seq[piece]) (int, error) {
	for p := range pieces {
		if p.N == 40 {
			return p.N, nil
		}
	}
	return 0, nil
}

func refuse(pieces iter.Seq[piece]) error {
	for range pieces {
		return parley.NewError(parley.CodeAborted, "enough")
	}
	return nil
}

func TestForeignSendersOfStreams(t *testing.T) {
	t.Parallel()
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.need(t)
			url, prefix := rabbittest.URL(t), "upload."+l.name
			app := newApp(rabbitmq.New(url))
			i := &imports{gate: make(chan struct{}, 1), broken: make(chan error, 1)}
			app.Subscriber(prefix+".count", i.count)
			app.Subscriber(prefix+".few", few)
			app.Subscriber(prefix+".refuse", refuse)
			app.Subscriber(prefix+".one", echo[string])
			run(t, app)

			// Nobody reads yet: it stands at the first grant, of items and of bytes.
			for size, granted := range map[int]int{0: 32, 10_000: 7} {
				s := startSender(t, l, url, prefix+".count", 1000, "--size", strconv.Itoa(size))
				require.Equal(t, granted, s.next().Waiting, "items of %d bytes", size)
				i.gate <- struct{}{}
				got := s.ended()
				require.Equal(t, "1000", got.Last.Body)
				require.Equal(t, 1, got.Last.Seq)
				require.Equal(t, []string{"open", "credit", "end"}, got.Kinds)
				require.Equal(t, 1000, got.Sent)
				require.Greater(t, got.Waits, 1, "it was slowed down more than once")
			}

			i.gate <- struct{}{}
			got := startSender(t, l, url, prefix+".count", 0).ended()
			require.Equal(t, "0", got.Last.Body)

			i.gate <- struct{}{}
			got = startSender(t, l, url, prefix+".count", 5, "--fail", "the file is torn").ended()
			require.Equal(t, "failed", got.Last.Kind)
			err := <-i.broken
			remote, ok := errors.AsType[*parley.RemoteError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, parley.CodeAborted, remote.Code)
			require.Equal(t, "the file is torn", remote.Message)

			got = startSender(t, l, url, prefix+".few", 1_000_000).ended()
			require.Equal(t, "end", got.Last.Kind)
			require.Equal(t, "40", got.Last.Body)
			require.Less(t, got.Sent, 1000)

			got = startSender(t, l, url, prefix+".refuse", 1_000_000).ended()
			require.Equal(t, "error", got.Last.Kind)
			require.JSONEq(t, `{"code":"aborted","message":"enough"}`, got.Last.Body)

			got = startSender(t, l, url, prefix+".one", 5).ended()
			require.Equal(t, []string{"reply"}, got.Kinds)
			require.Contains(t, got.Last.Body, `"unimplemented"`)
			require.Zero(t, got.Sent)
		})
	}
}
