package asyncapi

import (
	"context"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

type row struct {
	N int `json:"n"`
}

func rows(_ context.Context, n int) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		for i := range n {
			if !yield(&row{i}, nil) {
				return
			}
		}
		if yield(nil, nil) && n > 2 {
			yield(nil, parley.NewError(parley.CodeNotFound, "no more"))
		}
	}
}

// Every frame that comes to a reader is exactly one of the declared replies, on
// both transports, for readers with and without flow control.
func TestFramesFitTheDocument(t *testing.T) {
	t.Parallel()
	for name, tr := range map[string]func(t *testing.T) transport.Transport{
		"memory":   func(*testing.T) transport.Transport { return memory.New() },
		"rabbitmq": func(t *testing.T) transport.Transport { return rabbitmq.New(rabbittest.URL(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			quiet := slog.New(slog.DiscardHandler)
			tr, address := tr(t), "frames."+name
			app := parley.New(tr, parley.Info("frames", "1"), parley.Logger(quiet))
			app.Subscriber(address, rows)
			require.NoError(t, app.Start(ctx))
			defer func() { require.NoError(t, app.Stop(ctx)) }()
			w := &watcher{tb: t, app: app}
			w.load()
			var plan *operationPlan
			for _, p := range w.declared {
				plan = p
			}
			frames := make(chan *parley.Message, 100)
			conn, err := tr.Connect(ctx, transport.Settings{Logger: quiet, OnReply: func(m *parley.Message) { frames <- m }})
			require.NoError(t, err)
			defer func() { require.NoError(t, conn.Close(ctx)) }()
			inbox, err := conn.(transport.Inboxes).Inbox(ctx)
			require.NoError(t, err)

			asks := parley.Headers{parley.HeaderStreamFrame: "request", parley.HeaderStreamCredit: 100}
			for _, c := range []struct {
				body    string
				headers parley.Headers
				frames  []string
			}{
				{"2", asks, []string{"open", "item", "item", "item", "end"}},
				{"3", asks, []string{"open", "item", "item", "item", "item", "error"}},
				{`"x"`, asks, []string{"open", "error"}},
				{"1", nil, []string{"item", "item", "end"}},
			} {
				m := &parley.Message{ID: "m", Body: []byte(c.body), ContentType: contentJSON, Headers: c.headers, ReplyTo: inbox.Address, CorrelationID: "c" + c.body}
				require.Equal(t, c.body != `"x"`, w.match(plan.message, m) == nil)
				stored, err := conn.Publish(ctx, &transport.Publication{Message: m, Key: address, Mandatory: true})
				require.NoError(t, err)
				require.NoError(t, transport.Wait(ctx, stored))
				for i, want := range c.frames {
					select {
					case got := <-frames:
						kind := got.Header(parley.HeaderStreamFrame)
						if got.Header(parley.HeaderError) != "" {
							kind = "error"
						}
						require.Equal(t, want, kind, "frame %d of %s", i, c.body)
						w.fits(plan, "answers", got, plan.answers)
					case <-ctx.Done():
						t.Fatal("no frame ", i, " of ", c.body)
					}
				}
			}
			seen := &teller{}
			w.tb = seen
			w.fits(plan, "answers", &parley.Message{Body: []byte(`{"n":1}`), ContentType: contentJSON}, plan.answers)
			require.Len(t, seen.faults, 1, "a reply that is no frame is none of them")
		})
	}
}
