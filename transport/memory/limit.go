package memory

import (
	"fmt"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// unlimited is the value of a limit that is not set.
const unlimited = -1

// limits are the arguments of a queue that the broker acts on.
type limits struct {
	ttl, expires   time.Duration
	length, bytes  int
	overflow       topology.OverflowPolicy
	deadLetter     bool
	deadExchange   string
	deadKey        string
	deliveries     int
	maxPriority    int
	singleActive   bool
	countsAttempts bool
}

// readLimits reads normalised arguments. An error names the argument.
func readLimits(args map[string]any) (limits, error) {
	r := argumentReader{args: args}
	l := limits{
		ttl:          r.milliseconds(topology.ArgMessageTTL),
		expires:      r.milliseconds(topology.ArgExpires),
		length:       r.number(topology.ArgMaxLength, 1<<62),
		bytes:        r.number(topology.ArgMaxLengthBytes, 1<<62),
		overflow:     topology.OverflowPolicy(r.text(topology.ArgOverflow)),
		deadExchange: r.text(topology.ArgDeadLetterExchange),
		deadKey:      r.text(topology.ArgDeadLetterRoutingKey),
		deliveries:   r.number(topology.ArgDeliveryLimit, 1<<62),
		maxPriority:  max(0, r.number(topology.ArgMaxPriority, 255)),
	}
	_, l.deadLetter = args[topology.ArgDeadLetterExchange]
	l.singleActive, _ = args[topology.ArgSingleActiveConsumer].(bool)
	switch l.overflow {
	case "", topology.DropHead, topology.RejectPublish, topology.RejectPublishDLX:
	default:
		r.fail(topology.ArgOverflow, "drop-head, reject-publish or reject-publish-dlx")
	}
	switch t := r.text(topology.ArgQueueType); t {
	case "", topology.TypeClassic:
	case topology.TypeQuorum:
		l.countsAttempts, l.maxPriority = true, 0
	default:
		r.fail(topology.ArgQueueType, "classic or quorum (a stream needs RabbitMQ)")
	}
	if l.expires == 0 {
		r.fail(topology.ArgExpires, "at least 1 ms")
	}
	return l, r.err
}

// refuses reports whether one more message of that size is one too many for a
// queue that refuses.
func (l *limits) refuses(b *backlog, size int) bool {
	if l.overflow != topology.RejectPublish && l.overflow != topology.RejectPublishDLX {
		return false
	}
	return l.exceeded(b.n+1, b.bytes+size)
}

func (l *limits) exceeded(n, bytes int) bool {
	return l.length != unlimited && n > l.length || l.bytes != unlimited && bytes > l.bytes
}

// drops reports whether the head is to be dropped.
func (l *limits) drops(b *backlog) bool {
	return (l.overflow == "" || l.overflow == topology.DropHead) && l.exceeded(b.n, b.bytes)
}

// argumentReader reads arguments and keeps the first fault.
type argumentReader struct {
	args map[string]any
	err  error
}

func (r *argumentReader) fail(key, wanted string) {
	if r.err == nil {
		r.err = fmt.Errorf("invalid arg %q (PRECONDITION_FAILED): wanted %s, got %v", key, wanted, r.args[key])
	}
}

func (r *argumentReader) number(key string, most int64) int {
	v, set := r.args[key]
	if !set {
		return unlimited
	}
	n, ok := v.(int64)
	if !ok || n < 0 || n > most {
		r.fail(key, fmt.Sprintf("a number from 0 to %d", most))
		return unlimited
	}
	return int(n)
}

// milliseconds returns a negative duration where the argument is not set.
func (r *argumentReader) milliseconds(key string) time.Duration {
	const century = 100 * 366 * 24 * int64(time.Hour/time.Millisecond)
	n := r.number(key, century)
	if n == unlimited {
		return unlimited
	}
	return time.Duration(n) * time.Millisecond
}

func (r *argumentReader) text(key string) string {
	v, set := r.args[key]
	s, ok := v.(string)
	if set && !ok {
		r.fail(key, "a text")
	}
	return s
}
