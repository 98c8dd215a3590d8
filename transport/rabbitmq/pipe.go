package rabbitmq

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	// pipeLimit is how many unwritten bytes publishers may pile up before they
	// wait. Acknowledgements never wait: the prefetch bounds them.
	pipeLimit = 1 << 20
	// readBuffer replaces the client library's reads of 4 KiB. It has room for
	// a whole frame.
	readBuffer = frameSize
	// keptBuffer is the capacity that an idle connection keeps.
	keptBuffer = 256 << 10
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
	in   *frames
	wake chan struct{}
	done chan struct{}
	// ended is closed when the writing goroutine is gone.
	ended chan struct{}

	mu     sync.Mutex
	buf    []byte
	err    error
	vacant chan struct{}
}

func newPipe(conn, raw net.Conn) *pipe {
	p := &pipe{
		Conn: conn,
		raw:  raw,
		in:   newFrames(conn),
		wake: make(chan struct{}, 1),
		done: make(chan struct{}),

		ended: make(chan struct{}),
	}
	go p.flush()
	return p
}

// Read is called by one goroutine of the client library.
func (p *pipe) Read(b []byte) (int, error) { return p.in.Read(b) }

// Write takes b over; it fails only after the connection did.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	if p.err != nil {
		p.mu.Unlock()
		return 0, p.err
	}
	first := len(p.buf) == 0
	p.buf = append(p.buf, b...)
	p.mu.Unlock()
	if first {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return len(b), nil
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
	}
}

// take swaps the buffer for a spare one.
func (p *pipe) take(spare []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	full := p.buf
	if cap(spare) > keptBuffer && cap(spare)/4 > len(full) {
		spare = nil
	}
	p.buf = spare[:0]
	p.free()
	return full
}

func (p *pipe) write(b []byte) error {
	if err := p.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := p.Conn.Write(b)
	return err
}
