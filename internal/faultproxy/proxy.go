package faultproxy

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Direction is a way through the proxy.
type Direction int

// The two ways, and both of them.
const (
	ToServer Direction = 1 << iota
	ToClient
	Both = ToServer | ToClient
)

// dialTimeout bounds the connection to the server.
const dialTimeout = 5 * time.Second

// Proxy passes bytes between its clients and one server. Its methods may be
// called concurrently; faults apply to present and future connections.
type Proxy struct {
	target   string
	listener net.Listener
	work     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// held is closed by Thaw; nil while bytes flow. One for each direction.
	held  map[Direction]chan struct{}
	conns map[net.Conn]struct{}
	// delay is added to every read, rate is in bytes per second, 0 without bound.
	delay time.Duration
	rate  int

	accepted, ended, toServer, toClient atomic.Int64
}

// Counters tell what a proxy did since it was made.
type Counters struct {
	// Accepted connections, and those of them that Cut or Reset ended.
	Accepted, Ended int64
	// BytesToServer and BytesToClient were passed on.
	BytesToServer, BytesToClient int64
}

// New listens on a loopback port of its own and passes on to target, a
// host:port. It ends with Close.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("faultproxy: %w", err)
	}
	p := &Proxy{target: target, listener: l, held: map[Direction]chan struct{}{}, conns: map[net.Conn]struct{}{}}
	p.work.Go(p.accept)
	return p, nil
}

// Address is the host:port for clients.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Counters returns the present counts.
func (p *Proxy) Counters() Counters {
	return Counters{p.accepted.Load(), p.ended.Load(), p.toServer.Load(), p.toClient.Load()}
}

// Cut ends every connection in order (FIN). New ones are accepted.
func (p *Proxy) Cut() { p.end(false) }

// Reset ends every connection at once (RST). New ones are accepted.
func (p *Proxy) Reset() { p.end(true) }

func (p *Proxy) end(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if t, ok := c.(*net.TCPConn); ok && reset {
			_ = t.SetLinger(0)
		}
	}
	// Only now: whoever sees one side end closes the other one.
	for c := range p.conns {
		_ = c.Close()
	}
	p.ended.Add(int64(len(p.conns) / 2))
}

// Freeze is a black hole in direction d: sockets stay open and nothing comes
// through.
func (p *Proxy) Freeze(d Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range []Direction{ToServer, ToClient} {
		if d&one != 0 && p.held[one] == nil {
			p.held[one] = make(chan struct{})
		}
	}
}

// Thaw ends Freeze. What was sent meanwhile arrives, as retransmission would
// bring it.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for d, held := range p.held {
		close(held)
		delete(p.held, d)
	}
}

// Delay holds back everything by d, in both directions. 0 ends it.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Throttle bounds each direction of each connection to so many bytes per
// second. 0 ends it.
func (p *Proxy) Throttle(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// Close ends the proxy with all connections and waits for them.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Thaw()
	p.Reset()
	p.work.Wait()
	return err
}
