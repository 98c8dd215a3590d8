package interop_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// model is a body with an optional field.
type model struct {
	Name     string  `json:"name" validate:"required"`
	Quantity int     `json:"quantity"`
	Note     *string `json:"note"`
}

// id is a UUID that writes itself as text.
type id [16]byte

func (i id) MarshalText() ([]byte, error) {
	h := hex.EncodeToString(i[:])
	return []byte(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
}

func (i *id) UnmarshalText(text []byte) error {
	_, err := hex.Decode(i[:], []byte(strings.ReplaceAll(string(text), "-", "")))
	return err
}

// decimal is a named string that is JSON on the wire, because it says how it
// is written as text.
type decimal string

func (d decimal) MarshalText() ([]byte, error) { return []byte(d), nil }

func (d *decimal) UnmarshalText(text []byte) error {
	*d = decimal(text)
	return nil
}

func echo[T any](v T) T { return v }

// newApp returns an app whose name is on the wire as app_id.
func newApp(t transport.Transport, opts ...parley.Option) *parley.App {
	quiet := parley.Logger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	return parley.New(t, append([]parley.Option{parley.Info("interop", "1.0.0"), quiet}, opts...)...)
}

// run starts app and stops it when the test ends.
func run(t *testing.T, app *parley.App) {
	t.Helper()
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, app.Stop(ctx))
	})
}

// echoes registers a handler for every kind of value.
func echoes(app *parley.App, prefix string) {
	app.Subscriber(prefix+".string", echo[string])
	app.Subscriber(prefix+".empty", echo[string])
	app.Subscriber(prefix+".unicode", echo[string])
	app.Subscriber(prefix+".object", echo[map[string]any])
	app.Subscriber(prefix+".list", echo[[]any])
	app.Subscriber(prefix+".model", echo[model])
	app.Subscriber(prefix+".int", echo[int])
	app.Subscriber(prefix+".float", echo[float64])
	app.Subscriber(prefix+".bool", echo[bool])
	app.Subscriber(prefix+".bytes", echo[[]byte])
	app.Subscriber(prefix+".nil", echo[*model])
	app.Subscriber(prefix+".time", echo[time.Time])
	app.Subscriber(prefix+".uuid", echo[id])
	app.Subscriber(prefix+".decimal", echo[decimal])
}

// gather is a handler that returns when size calls of it run at once.
func gather(size int) func(context.Context, string) (string, error) {
	var mu sync.Mutex
	inside, open := 0, make(chan struct{})
	enter := func() <-chan struct{} {
		mu.Lock()
		defer mu.Unlock()
		gate := open
		if inside++; inside == size {
			close(open)
			inside, open = 0, make(chan struct{})
		}
		return gate
	}
	return func(ctx context.Context, v string) (string, error) {
		select {
		case <-enter():
			return v, nil
		case <-ctx.Done():
			return "", errors.New("too few calls at once")
		}
	}
}
