package rabbitmq

import (
	"context"
	"fmt"
	"math"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport/topology"
)

// declare declares all that a subscriber owns, or checks it where it is
// passive, and returns the name of the queue to consume.
func (s *session) declare(ctx context.Context, t topology.Subscription, passive bool) (queue string, err error) {
	passive = passive || t.Passive
	// After an error the declaration may still be going on: see session.call.
	declared := make(chan string, 1)
	err = s.onChannel(ctx, func(ch *amqp.Channel) error {
		name, err := s.declareAll(ch, t, passive)
		declared <- name
		return err
	})
	if err != nil {
		return "", err
	}
	return <-declared, nil
}

func (s *session) declareAll(ch *amqp.Channel, t topology.Subscription, passive bool) (string, error) {
	if t.ErrorQueue != "" {
		if _, err := declareQueue(ch, "error queue", t.ErrorQueueDeclaration(), passive); err != nil {
			return "", err
		}
	}
	if t.Exchange != nil {
		if err := s.declareExchange(ch, t.Exchange, passive); err != nil {
			return "", err
		}
	}
	queue, err := declareQueue(ch, "queue", t.Queue, passive)
	if err != nil || passive || t.Exchange == nil {
		return queue, err
	}
	return queue, bind(ch, queue, t)
}

func declareQueue(ch *amqp.Channel, kind string, q topology.QueueDeclaration, passive bool) (string, error) {
	args, err := arguments(q.Arguments)
	if err != nil {
		return "", permanent("rabbitmq: declare %s %q: %w", kind, q.Name, err)
	}
	if !passive {
		made, err := ch.QueueDeclare(q.Name, q.Durable, q.AutoDelete, q.Exclusive, false, args)
		return made.Name, refusal(fmt.Sprintf("declare %s %q", kind, q.Name), err)
	}
	if q.Name == "" {
		return "", permanent("rabbitmq: check %s: wanted a queue that exists, got one for the broker to name; hint: a passive subscriber cannot broadcast", kind)
	}
	_, err = ch.QueueDeclarePassive(q.Name, q.Durable, q.AutoDelete, q.Exclusive, false, args)
	return q.Name, refusal(fmt.Sprintf("check %s %q", kind, q.Name), err)
}

func (s *session) declareExchange(ch *amqp.Channel, e *topology.Exchange, passive bool) error {
	args, err := arguments(e.Arguments)
	if err != nil {
		return permanent("rabbitmq: declare exchange %q: %w", e.Name, err)
	}
	if passive || e.Passive {
		err = ch.ExchangeDeclarePassive(e.Name, e.Kind, e.Durable, e.AutoDelete, e.Internal, false, args)
		return refusal(fmt.Sprintf("check exchange %q", e.Name), err)
	}
	if err := s.kinds.refusal(e); err != nil {
		return err
	}
	err = ch.ExchangeDeclare(e.Name, e.Kind, e.Durable, e.AutoDelete, e.Internal, false, args)
	return s.kinds.declared(e, err)
}

func bind(ch *amqp.Channel, queue string, t topology.Subscription) error {
	for _, b := range t.Bindings {
		args, err := arguments(b.Arguments)
		if err == nil {
			err = ch.QueueBind(queue, b.Key, t.Exchange.Name, false, args)
		}
		if err != nil {
			return refusal(fmt.Sprintf("bind queue %q to exchange %q with key %q", queue, t.Exchange.Name, b.Key), err)
		}
	}
	return nil
}

// arguments converts the arguments of a declaration. Integers become int32
// where they fit, the width that other peers declare with.
func arguments(a topology.Arguments) (amqp.Table, error) {
	table, err := headersOut(a)
	if err != nil || len(table) == 0 {
		return nil, err
	}
	out := make(amqp.Table, len(table))
	for key, v := range table {
		if n, ok := v.(int64); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			v = int32(n)
		}
		out[key] = v
	}
	return out, nil
}

// exchangeKey tells declarations apart; arguments are left out, for they
// cannot be compared.
type exchangeKey struct {
	name, kind                             string
	durable, autoDelete, internal, passive bool
}

// exchanges remembers what a session has declared for its publications.
type exchanges struct {
	known sync.Map
	// declaring is held by the one who declares.
	declaring chan struct{}
}

func keyOf(e *topology.Exchange) exchangeKey {
	return exchangeKey{e.Name, e.Kind, e.Durable, e.AutoDelete, e.Internal, e.Passive}
}

// exchange declares e, or checks it, once in a session.
func (s *session) exchange(ctx context.Context, e *topology.Exchange, passive bool) error {
	if e == nil || e.Name == "" {
		return nil
	}
	key := keyOf(e)
	if _, ok := s.exchanges.known.Load(key); ok {
		return nil
	}
	select {
	case s.exchanges.declaring <- struct{}{}:
		defer func() { <-s.exchanges.declaring }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if _, ok := s.exchanges.known.Load(key); ok {
		return nil
	}
	err := s.onChannel(ctx, func(ch *amqp.Channel) error { return s.declareExchange(ch, e, passive) })
	if err == nil {
		s.exchanges.known.Store(key, struct{}{})
	}
	return err
}
