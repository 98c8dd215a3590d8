package memory_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

func Example() {
	ctx := context.Background()
	broker := memory.New()
	conn, err := broker.Connect(ctx, transport.Settings{
		Logger:  slog.New(slog.DiscardHandler),
		OnReply: func(*transport.Message) {},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan struct{})
	orders := topology.Subscription{Queue: topology.QueueDeclaration{Name: "orders", Durable: true}}
	consumer, err := conn.Subscribe(ctx, transport.Subscription{
		Topology: orders, Prefetch: 1, Workers: 1,
		Handle: func(_ context.Context, m *transport.Message) transport.Verdict {
			fmt.Printf("%s, redelivered: %t\n", m.Body, m.Redelivered)
			if !m.Redelivered {
				return transport.Requeue
			}
			close(done)
			return transport.Ack
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	order := &transport.Message{Body: []byte("two books")}
	if _, err := conn.Publish(ctx, &transport.Publication{Message: order, Key: "orders", Mandatory: true}); err != nil {
		fmt.Println(err)
	}
	<-done
	fmt.Println(consumer.Stop(ctx), broker.Depth("orders"), conn.Close(ctx))
	// Output:
	// two books, redelivered: false
	// two books, redelivered: true
	// <nil> 0 <nil>
}
