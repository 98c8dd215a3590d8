package interop_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// value is a Go value that parley sends and wants back.
type value struct {
	kind        string
	contentType string
	ask         func(ctx context.Context, t *testing.T, p *parley.Publisher)
}

var values = []value{
	asked("string", plain, "hi"),
	asked("empty", plain, ""),
	asked("unicode", plain, "žluťoučký kůň 🐎"),
	asked("object", jsonish, map[string]any{"a": 1.0, "s": "п", "n": nil}),
	asked("list", jsonish, []any{1.0, "two", 3.5, nil}),
	asked("model", jsonish, model{Name: "nail", Quantity: 3, Note: new("blue")}),
	asked("model", jsonish, model{Name: "nail", Quantity: 3}),
	asked("int", jsonish, 41),
	asked("float", jsonish, 1.5),
	asked("bool", jsonish, true),
	asked("bytes", untyped, []byte("\x00\xff\x80parley")),
	asked[*model]("nil", untyped, nil),
	asked("time", jsonish, time.Date(2024, 1, 2, 3, 4, 5, 678e6, time.UTC)),
	asked("uuid", jsonish, id{0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28, 0x95, 0x0e}),
	asked("decimal", jsonish, decimal("1.10")),
}

func asked[T any](kind, contentType string, v T) value {
	return value{kind, contentType, func(ctx context.Context, t *testing.T, p *parley.Publisher) {
		t.Helper()
		got, err := parley.Request[T](ctx, p, v)
		require.NoError(t, err, kind)
		requireSame(t, v, got)
	}}
}

// requireSame compares instants as such: their offset is the server's choice.
func requireSame(t *testing.T, want, got any) {
	t.Helper()
	if at, ok := want.(time.Time); ok {
		require.WithinDuration(t, at, got.(time.Time), 0)
		return
	}
	require.Equal(t, want, got)
}
