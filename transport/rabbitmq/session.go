package rabbitmq

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/transport"
)

const (
	// callTimeout bounds a call of the client library that has no context of
	// its own; after it the session ends, which is what frees the call.
	callTimeout = 20 * time.Second
	// closeTimeout bounds the closing handshake of a connection.
	closeTimeout = 2 * time.Second
)

// session is the life of one network connection and of all that is made on it.
// Nothing of a session survives into the next one.
type session struct {
	conn *amqp.Connection
	pipe *pipe
	log  *slog.Logger
	// kinds are the link's, for all its sessions.
	kinds *kinds
	// ctx ends with the session, with the cause transport.ErrSessionLost.
	ctx context.Context
	end context.CancelCauseFunc
	// work are the goroutines of the session, the watch included.
	work sync.WaitGroup
	// closed is the broker's reason for the end; valid after ctx ended.
	closed atomic.Pointer[amqp.Error]

	// shut says that the broker takes no publications; unblocked is closed
	// when it does again.
	shut      atomic.Bool
	mu        sync.Mutex
	unblocked chan struct{}
	// blocking is the broker's reason while it takes none.
	blocking string
	// alarm holds a token when shut has changed.
	alarm chan struct{}
	// sealed says that work is being waited for.
	sealed bool

	lanes     [laneKinds]lanePlace
	exchanges exchanges
}

func newSession(ctx context.Context, conn *amqp.Connection, p *pipe, log *slog.Logger, k *kinds) *session {
	ctx, end := context.WithCancelCause(ctx)
	s := &session{conn: conn, pipe: p, log: log, kinds: k, ctx: ctx, end: end, alarm: make(chan struct{}, 1)}
	for i := range s.lanes {
		s.lanes[i].opening = make(chan struct{}, 1)
	}
	s.exchanges.declaring = make(chan struct{}, 1)
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 16))
	s.work.Go(func() { s.watch(closed, blocked) })
	return s
}

// watch runs until the connection is closed, by whomever. It closes the socket
// itself: the client library would wait for its own locks first.
func (s *session) watch(closed <-chan *amqp.Error, blocked <-chan amqp.Blocking) {
	for {
		select {
		case b, ok := <-blocked:
			if !ok {
				blocked = nil
				continue
			}
			s.setBlocked(b)
		case err := <-closed:
			s.closed.Store(err)
			_ = s.pipe.Close()
			s.end(lost(err))
			<-s.pipe.ended
			return
		}
	}
}

func lost(err *amqp.Error) error {
	if err == nil {
		return transport.ErrSessionLost
	}
	return fmt.Errorf("%w: %w", transport.ErrSessionLost, err)
}

func (s *session) setBlocked(b amqp.Blocking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.Active == s.shut.Load() {
		return
	}
	s.shut.Store(b.Active)
	s.blocking = b.Reason
	if b.Active {
		s.unblocked = make(chan struct{})
	} else {
		close(s.unblocked)
	}
	select {
	case s.alarm <- struct{}{}:
	default:
	}
}

// blockedBy returns why the broker takes no publications, nil when it does.
func (s *session) blockedBy() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shut.Load() {
		return nil
	}
	return fmt.Errorf("rabbitmq: %w: %s", transport.ErrBlocked, s.blocking)
}

// open waits while the broker blocks publishers. It returns nil when that is
// over or the session is, else transport.ErrBlocked.
func (s *session) open(ctx context.Context) error {
	if !s.shut.Load() {
		return nil
	}
	s.mu.Lock()
	unblocked := s.unblocked
	s.mu.Unlock()
	select {
	case <-unblocked:
		return nil
	case <-s.ctx.Done():
		return nil
	case <-ctx.Done():
		return blocked(context.Cause(ctx))
	}
}

func blocked(cause error) error {
	return fmt.Errorf("rabbitmq: publish: %w: %w", transport.ErrBlocked, cause)
}

func (s *session) ended() bool { return s.ctx.Err() != nil }

// abort ends the session at once.
func (s *session) abort() {
	_ = s.pipe.Close()
}

// close ends the session in order where the broker lets us, within budget, and
// waits for its goroutines.
func (s *session) close(budget time.Duration) {
	if s.shut.Load() {
		// A broker that blocks does not read, so it answers no close either.
		budget = 0
	}
	timer := time.AfterFunc(budget, s.abort)
	defer timer.Stop()
	_ = s.conn.CloseDeadline(time.Now().Add(max(budget, time.Millisecond)))
	s.abort()
	s.mu.Lock()
	s.sealed = true
	s.mu.Unlock()
	s.work.Wait()
}

// call runs f, which calls the client library, in a goroutine of the session.
// When ctx ends first, call returns its cause and f goes on alone; undo then
// takes back what f did. A call that takes longer than callTimeout ends the
// session.
func (s *session) call(ctx context.Context, f func() error, undo func()) error {
	var taken atomic.Bool
	result := make(chan error, 1)
	started := s.spawn(func() {
		timer := time.AfterFunc(callTimeout, s.abort)
		defer timer.Stop()
		err := f()
		if taken.CompareAndSwap(false, true) {
			result <- err
		} else if err == nil && undo != nil {
			undo()
		}
	})
	if !started {
		return context.Cause(s.ctx)
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if taken.CompareAndSwap(false, true) {
			return context.Cause(ctx)
		}
		return <-result
	}
}

// spawn runs f in a goroutine of the session; it reports false when the
// session is over.
func (s *session) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed || s.ended() {
		return false
	}
	s.work.Go(f)
	return true
}

// onChannel runs f on a throw-away channel: a refused declaration closes the
// channel it was made on.
func (s *session) onChannel(ctx context.Context, f func(*amqp.Channel) error) error {
	return s.call(ctx, func() error {
		ch, err := s.conn.Channel()
		if err != nil {
			return err
		}
		defer func() { _ = ch.Close() }()
		return f(ch)
	}, nil)
}
