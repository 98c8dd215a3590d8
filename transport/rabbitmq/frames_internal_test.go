package rabbitmq

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// table encodes fields of a table, each a name and an encoded value.
func table(fields ...string) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		b = append(b, byte(len(fields[i])))
		b = append(b, fields[i]...)
		b = append(b, fields[i+1]...)
	}
	return b
}

// sized encodes a value that begins with its length.
func sized(typ byte, content string) string {
	return string(binary.BigEndian.AppendUint32([]byte{typ}, uint32(len(content)))) + content
}

// nested is a list within lists, so many in all.
func nested(levels int) string {
	v := ""
	for range levels {
		v = sized('A', v)
	}
	return v
}

// manyNames is a table of n fields without values.
func manyNames(n int) []byte {
	fields := make([]string, 0, 2*n)
	for i := range n {
		fields = append(fields, fmt.Sprintf("n%d", i), "V")
	}
	return table(fields...)
}

// contentFrame is a content header with texts before and behind its table.
func contentFrame(table []byte) []byte {
	p := []byte{0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0xE4, 0x80} // type, encoding, headers, correlation, message id
	p = append(p, "\x0atext/plain\x04gzip"...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(table)))
	p = append(p, table...)
	p = append(p, "\x03cid\x03mid"...)
	return frame(frameContent, p)
}

func frame(typ byte, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{typ, 0, 1}, uint32(len(payload)))
	return append(append(b, payload...), 0xCE)
}

func through(t testing.TB, stream []byte) []byte {
	t.Helper()
	out, err := io.ReadAll(newFrames(bytes.NewReader(stream)))
	require.NoError(t, err)
	return out
}

// refusals are what amqp091-go answers by closing the connection.
var refusals = []struct {
	name  string
	table []byte
	says  string
	kept  string
}{
	{"long list", table("big", sized('A', strings.Repeat("V", 8193)), "ok", sized('S', "v")), `1 of 2 headers ("big"): a table or list of more than 8192 elements`, "ok"},
	{"long table", table("ok", "t\x01", "big", sized('F', string(manyNames(8193)))), `1 of 2 headers ("big"): a table or list of more than 8192 elements`, "ok"},
	{"many headers", append(table("ok", "t\x01"), manyNames(8192)...), `7169 of 8193 headers: a table or list of more than 8192 elements`, "ok"},
	{"deep list", table("ok", "t\x01", "deep", nested(33)), `1 of 2 headers ("deep"): more than 32 levels of tables and lists`, "ok"},
	{"unknown type", table("ok", "t\x01", "odd", "Zvalue", "never", "read"), `1 of 2 headers ("odd"): a value of an unknown type`, "ok"},
	{"unknown type inside", table("odd", sized('A', "Z"), "ok", "t\x01"), `1 of 2 headers ("odd"): a value of an unknown type`, "ok"},
	{"list within a table within a list", table("odd", sized('A', sized('F', string(table("x", sized('A', strings.Repeat("V", 8193)))))), "ok", "t\x01"), `1 of 2 headers ("odd"): a table or list of more than 8192 elements`, "ok"},
	{"frame too large", table("ok", "t\x01", "large", sized('S', strings.Repeat("x", frameSize))), `1 of 2 headers ("large"): more than fits into a frame`, "ok"},
	{"huge frame", table("ok", "t\x01", "large", sized('S', strings.Repeat("x", 4<<20))), `1 of 2 headers ("large"): more than fits into a frame`, "ok"},
	{"parley's and the broker's own behind it", append(manyNames(9000), table("x-delivery-count", "l\x00\x00\x00\x00\x00\x00\x00\x02", "parley-deadline", "I\x00\x00\x00\x05")...), `of 9002 headers`, "parley-deadline"},
}

func TestRefusedHeadersAreRemoved(t *testing.T) {
	t.Parallel()
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before, after := frame(1, []byte("method")), frame(3, []byte("body"))
			out := through(t, bytes.Join([][]byte{before, contentFrame(c.table), after}, nil))
			rest, ok := bytes.CutPrefix(out, before)
			require.True(t, ok)
			rest, ok = bytes.CutSuffix(rest, after)
			require.True(t, ok, "%q", rest[max(0, len(rest)-100):])
			require.LessOrEqual(t, len(rest), frameSize)
			require.EqualValues(t, len(rest), frameLength(rest))
			require.True(t, bytes.HasSuffix(rest, []byte("\x03cid\x03mid\xCE")))
			kept := headerTable(rest[frameHead : len(rest)-frameEnd])
			require.Equal(t, noFault, checkFields(kept, true, 0))
			require.Contains(t, string(kept), transport.HeaderRemoved)
			require.Contains(t, string(kept), c.says)
			require.True(t, strings.Contains(string(kept), string(table(c.kept, ""))), "the others are kept")
		})
	}
}

