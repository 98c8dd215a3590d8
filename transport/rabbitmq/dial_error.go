package rabbitmq

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

// ports is the hint for a server that speaks something else.
//
// Source: https://www.rabbitmq.com/docs/networking#ports
const ports = "hint: a broker speaks AMQP at port 5672 (amqp://) and AMQP over TLS at 5671 (amqps://); 15672 is its management page"

// reachError says why there is no connection to speak on.
func reachError(e *endpoint, err error) error {
	const format = "rabbitmq: connect to %s: %w; hint: %s"
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf(format, e, err, "nothing listens there: is the broker running, and is the port right?")
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return fmt.Errorf(format, e, err, "nobody knows this host: check its name")
	}
	return fmt.Errorf("rabbitmq: connect to %s: %w", e, err)
}

// tlsError says what the handshake below AMQP failed on.
func tlsError(e *endpoint, err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return permanent("rabbitmq: connect to %s: wanted a certificate that can be verified, got: %w; hint: give its authority with rabbitmq.TLS", e, err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fmt.Errorf("rabbitmq: connect to %s: wanted TLS, got: %w; %s", e, err, ports)
	}
	return fmt.Errorf("rabbitmq: connect to %s: TLS: %w", e, err)
}

// loginError says what the handshake failed on. Only what the broker itself
// said is permanent: a broker that goes down closes sockets too.
func loginError(e *endpoint, err error) error {
	refused, known := errors.AsType[*amqp.Error](err)
	said := known && refused.Server
	switch {
	case errors.Is(err, amqp.ErrSASL):
		return permanent("rabbitmq: log in to %s: wanted a login mechanism that both sides know, got none; hint: enable rabbitmq_auth_mechanism_ssl for certificates, or use a password", e)
	case said && refused.Code == amqp.AccessRefused:
		return permanent("rabbitmq: log in to %s as %q: wanted access, got %s; hint: check user and password (the account guest is allowed from localhost only)", e, e.login.user, refused.Reason)
	case said && refused.Code == amqp.NotAllowed:
		return permanent("rabbitmq: open virtual host %q at %s as %q: wanted access, got %s; hint: rabbitmqctl add_vhost, set_permissions, or raise the limit", e.vhost, e, e.login.user, refused.Reason)
	case known && !said && (refused.Code == amqp.FrameError || refused.Code == amqp.SyntaxError):
		return fmt.Errorf("rabbitmq: connect to %s: wanted AMQP, got something else: %w; %s", e, err, ports)
	default:
		return fmt.Errorf("rabbitmq: connect to %s: handshake: %w", e, err)
	}
}

func permanent(format string, args ...any) error {
	return &transport.PermanentError{Err: fmt.Errorf(format, args...)}
}

func isPermanent(err error) bool {
	var p *transport.PermanentError
	return errors.As(err, &p)
}
