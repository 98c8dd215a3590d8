package parley_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/gzip"
	"github.com/parley-go/parley/serialization/zstd"
	"github.com/parley-go/parley/transport/memory"
)

var encodings = []serialization.Encoding{gzip.Encoding(), zstd.Encoding()}

// long is a text that is worth packing.
var long = strings.Repeat("parley ", 1000)

func packed(w *world, e serialization.Encoding, text string) []byte {
	w.Helper()
	body, err := e.Encode([]byte(text))
	require.NoError(w, err)
	return body
}

func TestCompressedBodiesReachHandlers(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Decompress(encodings...))
		app.Subscriber(w.at("echo"), func(s string) string { return s })
		got := make(chan string, 1)
		app.Subscriber(w.at("forwarded"), func(s string) { got <- s })
		app.Subscriber(w.at("forward"), func(s string) string { return s },
			parley.PublishTo(w.at("forwarded"), parley.Compress(encodings[0])))
		raw := make(chan *parley.Message, 1)
		app.Subscriber(w.at("raw"), func(m *parley.Message) *parley.Message { raw <- m; return nil }, parley.Decompress())
		echo, wire, forward := app.Publisher(w.at("echo")), app.Publisher(w.at("raw")), app.Publisher(w.at("forward"))
		w.start(app)
		for _, e := range encodings {
			text, err := parley.Request[string](w.ctx(), echo, long, parley.Compress(e))
			require.NoError(w, err)
			require.Equal(w, long, text)

			require.NoError(w, wire.Publish(w.ctx(), long, parley.Compress(e)))
			m := next(w, raw)
			require.Equal(w, e.Name(), m.ContentEncoding)
			require.Equal(w, "text/plain", m.ContentType)
			require.Less(w, len(m.Body), len(long)/10)
		}
		require.NoError(w, forward.Publish(w.ctx(), long))
		require.Equal(w, long, next(w, got))
	})
}

func TestWhatIsNotCompressed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Compress(encodings[0]))
		raw := make(chan *parley.Message, 1)
		app.Subscriber(w.at("raw"), func(m *parley.Message) string { raw <- m; return long })
		wire := app.Publisher(w.at("raw"))
		w.start(app)
		noise := make([]byte, parley.CompressFrom)
		for i := range noise {
			noise[i] = byte(i*i>>3 ^ i*131)
		}
		for name, v := range map[string]any{
			"small":   strings.Repeat("x", parley.CompressFrom-1),
			"encoded": &parley.Message{Body: []byte(long), ContentEncoding: "x-own"},
			"no gain": packed(w, encodings[1], long+string(noise)+string(noise)),
		} {
			require.NoError(w, wire.Publish(w.ctx(), v))
			require.NotEqual(w, "gzip", next(w, raw).ContentEncoding, name)
		}
		require.NoError(w, wire.Publish(w.ctx(), long, parley.Compress(nil)))
		require.Empty(w, next(w, raw).ContentEncoding, "the nearest option wins")
		require.NoError(w, wire.Publish(w.ctx(), strings.Repeat("x", parley.CompressFrom)))
		require.Equal(w, "gzip", next(w, raw).ContentEncoding)
		reply, err := wire.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.Empty(w, reply.ContentEncoding, "a caller did not say that it can read it")
	})
}

func TestContentEncodingIsIgnoredByDefault(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan string, 1)
		app.Subscriber(w.at("work"), func(s string) { got <- s })
		work := app.Publisher(w.at("work"))
		w.start(app)
		require.NoError(w, work.Publish(w.ctx(), &parley.Message{Body: []byte("x"), ContentType: "text/plain", ContentEncoding: "gzip"}))
		require.Equal(w, "x", next(w, got))
	})
}

// Character sets are no compression, whoever writes them there.
func TestCharacterSetsAreNoEncoding(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Decompress(encodings...))
		got := make(chan string, 1)
		app.Subscriber(w.at("work"), func(s string) { got <- s })
		work := app.Publisher(w.at("work"))
		w.start(app)
		gzipped := string(packed(w, encodings[0], "x"))
		for encoding, body := range map[string]string{
			"utf-8": "x", "UTF-8": "x", "binary": "x", "identity": "x",
			"gzip": gzipped, "GZIP": gzipped, "x-gzip": gzipped, "gzip, UTF-8": gzipped,
		} {
			require.NoError(w, work.Publish(w.ctx(), &parley.Message{Body: []byte(body), ContentType: "text/plain", ContentEncoding: encoding}))
			require.Equal(w, "x", next(w, got), encoding)
		}
	})
}

