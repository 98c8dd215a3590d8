package rabbitmq

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// frameSize is RabbitMQ's own default for the largest frame.
const frameSize = 131072

// plain is the SASL mechanism PLAIN.
//
// Response also completes the client properties: the client library writes the
// table of capabilities just before it asks for the response and leaves out
// authentication_failure_close. Without that capability RabbitMQ answers a
// wrong password by closing the socket after some seconds, which looks like a
// broker that is going down.
//
// Source: https://www.rabbitmq.com/docs/auth-notification
type plain struct {
	login
	properties amqp.Table
}

func (p *plain) Mechanism() string { return "PLAIN" }

func (p *plain) Response() string {
	announceLoginErrors(p.properties)
	return "\x00" + p.user + "\x00" + p.password
}

// external is the SASL mechanism EXTERNAL: the certificate is the login.
type external struct{ properties amqp.Table }

func (e *external) Mechanism() string { return "EXTERNAL" }

func (e *external) Response() string {
	announceLoginErrors(e.properties)
	return ""
}

func announceLoginErrors(properties amqp.Table) {
	if capabilities, ok := properties["capabilities"].(amqp.Table); ok {
		capabilities["authentication_failure_close"] = true
	}
}

// dial makes one attempt to connect to one node.
func (c *config) dial(ctx context.Context, e *endpoint, name string) (*amqp.Connection, *pipe, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.dialTimeout, fmt.Errorf("no answer within %s", c.dialTimeout))
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", e.address())
	if err != nil {
		return nil, nil, reachError(e, cause(ctx, err))
	}
	// A frozen broker accepts connections and says nothing.
	release := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer release()
	conn, err := c.secure(ctx, raw, e)
	if err != nil {
		_ = raw.Close()
		return nil, nil, tlsError(e, cause(ctx, err))
	}
	p := newPipe(conn, raw)
	ac, err := amqp.Open(p, c.amqp(e, name))
	if err != nil {
		_ = p.Close()
		return nil, nil, loginError(e, cause(ctx, err))
	}
	p.in.negotiated(ac.Config.FrameSize)
	// The client library arms the read deadline only when a frame arrives: a
	// broker that froze just now would never be noticed.
	_ = raw.SetReadDeadline(time.Now().Add(ac.Config.Heartbeat * 3 / 2))
	return ac, p, nil
}

// cause prefers the reason why ctx ended to the error that its end provoked.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// amqp is made anew for every dial: the client library writes into it.
func (c *config) amqp(e *endpoint, name string) amqp.Config {
	properties := amqp.Table{"product": "parley", "platform": "Go", "connection_name": name}
	var mechanism amqp.Authentication = &plain{e.login, properties}
	if c.certificate != nil {
		mechanism = &external{properties}
	}
	return amqp.Config{
		SASL:       []amqp.Authentication{mechanism},
		Vhost:      e.vhost,
		FrameSize:  frameSize,
		Heartbeat:  e.heartbeat,
		Properties: properties,
		Locale:     "en_US",
	}
}

func (c *config) secure(ctx context.Context, raw net.Conn, e *endpoint) (net.Conn, error) {
	if !e.secure {
		return raw, nil
	}
	t := tls.Config{}
	settings := &t
	if c.tls != nil {
		settings = c.tls.Clone()
	}
	settings.MinVersion = max(settings.MinVersion, tls.VersionTLS12)
	if settings.ServerName == "" {
		settings.ServerName = e.host
	}
	if c.certificate != nil {
		settings.Certificates = []tls.Certificate{*c.certificate}
	}
	settings.InsecureSkipVerify = settings.InsecureSkipVerify || c.insecure
	conn := tls.Client(raw, settings)
	return conn, conn.HandshakeContext(ctx)
}
