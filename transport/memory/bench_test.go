package memory_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// body has the size of the order of the project's benchmarks.
var body = make([]byte, 235)

func benchConn(b *testing.B, t transport.Transport, onReply func(*transport.Message)) transport.Conn {
	b.Helper()
	c, err := t.Connect(context.Background(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: onReply})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return c
}

func benchConsume(b *testing.B, c transport.Conn, prefetch, workers int, handle func(context.Context, *transport.Message) transport.Verdict) {
	b.Helper()
	_, err := c.Subscribe(context.Background(), transport.Subscription{
		Topology: topology.Subscription{Queue: topology.QueueDeclaration{Name: "q", Durable: true}},
		Prefetch: prefetch, Workers: workers, Handle: handle,
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkConsume publishes, consumes and acknowledges.
func BenchmarkConsume(b *testing.B) {
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			c := benchConn(b, memory.New(), func(*transport.Message) {})
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan struct{})
			benchConsume(b, c, 128, workers, func(context.Context, *transport.Message) transport.Verdict {
				if left.Add(-1) == 0 {
					close(done)
				}
				return transport.Ack
			})
			p := &transport.Publication{Message: &transport.Message{Body: body}, Key: "q", Mandatory: true}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := c.Publish(context.Background(), p); err != nil {
					b.Fatal(err)
				}
			}
			<-done
		})
	}
}

// BenchmarkRequest makes requests and waits for their replies. The table of
// pending calls is part of it, as it is of every client.
func BenchmarkRequest(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) { benchRequest(b, callers) })
	}
}

func benchRequest(b *testing.B, callers int) {
	b.Helper()
	broker := memory.New()
	pending := make(map[string]chan *transport.Message, callers)
	client := benchConn(b, broker, func(m *transport.Message) { pending[m.CorrelationID] <- m })
	server := benchConn(b, broker, func(*transport.Message) {})
	benchConsume(b, server, 128, 32, func(ctx context.Context, m *transport.Message) transport.Verdict {
		reply := &transport.Message{Body: m.Body[:69], CorrelationID: m.CorrelationID}
		_, err := server.Publish(ctx, &transport.Publication{Message: reply, Key: m.ReplyTo, Mandatory: true, Reply: true})
		if err != nil {
			return transport.Requeue
		}
		return transport.Ack
	})
	ids := make([]string, callers)
	for i := range ids {
		ids[i] = fmt.Sprint("caller-", i)
		pending[ids[i]] = make(chan *transport.Message, 1)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	var group sync.WaitGroup
	for _, id := range ids {
		group.Go(func() {
			replies := pending[id]
			for left.Add(-1) >= 0 {
				m := &transport.Message{Body: body, CorrelationID: id}
				if _, err := client.Request(context.Background(), &transport.Publication{Message: m, Key: "q", Mandatory: true}); err != nil {
					b.Error(err)
					return
				}
				<-replies
			}
		})
	}
	group.Wait()
}

// BenchmarkTopic routes through a topic exchange with 100 bindings.
func BenchmarkTopic(b *testing.B) {
	c := benchConn(b, memory.New(), func(*transport.Message) {})
	x := topology.Topic("orders")
	for i := range 100 {
		_, err := c.Subscribe(context.Background(), transport.Subscription{
			Topology: topology.Subscription{
				Exchange: &x, Queue: topology.QueueDeclaration{Name: fmt.Sprint("q", i)},
				Bindings: []topology.Binding{{Key: fmt.Sprintf("orders.%d.#", i)}},
			},
			Prefetch: 10, Workers: 1,
			Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	p := &transport.Publication{Message: &transport.Message{Body: body}, Exchange: &x, Key: "orders.50.placed", Mandatory: true}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Publish(context.Background(), p); err != nil {
			b.Fatal(err)
		}
	}
}
