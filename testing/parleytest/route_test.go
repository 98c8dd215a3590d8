package parleytest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport/topology"
)

// Wait knows where a message goes, whatever the exchange.
func TestWaitKnowsTheRoutes(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		exchanges := map[string]topology.Exchange{
			"direct": topology.Direct("direct"), "topic": topology.Topic("topic"),
			"fanout": topology.Fanout("fanout"), "headers": topology.Headers("headers"),
		}
		app := newApp()
		take := func(string) {}
		queue := func(kind, name string, values ...topology.Value) {
			app.Subscriber("order.placed", take, parley.From(append(values, exchanges[kind], topology.Queue(kind+"."+name))...))
		}
		queue("direct", "yes")
		queue("direct", "no", topology.Bind("order.paid"))
		queue("topic", "hash", topology.Bind("order.#"))
		queue("topic", "star", topology.Bind("*.placed"))
		queue("topic", "no", topology.Bind("order.placed.*"))
		queue("fanout", "yes", topology.Bind("whatever"))
		queue("headers", "all", topology.BindHeaders("all", topology.Arguments{"a": 1, "b": "x"}))
		queue("headers", "any", topology.BindHeaders("any", topology.Arguments{"a": 1, "b": "y"}))
		queue("headers", "no", topology.BindHeaders("all", topology.Arguments{"a": 1, "b": "y"}))
		ts := parleytest.Start(t, app, on)
		for _, x := range exchanges {
			ts.Publish("order.placed", "x", parley.To(x), parley.Header("a", 1), parley.Header("b", "x"))
		}
		ts.Wait()
		for name, n := range map[string]int{
			"direct.yes": 1, "direct.no": 0, "topic.hash": 1, "topic.star": 1, "topic.no": 0, "fanout.yes": 1,
			"headers.all": 1, "headers.any": 1, "headers.no": 0,
		} {
			require.Len(t, ts.Subscriber(name).Messages(), n, name)
		}
	})
}

// A message that expired is not waited for.
func TestExpiredMessage(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		begun, release := make(chan struct{}, 4), make(chan struct{})
		take := func(string) {
			begun <- struct{}{}
			<-release
		}
		app := newApp()
		app.Subscriber("slow", take, parley.Concurrency(1), parley.Prefetch(1))
		app.Subscriber("short", take, parley.Concurrency(1), parley.Prefetch(1), parley.From(topology.MessageTTL(30*time.Millisecond)))
		ts := parleytest.Start(t, app, on)
		for _, address := range []string{"slow", "short"} {
			ts.Publish(address, "first")
			<-begun
			ts.Publish(address, "second", parley.Expiration(20*time.Millisecond))
		}
		// Not to wait for anything: the time to live must pass.
		time.Sleep(100 * time.Millisecond)
		close(release)
		ts.Wait()
		ts.Subscriber("slow").Handled().Times(1)
		ts.Subscriber("short").Handled().Times(1)
	})
}
