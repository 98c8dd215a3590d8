package parley

import (
	"fmt"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// rate is how many runs may start in which time, 0 for any.
type rate struct {
	limited bool
	n       int
	per     time.Duration
}

// Deduplicate runs the handler once for each message id of a queue, as far as
// the store remembers. A duplicate gets the stored result: it goes to the reply
// address of the duplicate and to every [PublishTo] once more, under the same
// message id, so that a reply or a confirm that was lost is made up for. A
// duplicate of a message that is being handled is given back to the broker
// after a pause of a second, until the store knows the outcome; where the queue
// counts deliveries, see [topology.DeliveryLimit], it waits up to 5 minutes
// before it is. So does a message while the store fails. A run that
// failed is forgotten: the next attempt, or a replay from the error queue, runs.
//
// The result is stored before it is sent. A process that dies after its handler
// has worked and before that is stored works a second time, as does a handler
// that outlives the lease of its [Store]: a handler whose effects cannot be
// repeated writes them and the message id in one transaction of its own. While
// the store fails, nothing is handled.
//
// A message without an id is handled as if there were no store. Ids are taken
// on trust: whoever knows one can read its result or keep a message with that
// id from being handled. nil ends what an outer scope has set. With [Manual] it
// is a registration error; with [AckFirst] the store is asked before the
// acknowledgement. The messages of a queue that the broker names, see
// [Broadcast], are known within one run of the app.
func Deduplicate(store Store) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.Deduplicate(%T)", store),
		func(s *subscriberSettings) { s.store = store },
	}
}

// RateLimit lets n runs of the handler start in each time per, each attempt of
// [Retry] for itself, in each instance of the service. After a quiet time up to
// n start at once, so at most 2n in any such time. A message that waits keeps
// no other from running; after 5 minutes it is given back to the broker, which
// would else take its consumer for dead. Where n in 5 minutes is less than the
// [Prefetch], lower that.
func RateLimit(n int, per time.Duration) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.RateLimit(%d, %v)", n, per),
		func(s *subscriberSettings) { s.rate = rate{true, n, per} },
	}
}

// KillSwitchOptions say when a [KillSwitch] acts. A zero field has its default.
type KillSwitchOptions struct {
	// Rate is the part of the runs in the window, above 0 and up to 1, that must
	// have failed for the subscriber to pause; 0.5 by default.
	Rate float64
	// Window is how many of the last runs are looked at, and the least number
	// of runs before the subscriber pauses; 20 by default, at most 100 000.
	Window int
	// Pause is the time until the first probe, 5 s by default. It doubles with
	// each probe that fails.
	Pause time.Duration
	// MaxPause bounds the pause, a minute by default or Pause if that is longer.
	MaxPause time.Duration
}

// KillSwitch pauses a subscriber whose handler fails too often, so that an
// outage of what it depends on does not move a whole queue to the error queue.
// Runs count that succeed or fail with an error that another attempt may cure;
// see [Retry] for those that it may not.
//
// While the subscriber is paused no handler starts. A message that waits is
// given back to the broker after 5 minutes, and then comes again: the broker
// would else take the consumer for dead. On quorum queues before RabbitMQ 4.3
// that counts as a delivery against the limit. A run that fails although the
// subscriber is paused, because it began before or is a probe, gives its
// message back too, without an attempt counted; only a waiting parley caller is
// told of its failure as ever, and with [AckFirst] a message ends as ever. After
// the pause one message runs as a probe: if it succeeds all go on, if it fails
// the pause doubles. A probe runs as long as its handler does, see
// [HandlerTimeout].
//
// Each instance of the service has its own switch; see [Subscriber.Paused].
func KillSwitch(o KillSwitchOptions) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.KillSwitch(%+v)", o),
		func(s *subscriberSettings) { s.killSwitch = &o },
	}
}

// maxWindow bounds the memory of a kill switch.
const maxWindow = 100_000

func (o *KillSwitchOptions) complete() error {
	if o.Rate == 0 {
		o.Rate = 0.5
	}
	if o.Window == 0 {
		o.Window = 20
	}
	if o.Pause == 0 {
		o.Pause = 5 * time.Second
	}
	if o.MaxPause == 0 {
		o.MaxPause = max(time.Minute, o.Pause)
	}
	switch {
	case !(o.Rate > 0 && o.Rate <= 1):
		return &topology.Error{Wanted: "a kill switch rate above 0 and up to 1", Got: fmt.Sprint(o.Rate), Hint: "0.5 is half of the runs; leave Rate out for that"}
	case o.Window < 1 || o.Window > maxWindow:
		return &topology.Error{Wanted: fmt.Sprintf("a kill switch window of 1 to %d runs", maxWindow), Got: fmt.Sprint(o.Window), Hint: "leave Window out for the default of 20"}
	case o.Pause < 0:
		return &topology.Error{Wanted: "a positive kill switch pause", Got: o.Pause.String(), Hint: "leave Pause out for the default of 5 s"}
	case o.MaxPause < o.Pause:
		return &topology.Error{Wanted: "a longest kill switch pause of at least the first, " + o.Pause.String(), Got: o.MaxPause.String(), Hint: "raise MaxPause or lower Pause"}
	}
	return nil
}

func (r *rate) check() error {
	if !r.limited || (r.n > 0 && r.per >= time.Duration(r.n)) {
		return nil
	}
	return &topology.Error{
		Wanted: "a rate limit of at least 1 run in a positive time, and at most 1 in each nanosecond",
		Got:    fmt.Sprintf("%d in %v", r.n, r.per), Hint: "parley.RateLimit(100, time.Second)",
	}
}

// completeGuards fills what is left out and returns what cannot be.
func (s *subscriberSettings) completeGuards() error {
	if s.store != nil && s.failure.manual {
		return &topology.Error{
			Wanted: "a message that parley settles for parley.Deduplicate", Got: "parley.Manual",
			Hint: "leave one of them out; parley.Deduplicate(nil) ends what an outer scope has set",
		}
	}
	if err := s.rate.check(); err != nil {
		return err
	}
	if s.killSwitch == nil {
		return nil
	}
	own := *s.killSwitch
	s.killSwitch = &own
	return own.complete()
}
