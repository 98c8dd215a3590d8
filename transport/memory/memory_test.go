package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-go/parley/testing/transporttest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	everything := transporttest.Everything()
	dropped, kept := everything, everything
	dropped.ReplyRoute = false
	kept.SessionReplies, kept.ReplyRoute = false, false
	for name, c := range map[string]struct {
		features  transporttest.Features
		transport func(b *memory.Broker) transport.Transport
	}{
		"inbox":  {everything, func(b *memory.Broker) transport.Transport { return b }},
		"direct": {dropped, func(b *memory.Broker) transport.Transport { return b.With(memory.DirectReplies()) }},
		"named":  {kept, newNamed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transporttest.Test(t, func(*testing.T) transporttest.Broker {
				b := memory.New()
				return transporttest.Broker{
					Transport: c.transport(b), Features: c.features,
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