// What cannot be unpacked is refused like any other bad input: no handler, the
// caller is told or the message moved as it came, the consumer lives.
func TestBadCompression(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.MaxBody(64<<10), parley.Decompress(encodings...))
		ran := make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string) string { ran <- s; return s })
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		bad := map[string]struct{ body, encoding, want string }{
			"unknown":    {"x", "br", `wanted a known content encoding, got "br"`},
			"two levels": {"x", "gzip, zstd", "wanted one content encoding"},
			"twice":      {"x", "gzip,gzip", "wanted one content encoding"},
			"hostile":    {"x", strings.Repeat("\n", 200) + "x", "wanted a known content encoding"},
		}
		for _, e := range encodings {
			whole := string(packed(w, e, long))
			bad["bomb "+e.Name()] = struct{ body, encoding, want string }{string(packed(w, e, strings.Repeat("x", 10<<20))), e.Name(), "over the limit of 65536 bytes"}
			bad["truncated "+e.Name()] = struct{ body, encoding, want string }{whole[:len(whole)-5], e.Name(), "truncated or malformed " + e.Name()}
			bad["garbage "+e.Name()] = struct{ body, encoding, want string }{"garbage", e.Name(), "truncated or malformed " + e.Name()}
		}
		for name, c := range bad {
			m := &parley.Message{Body: []byte(c.body), ContentType: "text/plain", ContentEncoding: c.encoding}
			_, err := work.Request(w.ctx(), m)
			remote, ok := errors.AsType[*parley.RemoteError](err)
			require.True(w, ok, "%s: %v", name, err)
			require.Equal(w, parley.CodeInvalidArgument, remote.Code, name)
			require.Contains(w, remote.Message, c.want, name)
			require.Less(w, len(remote.Message), 200)

			require.NoError(w, work.Publish(w.ctx(), m))
			moved := next(w, failed)
			require.Equal(w, c.body, string(moved.Body), "the error queue has it as it came")
			require.Equal(w, c.encoding, moved.ContentEncoding)
			require.Equal(w, "invalid_argument", moved.Headers[parley.HeaderFailureCode], name)
			require.EqualValues(w, 0, moved.Headers[parley.HeaderFailureAttempt], "the handler did not run")
		}
		nothing(w, ran)
		got, err := parley.Request[string](w.ctx(), work, "fine")
		require.NoError(w, err, "the consumer lives on")
		require.Equal(w, "fine", got)
	})
}

func TestCompressedReplies(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.MaxBody(64<<10), parley.Decompress(encodings...))
		app.Subscriber(w.at("work"), func(_ context.Context, text string) *parley.Message {
			return &parley.Message{Body: packed(w, encodings[1], text), ContentType: "text/plain", ContentEncoding: "zstd"}
		})
		app.Subscriber(w.at("bomb"), func() *parley.Message {
			return &parley.Message{Body: packed(w, encodings[1], strings.Repeat("x", 10<<20)), ContentEncoding: "zstd"}
		})
		work, bomb := app.Publisher(w.at("work")), app.Publisher(w.at("bomb"))
		w.start(app)
		got, err := parley.Request[string](w.ctx(), work, "text")
		require.NoError(w, err)
		require.Equal(w, "text", got)
		m, err := work.Request(w.ctx(), "text")
		require.NoError(w, err)
		require.Equal(w, "text", string(m.Body), "an untyped reply is unpacked too")
		require.Empty(w, m.ContentEncoding)
		_, err = bomb.Request(w.ctx(), nil)
		require.ErrorContains(w, err, "over the limit of 65536 bytes")
	})
}

// A handler that returns the message it was given sends the body back, not the
// sender's properties, also when it was unpacked for it.
func TestReturnedInputIsNotEchoed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Decompress(encodings...))
		app.Subscriber(w.at("work"), func(m *parley.Message) *parley.Message { return m })
		work := app.Publisher(w.at("work"))
		w.start(app)
		m, err := work.Request(w.ctx(), long, parley.Compress(encodings[0]), parley.Header("x-tenant", "acme"), parley.Type("t"), parley.MessageID("m1"))
		require.NoError(w, err)
		require.Equal(w, long, string(m.Body))
		require.Empty(w, m.Headers)
		require.Empty(w, m.Type)
		require.NotEqual(w, "m1", m.ID)
	})
}

func TestNilEncodingIsRefused(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New())
	app.Subscriber("a", fine, parley.Decompress(nil))
	require.ErrorContains(t, app.Err(), "wanted content encodings, got nil; hint: parley.Decompress(gzip.Encoding())")
}