// What the library takes goes through byte for byte, however it arrives.
func TestFramesGoThroughUntouched(t *testing.T) {
	t.Parallel()
	var stream []byte
	add := func(b []byte) { stream = append(stream, b...) }
	add(frame(1, []byte("a method")))
	add(contentFrame(nil))
	add(contentFrame(table("a", sized('S', "text"), "b", sized('F', string(table("c", "I\x00\x00\x00\x01"))))))
	add(contentFrame(table("list", sized('A', strings.Repeat("V", 8192)), "deep", nested(32))))
	add(contentFrame(manyNames(8192)))
	add(contentFrame(table("large", sized('S', strings.Repeat("x", frameSize-100)))))
	add(frame(frameContent, []byte{0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}))
	add(frame(frameContent, []byte("short")))
	add(frame(3, bytes.Repeat([]byte("body"), 40_000)))
	add(frame(8, nil))
	require.Equal(t, stream, through(t, stream))

	for name, reader := range map[string]io.Reader{
		"byte by byte": iotest.OneByteReader(bytes.NewReader(stream)),
		"half":         iotest.HalfReader(bytes.NewReader(stream)),
		"with the end": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		out, err := io.ReadAll(newFrames(reader))
		require.NoError(t, err, name)
		require.Equal(t, stream, out, name)
	}
	// Read into buffers of any size.
	r, out := newFrames(bytes.NewReader(stream)), []byte(nil)
	for {
		b := make([]byte, rand.IntN(5000))
		n, err := r.Read(b)
		out = append(out, b[:n]...)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	require.Equal(t, stream, out)
}

func TestLongIntegersOfOtherPeers(t *testing.T) {
	t.Parallel()
	const value = "\xff\xff\xff\xff\xff\xff\xff\xfe"
	of := func(typ string) []byte {
		return table("n", typ+value, "list", sized('A', typ+value+"V"), "table", sized('F', string(table("n", typ+value))))
	}
	require.Equal(t, contentFrame(of("l")), through(t, contentFrame(of("L"))))
	odd := table("odd", "Z")
	out := through(t, contentFrame(append(of("L"), odd...)))
	require.Contains(t, string(out), string(of("l")), "in a table that is rewritten, too")
}

// A frame that is not whole yet does not hold up the one before it.
func TestFramesDoNotWaitForMore(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	defer func() { _ = in.Close() }()
	first := frame(1, []byte("a method"))
	go func() { _, _ = out.Write(append(bytes.Clone(first), contentFrame(manyNames(10))[:30]...)) }()
	b := make([]byte, 4096)
	n, err := newFrames(in).Read(b)
	require.NoError(t, err)
	require.Equal(t, first, b[:n])
}

func TestFramesOfAnotherProtocolEndTheConnection(t *testing.T) {
	t.Parallel()
	require.Equal(t, "AMQP\x00\x00\x09\x01", string(through(t, []byte("AMQP\x00\x00\x09\x01"))), "the broker's version")
	for name, stream := range map[string][]byte{
		"large without headers": frame(frameContent, make([]byte, frameSize)),
		"table over its frame":  frame(frameContent, append([]byte("\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x20\x00\xff\xff\xff\xff"), make([]byte, frameSize)...)),
	} {
		_, err := io.ReadAll(newFrames(bytes.NewReader(stream)))
		require.ErrorIs(t, err, errContent, name)
	}
}

func TestSmallFramesOfABroker(t *testing.T) {
	t.Parallel()
	r := newFrames(bytes.NewReader(contentFrame(table("large", sized('S', strings.Repeat("x", 5000)), "\xff\x00\n", "Z"))))
	r.negotiated(4096)
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	require.LessOrEqual(t, len(out), 4096)
	require.Contains(t, string(out), `2 of 2 headers: more than fits into a frame`)
}
