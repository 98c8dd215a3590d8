package rabbitmq

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// scripted is a connection to a broker that accepts all and delivers what a
// test gives it, through frames.
type scripted struct {
	*frames
	feed    *io.PipeWriter
	replies chan []byte
	pending []byte
}

// script connects the client library to a scripted broker.
func script(tb testing.TB) (*scripted, <-chan amqp.Delivery, <-chan *amqp.Error) {
	tb.Helper()
	out, in := io.Pipe()
	s := &scripted{frames: newFrames(out), feed: in, replies: make(chan []byte, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := range s.replies {
			_, _ = in.Write(b)
		}
	}()
	s.replies <- method(0, 10, 10, "\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US")
	conn, err := amqp.Open(s, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{}}, Vhost: "/", FrameSize: frameSize, Heartbeat: -1})
	require.NoError(tb, err)
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	ch, err := conn.Channel()
	require.NoError(tb, err)
	deliveries, err := ch.Consume("q", "tag", true, false, false, false, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_ = in.Close()
		for range closed { //nolint:revive // until the library has let go
		}
		close(s.replies)
		<-done
	})
	return s, deliveries, closed
}

func method(channel byte, class, id uint16, arguments string) []byte {
	b := binary.BigEndian.AppendUint16(nil, class)
	b = binary.BigEndian.AppendUint16(b, id)
	f := frame(1, append(b, arguments...))
	f[2] = channel
	return f
}

// Write answers the requests of the client library.
func (s *scripted) Write(b []byte) (int, error) {
	s.pending = append(s.pending, b...)
	if len(s.pending) >= 8 && string(s.pending[:4]) == "AMQP" {
		s.pending = s.pending[8:]
	}
	for len(s.pending) >= frameHead && int64(len(s.pending)) >= frameLength(s.pending) {
		n := frameLength(s.pending)
		if s.pending[0] == 1 {
			s.answer(s.pending[2], binary.BigEndian.Uint32(s.pending[frameHead:]))
		}
		s.pending = s.pending[n:]
	}
	return len(b), nil
}

func (s *scripted) answer(channel byte, request uint32) {
	switch request {
	case 10<<16 | 11:
		s.replies <- method(0, 10, 30, "\x00\x00\x00\x02\x00\x00\x00\x00")
	case 10<<16 | 40:
		s.replies <- method(0, 10, 41, "\x00")
	case 20<<16 | 10:
		s.replies <- method(channel, 20, 11, "\x00\x00\x00\x00")
	case 60<<16 | 20:
		s.replies <- method(channel, 60, 21, "\x03tag")
	}
}

// Close is called by the client library.
func (s *scripted) Close() error { return s.feed.Close() }

// deliver returns the frames of a delivery with that header table.
func deliver(table []byte) []byte {
	b := method(1, 60, 60, "\x03tag\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x01q")
	b = append(b, contentFrame(table)...)
	return append(b, frame(3, []byte("01234"))...)
}

// Whatever a header table looks like, the client library delivers the message
// and keeps its connection; what it takes by itself is not touched.
func FuzzHeaderTable(f *testing.F) {
	s, deliveries, closed := script(f)
	for _, c := range refusals {
		f.Add(c.table)
	}
	f.Add(table("a", sized('S', "text"), "b", sized('F', string(table("c", "I\x00\x00\x00\x01"))), "d", "D\x02\x00\x00\x00\x01"))
	f.Add(table("a", sized('A', "VVI")))
	f.Add(table("n", "L\xff\xff\xff\xff\xff\xff\xff\xfe"))
	f.Add([]byte("\xff"))
	f.Add([]byte("\x01aS\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, table []byte) {
		s.replies <- deliver(table)
		select {
		case d := <-deliveries:
			require.Equal(t, "01234", string(d.Body))
			require.Equal(t, "mid", d.MessageId)
			_, removed := d.Headers[transport.HeaderRemoved]
			intact := checkFields(bytes.Clone(table), true, 0) == noFault && len(contentFrame(table)) <= frameSize
			require.True(t, removed || intact)
			_, err := headersOut(headersIn(d.Headers))
			require.NoError(t, err, "what arrived can be sent on")
		case err := <-closed:
			require.Fail(t, "the client library closed its connection", "%v", err)
		}
	})
}

// streamOf repeats a stream.
type streamOf struct {
	text []byte
	at   int
}

func (s *streamOf) Read(b []byte) (int, error) {
	n := copy(b, s.text[s.at:])
	s.at = (s.at + n) % len(s.text)
	return n, nil
}

// BenchmarkFrames is what looking at the frames of one delivery costs, beside a
// plain copy of the same bytes.
func BenchmarkFrames(b *testing.B) {
	for _, c := range []struct {
		name  string
		table []byte
	}{
		{"no headers", nil},
		{"3 headers", table("parley-deadline", "l\x00\x00\x00\x00\x00\x00\x75\x30", "x-tenant", sized('S', "acme"), "traceparent", sized('S', "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))},
		{"20 headers", manyNames(20)},
		{"list of 8192", table("list", sized('A', strings.Repeat("V", maxElements)))},
	} {
		delivery := deliver(c.table)
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"plain":  func(r io.Reader) io.Reader { return bufio.NewReaderSize(r, readBuffer) },
			"frames": func(r io.Reader) io.Reader { return newFrames(r) },
		} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				r := reader(&streamOf{text: delivery})
				buf := make([]byte, 4096)
				b.ReportAllocs()
				for read := int64(0); read < int64(b.N)*int64(len(delivery)); {
					n, err := r.Read(buf)
					if err != nil || n == 0 {
						b.Fatal(err)
					}
					read += int64(n)
				}
			})
		}
	}
}
