package rabbitmq

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport/topology"
)

// kinds remembers which kinds of exchanges the broker does not know. It closes
// the connection on which one is declared, and with it whatever others do there,
// so it is asked again only after [refuseFor].
type kinds struct {
	mu      sync.Mutex
	unknown map[string]unknownKind
}

type unknownKind struct {
	answer *amqp.Error
	until  time.Time
}

// refusal is the broker's last answer to the kind of e, nil when it may be asked.
func (k *kinds) refusal(e *topology.Exchange) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	u, ok := k.unknown[e.Kind]
	if !ok || time.Now().After(u.until) {
		return nil
	}
	return u.refusal(e)
}

func (u unknownKind) refusal(e *topology.Exchange) error {
	return permanent("rabbitmq: declare exchange %q: wanted a kind that the broker knows, got %q: %w; hint: correct it, or enable its plugin (rabbitmq-plugins enable)", e.Name, e.Kind, u.answer)
}

// declared judges the answer to the declaration of e. Who else waits on the
// connection gets the same one: its text says whom it is for.
func (k *kinds) declared(e *topology.Exchange, err error) error {
	what := fmt.Sprintf("declare exchange %q", e.Name)
	answer, ok := errors.AsType[*amqp.Error](err)
	switch {
	case !ok || answer.Code != amqp.CommandInvalid:
		return refusal(what, err)
	case !strings.Contains(answer.Reason, "exchange type '"+e.Kind+"'"):
		return fmt.Errorf("rabbitmq: %s: %w", what, err)
	}
	u := unknownKind{answer, time.Now().Add(refuseFor)}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.unknown == nil {
		k.unknown = map[string]unknownKind{}
	}
	k.unknown[e.Kind] = u
	return u.refusal(e)
}
