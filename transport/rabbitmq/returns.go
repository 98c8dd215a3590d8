package rabbitmq

import (
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// returnBuffer exceeds what the client library can store between two turns
	// of the draining goroutine.
	returnBuffer = 4096
	// returnAge is how long a return waits for its publisher, who may have left.
	returnAge = time.Minute
	// returnSweep is the number of stored returns that makes a sweep worthwhile.
	returnSweep = 1024
)

// returnKey identifies a publication as well as the broker's return does.
type returnKey struct{ exchange, key, id string }

// returns are the unroutable messages that the broker sent back on one channel,
// and why it closed the channel in the end.
//
// The broker sends a return before the confirm of the same message, and the
// client library stores it in data before it resolves the confirmation. So who
// saw the confirmation finds the return in data or in stored. The goroutine
// that keeps data from filling up waits on a second channel, signal, and takes
// from data only under the mutex: no return is ever in between.
type returns struct {
	data   <-chan amqp.Return
	signal <-chan amqp.Return
	// closed has the reason before the client library resolves what is pending.
	closed <-chan *amqp.Error

	mu     sync.Mutex
	stored map[returnKey]returned
	swept  time.Time
	// reason is what closed had.
	reason *amqp.Error
}

type returned struct {
	count int
	at    time.Time
	text  string
}

// listen registers for ch's returns. The order counts: signal must be told last.
func listen(ch *amqp.Channel) *returns {
	return &returns{
		data:   ch.NotifyReturn(make(chan amqp.Return, returnBuffer)),
		signal: ch.NotifyReturn(make(chan amqp.Return, returnBuffer)),
		closed: ch.NotifyClose(make(chan *amqp.Error, 1)),
		stored: map[returnKey]returned{},
		swept:  time.Now(),
	}
}

// run drains until the channel is closed.
func (r *returns) run() {
	for range r.signal {
		r.mu.Lock()
		r.drain()
		r.mu.Unlock()
	}
}

func (r *returns) drain() {
	for {
		select {
		case m, ok := <-r.data:
			if !ok {
				return
			}
			r.store(returnKey{m.Exchange, m.RoutingKey, m.MessageId}, m.ReplyText)
		default:
			return
		}
	}
}

func (r *returns) store(key returnKey, text string) {
	now := time.Now()
	r.stored[key] = returned{count: r.stored[key].count + 1, at: now, text: text}
	if len(r.stored) < returnSweep || now.Sub(r.swept) < returnAge/2 {
		return
	}
	r.swept = now
	for k, v := range r.stored {
		if now.Sub(v.at) > returnAge {
			delete(r.stored, k)
		}
	}
}

// take reports whether a publication with that key came back, once for each
// that did.
func (r *returns) take(key returnKey) (text string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drain()
	v, ok := r.stored[key]
	if !ok {
		return "", false
	}
	if v.count--; v.count == 0 {
		delete(r.stored, key)
	} else {
		r.stored[key] = v
	}
	return v.text, true
}

// why returns the reason for which the channel was closed, nil when that was in
// order or is not known.
func (r *returns) why() *amqp.Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case reason := <-r.closed:
		if reason != nil {
			r.reason = reason
		}
	default:
	}
	return r.reason
}
