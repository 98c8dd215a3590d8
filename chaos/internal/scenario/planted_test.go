package scenario_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/testing/transporttest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// planted is the memory transport with one fault: "#" in a binding key takes
// one word at least.
type planted struct{ *memory.Broker }

func (p planted) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	conn, err := p.Broker.Connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return plantedConn{conn, conn.(transport.QueueDeclarer), conn.(transport.QueueInspector), conn.(transport.ReplyClassifier)}, nil
}

type plantedConn struct {
	transport.Conn
	transport.QueueDeclarer
	transport.QueueInspector
	transport.ReplyClassifier
}

func (c plantedConn) Subscribe(ctx context.Context, s transport.Subscription) (transport.Consumer, error) {
	if s.Topology.Exchange != nil && s.Topology.Exchange.Kind == topology.KindTopic {
		bindings := make([]topology.Binding, len(s.Topology.Bindings))
		for i, b := range s.Topology.Bindings {
			bindings[i] = topology.Binding{Key: oneWordAtLeast(b.Key), Arguments: b.Arguments}
		}
		s.Topology.Bindings = bindings
	}
	return c.Conn.Subscribe(ctx, s)
}

func oneWordAtLeast(key string) string {
	words := strings.Split(key, ".")
	for i, w := range words {
		if w == "#" {
			words[i] = "*.#"
		}
	}
	return strings.Join(words, ".")
}

// The conformance suite must see the planted fault. It is meant to fail, and
// so runs only for the scenario that asks for it.
func TestConformance(t *testing.T) {
	t.Parallel()
	if os.Getenv(scenario.PlantedEnv) == "" {
		t.Skip("a negative control: it is meant to fail")
	}
	features := transporttest.Everything()
	dropped := features
	dropped.ReplyRoute = false
	for name, c := range map[string]struct {
		features transporttest.Features
		options  []memory.Option
	}{
		"inbox":  {features, nil},
		"direct": {dropped, []memory.Option{memory.DirectReplies()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transporttest.Test(t, func(*testing.T) transporttest.Broker {
				b := memory.New(c.options...)
				return transporttest.Broker{
					Transport: planted{b}, Features: c.features,
					Disconnect:  b.Disconnect,
					DeleteQueue: func(name string) { b.Delete(name) },
					Block: func(on bool) {
						if on {
							b.Block()
							return
						}
						b.Unblock()
					},
				}
			})
		})
	}
}

// The control is worth nothing without its fault.
func TestPlanted(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a.*.#.b", oneWordAtLeast("a.#.b"))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := planted{memory.New()}.Connect(ctx, transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {}})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	exchange := topology.Topic("orders")
	address, err := topology.ParseTemplate("placed")
	require.NoError(t, err)
	s, err := topology.Resolve("shop", address, exchange, topology.Bind("orders.#"))
	require.NoError(t, err)
	_, err = conn.Subscribe(ctx, transport.Subscription{
		Topology: s, Prefetch: 1, Workers: 1,
		Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
	})
	require.NoError(t, err)
	send := func(key string) error {
		c, err := conn.Publish(ctx, &transport.Publication{Message: &transport.Message{}, Exchange: &exchange, Key: key, Mandatory: true})
		require.NoError(t, err)
		return transport.Wait(ctx, c)
	}
	require.NoError(t, send("orders.eu"))
	require.ErrorIs(t, send("orders"), transport.ErrNoRoute)
}
