package rabbitmq

import (
	"bufio"
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// pipeLimit is how many unwritten bytes publishers may pile up before they
	// wait. Acknowledgements never wait: the prefetch bounds them.
	pipeLimit = 1 << 20
	// readBuffer replaces the client library's reads of 4 KiB.
	readBuffer = 64 << 10
	// keptBuffer is the capacity that an idle connection keeps.
	keptBuffer = 256 << 10
	// quietFor is how long nothing must have been written for a frame to be
	// written at once: a lone caller then does not wait for another goroutine,
	// and under load frames still gather.
	quietFor = 100 * time.Microsecond
	// writeTimeout bounds one write to the socket; after it the session ends.
	writeTimeout = 20 * time.Second
)

// pipe gathers writes: Write appends to a buffer and returns, and one
// goroutine writes the buffer out, many frames in one system call. Nobody is
// thus ever stuck inside the client library because a socket is full; who may
// wait does so in [pipe.room], under a context.
type pipe struct {
	net.Conn
	// raw is the TCP connection below TLS: closing it ends any wait.
	raw  net.Conn
	in   *bufio.Reader
	wake chan struct{}
	done chan struct{}
	// ended is closed when the writing goroutine is gone.
	ended chan struct{}

	// timeout bounds one write of the goroutine.
	timeout time.Duration
	// direct writes without waiting; nil where the system or TLS forbids it.
	direct func(b []byte) (int, error)

	mu     sync.Mutex
	buf    []byte
	err    error
	vacant chan struct{}
	// writing says that somebody writes to the socket; last is when bytes came.
	writing bool
	last    time.Time
}

func newPipe(conn, raw net.Conn) *pipe {
	p := &pipe{
		Conn: conn,
		raw:  raw,
		in:   bufio.NewReaderSize(conn, readBuffer),
		wake: make(chan struct{}, 1),
		done: make(chan struct{}),

		ended:   make(chan struct{}),
		timeout: writeTimeout,
	}
	if conn == raw {
		p.direct = directWriter(raw)
	}
	go p.flush()
	return p
}

// Read is called by one goroutine of the client library.
func (p *pipe) Read(b []byte) (int, error) { return p.in.Read(b) }

// Write takes b over; it fails only after the connection did.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, p.err
	}
	now := time.Now()
	quiet := now.Sub(p.last) > quietFor
	p.last = now
	if quiet && p.direct != nil && !p.writing && len(p.buf) == 0 {
		return len(b), p.writeAtOnce(b)
	}
	first := len(p.buf) == 0
	p.buf = append(p.buf, b...)
	if first {
		p.rouse()
	}
	return len(b), nil
}

// writeAtOnce writes what the socket takes without waiting and leaves the rest
// to the writing goroutine. It is called with the mutex held.
func (p *pipe) writeAtOnce(b []byte) error {
	p.writing = true
	p.mu.Unlock()
	n, err := p.direct(b)
	p.mu.Lock()
	p.writing = false
	if err != nil {
		return err
	}
	if n < len(b) {
		p.buf = slices.Concat(b[n:], p.buf)
	}
	if len(p.buf) > 0 {
		p.rouse()
	}
	return nil
}

// rouse wakes the writing goroutine.
func (p *pipe) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close ends the connection at once, without writing what is left.
func (p *pipe) Close() error {
	p.fail(net.ErrClosed)
	return p.raw.Close()
}

func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	p.err = err
	p.free()
	close(p.done)
}

// free lets those in room look again.
func (p *pipe) free() {
	if p.vacant != nil {
		close(p.vacant)
		p.vacant = nil
	}
}

// room waits while too much is unwritten.
func (p *pipe) room(ctx context.Context) error {
	for {
		vacant := p.full()
		if vacant == nil {
			return nil
		}
		select {
		case <-vacant:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// full returns nil when there is room, else a channel that is closed when it
// is worth looking again. A broken connection has room: the write will say
// what is wrong.
func (p *pipe) full() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil || len(p.buf) < pipeLimit {
		return nil
	}
	if p.vacant == nil {
		p.vacant = make(chan struct{})
	}
	return p.vacant
}

func (p *pipe) flush() {
	defer close(p.ended)
	var spare []byte
	for {
		select {
		case <-p.wake:
		case <-p.done:
			return
		}
		spare = p.take(spare)
		if len(spare) == 0 {
			continue
		}
		if err := p.write(spare); err != nil {
			p.fail(err)
			_ = p.raw.Close()
			return
		}
		p.written()
	}
}

// take swaps the buffer for a spare one. While somebody else writes there is
// nothing to take: the end of that write wakes the goroutine again.
func (p *pipe) take(spare []byte) []byte {
	if cap(spare) > keptBuffer {
		spare = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writing {
		return spare[:0]
	}
	full := p.buf
	p.buf = spare[:0]
	p.writing = len(full) > 0
	p.free()
	return full
}

// written says that the goroutine is not at the socket any more.
func (p *pipe) written() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing = false
}

func (p *pipe) write(b []byte) error {
	if err := p.SetWriteDeadline(time.Now().Add(p.timeout)); err != nil {
		return err
	}
	if _, err := p.Conn.Write(b); err != nil {
		return err
	}
	// A deadline that stays would end the next write at once, however late it is.
	return p.SetWriteDeadline(time.Time{})
}
