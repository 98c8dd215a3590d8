package rabbitmq

import (
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// refusal turns the broker's answer to a declaration into an error that says
// what to do. What is a declaration, such as `declare queue "orders"`.
//
// Source of the codes: https://www.rabbitmq.com/amqp-0-9-1-reference#constants
func refusal(what string, err error) error {
	var e *amqp.Error
	if err == nil || !errors.As(err, &e) || !e.Server {
		if err != nil {
			err = fmt.Errorf("rabbitmq: %s: %w", what, err)
		}
		return err
	}
	switch e.Code {
	case amqp.PreconditionFailed:
		return permanent("rabbitmq: %s: wanted it as declared here, got %w; hint: declare it alike on both sides, delete it, or use topology.Passive", what, e)
	case amqp.AccessRefused:
		return permanent("rabbitmq: %s: wanted permission, got %w; hint: rabbitmqctl set_permissions, or rabbitmq.Passive for an account without the configure right", what, e)
	case amqp.NotFound:
		if homeNodeDown(e) {
			return fmt.Errorf("rabbitmq: %s: %w", what, e)
		}
		return permanent("rabbitmq: %s: wanted it to exist, got %w; hint: start the subscriber that declares it, correct the name, or do not use Passive", what, e)
	case amqp.ResourceLocked:
		return permanent("rabbitmq: %s: wanted a queue of this connection, got %w; hint: another connection holds it exclusively: give each instance its own name", what, e)
	case amqp.NotAllowed, amqp.NotImplemented:
		return permanent("rabbitmq: %s: wanted a declaration the broker allows, got %w", what, e)
	default:
		return fmt.Errorf("rabbitmq: %s: %w", what, e)
	}
}

// homeNodeDown tells a classic queue whose node is away from one that does not
// exist: the broker answers 404 to both.
func homeNodeDown(e *amqp.Error) bool { return strings.Contains(e.Reason, "home node") }

// code is the AMQP code of the broker's answer in err, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*amqp.Error](err); ok && e.Server {
		return e.Code
	}
	return 0
}
