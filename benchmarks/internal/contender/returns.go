package contender

import amqp "github.com/rabbitmq/amqp091-go"

// returns are the messages that one channel got back, by message id. One
// goroutine uses it; nil is a publisher that does not look.
type returns struct {
	source <-chan amqp.Return
	seen   map[string]struct{}
}

// watchReturns listens with room for more than a ring of returns: amqp091-go
// stores a return before it resolves the confirm that follows it.
func watchReturns(ch *amqp.Channel) *returns {
	return &returns{source: ch.NotifyReturn(make(chan amqp.Return, 2*ringSize)), seen: map[string]struct{}{}}
}

// take reports whether the confirmed message of that id came back.
func (r *returns) take(id string) bool {
	if r == nil {
		return false
	}
	for {
		select {
		case back, open := <-r.source:
			if open {
				r.seen[back.MessageId] = struct{}{}
				continue
			}
		default:
		}
		break
	}
	_, came := r.seen[id]
	delete(r.seen, id)
	return came
}
