package parley_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization/protobuf"
	"github.com/parley-go/parley/transport/rabbitmq"
)

type (
	name  string
	blob  []byte
	color string
	base  struct {
		Kind string `json:"kind"`
	}
	page[T any] struct {
		base
		Items []T        `json:"items"`
		Next  *int       `json:"next"`
		At    time.Time  `json:"at"`
		Till  *time.Time `json:"till,omitempty"`
	}
	upper string
)

func (color) Enum() []any { return []any{color("red"), color("green")} }

func (u upper) MarshalText() ([]byte, error) { return []byte("U" + u), nil }

func (u *upper) UnmarshalText(b []byte) error {
	*u = upper(b[1:])
	return nil
}

// echoes sends v to a handler of its own type, which returns it, and checks
// what stood on the wire and what came back.
func echoes[T any](w *world, v T, contentType, body string) {
	w.Helper()
	app := w.app(parley.Codec(protobuf.Codec()))
	seen := make(chan *parley.Message, 1)
	app.Use(parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			seen <- m
			return next(ctx, m)
		}
	}))
	app.Subscriber(w.at("echo"), func(_ context.Context, in T) (T, error) { return in, nil })
	echo := app.Publisher(w.at("echo"))
	w.start(app)

	m, err := echo.Request(w.ctx(), v)
	require.NoError(w, err)
	for _, side := range []*parley.Message{next(w, seen), m} {
		require.Equal(w, contentType, side.ContentType)
		if contentType == "application/json" {
			require.JSONEq(w, body, string(side.Body))
		} else {
			require.Equal(w, body, string(side.Body))
		}
	}
	got, err := parley.Request[T](w.ctx(), echo, v)
	require.NoError(w, err)
	if want, ok := any(v).(proto.Message); ok {
		require.True(w, proto.Equal(want, any(got).(proto.Message)))
		return
	}
	require.Equal(w, v, got)
}

func TestValues(t *testing.T) {
	t.Parallel()
	five, at := 5, time.Date(2024, 1, 2, 3, 4, 5, 600, time.UTC)
	full := page[item]{base{"k"}, []item{{1}, {2}}, &five, at, &at}
	const fullJSON = `{"kind":"k","items":[{"qty":1},{"qty":2}],"next":5,"at":"2024-01-02T03:04:05.0000006Z","till":"2024-01-02T03:04:05.0000006Z"}`
	encoded, err := proto.Marshal(wrapperspb.String("proto"))
	require.NoError(t, err)
	const text, data = "text/plain", "application/json"
	cases := map[string]func(w *world){
		"string":            func(w *world) { echoes(w, "hi", text, "hi") },
		"empty string":      func(w *world) { echoes(w, "", text, "") },
		"non-ASCII":         func(w *world) { echoes(w, "пинг €", text, "пинг €") },
		"named string":      func(w *world) { echoes(w, name("n"), text, "n") },
		"bytes":             func(w *world) { echoes(w, []byte{0, 1, 255}, "", "\x00\x01\xff") },
		"named bytes":       func(w *world) { echoes(w, blob("b"), "", "b") },
		"text marshaler":    func(w *world) { echoes(w, upper("x"), data, `"Ux"`) },
		"raw JSON":          func(w *world) { echoes(w, json.RawMessage(`{"a":[1]}`), data, `{"a":[1]}`) },
		"int":               func(w *world) { echoes(w, 41, data, "41") },
		"float":             func(w *world) { echoes(w, 1.5, data, "1.5") },
		"bool":              func(w *world) { echoes(w, true, data, "true") },
		"map":               func(w *world) { echoes(w, map[string]int{"a": 1}, data, `{"a":1}`) },
		"slice":             func(w *world) { echoes(w, []string{"a", "b"}, data, `["a","b"]`) },
		"nil slice":         func(w *world) { requestsAs(w, []string(nil), []string{}) },
		"nil map":           func(w *world) { requestsAs(w, map[string]int(nil), map[string]int{}) },
		"struct":            func(w *world) { echoes(w, item{3}, data, `{"qty":3}`) },
		"pointer":           func(w *world) { echoes(w, &item{3}, data, `{"qty":3}`) },
		"time":              func(w *world) { echoes(w, at, data, `"2024-01-02T03:04:05.0000006Z"`) },
		"embedded, generic": func(w *world) { echoes(w, full, data, fullJSON) },
		"any":               func(w *world) { echoes[any](w, "s", text, "s") },
		"enum":              func(w *world) { echoes(w, color("red"), text, "red") },
		"protobuf":          func(w *world) { echoes(w, wrapperspb.String("proto"), "application/x-protobuf", string(encoded)) },
		"nil pointer":       func(w *world) { echoes(w, (*item)(nil), "", "") },
		"nil bytes":         func(w *world) { echoes(w, []byte(nil), "", "") },
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, c)
		})
	}
}

// requestsAs checks a value that comes back as another one.
func requestsAs[T any](w *world, sent, want T) {
	w.Helper()
	app := w.app()
	app.Subscriber(w.at("echo"), func(v T) T { return v })
	echo := app.Publisher(w.at("echo"))
	w.start(app)
	got, err := parley.Request[T](w.ctx(), echo, sent)
	require.NoError(w, err)
	require.Equal(w, want, got)
}

func TestEnumRefusesOtherValues(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("paint"), func(struct {
			Color []color `json:"color"`
		}) {
		})
		paint := app.Publisher(w.at("paint"))
		w.start(app)
		_, err := paint.Request(w.ctx(), json.RawMessage(`{"color":["red","blue"]}`))
		require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(err))
		require.ErrorContains(w, err, "color[1]")
		require.ErrorIs(w, paint.Publish(w.ctx(), color("blue")), parley.ErrNotSent, "nor is one sent")
	})
}

func TestReadingAnEmptyAnswer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("void"), func(string) {})
		void := app.Publisher(w.at("void"))
		w.start(app)
		pointer, err := parley.Request[*item](w.ctx(), void, "x")
		require.NoError(w, err)
		require.Nil(w, pointer)
		slice, err := parley.Request[[]int](w.ctx(), void, "x")
		require.NoError(w, err)
		require.Nil(w, slice)
		anything, err := parley.Request[any](w.ctx(), void, "x")
		require.NoError(w, err)
		require.Nil(w, anything)
		_, err = parley.Request[item](w.ctx(), void, "x")
		require.ErrorIs(w, err, parley.ErrNoValue, "never a zero struct")
		_, err = parley.Request[string](w.ctx(), void, "x")
		require.ErrorIs(w, err, parley.ErrNoValue)
	})
}

// Messages of the client library pass through as they are; parley fills what a
// request or a reply needs.
func TestNativeMessages(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Natives(rabbitmq.NativeMessages()))
		seen := make(chan *parley.Message, 1)
		app.Subscriber(w.at("native"), func(m *parley.Message) amqp.Publishing {
			seen <- m
			return amqp.Publishing{Body: []byte("back"), ContentType: "application/x-own", Headers: amqp.Table{"mine": int32(7)}}
		})
		native := app.Publisher(w.at("native"))
		w.start(app)
		m, err := native.Request(w.ctx(), &amqp.Publishing{Body: []byte("there"), Type: "t", MessageId: "m1", Priority: 3})
		require.NoError(w, err)
		in := next(w, seen)
		require.Equal(w, "there", string(in.Body))
		require.Equal(w, "t", in.Type)
		require.Equal(w, "m1", in.ID)
		require.EqualValues(w, 3, in.Priority)
		require.NotEmpty(w, in.ReplyTo)
		require.Equal(w, "back", string(m.Body))
		require.Equal(w, "application/x-own", m.ContentType)
		require.EqualValues(w, 7, m.Headers["mine"])
	})
}

func TestResponseSetsProperties(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(string) (parley.Response[item], error) {
			return parley.Response[item]{Value: item{4}, Properties: parley.Message{
				ID: "own", Type: "receipt", Priority: 2, Expiration: 7 * time.Second,
				Headers: parley.Headers{"x-tenant": "acme", "parley-error": "not_found", "CC": []any{"victim"}},
			}}, nil
		})
		work := app.Publisher(w.at("work"))
		w.start(app)
		m, err := work.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.JSONEq(w, `{"qty":4}`, string(m.Body))
		require.Equal(w, "own", m.ID)
		require.Equal(w, "receipt", m.Type)
		require.EqualValues(w, 2, m.Priority)
		require.Equal(w, 7*time.Second, m.Expiration, "less than the caller's time limit")
		require.Equal(w, parley.Headers{"x-tenant": "acme"}, m.Headers)
	})
}
