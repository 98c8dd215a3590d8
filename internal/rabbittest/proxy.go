package rabbittest

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy is a network between one test and a broker, which the test can break
// without harm to others.
type Proxy struct {
	target, address string
	listener        net.Listener
	work            sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// frozen is closed by Thaw; nil while bytes flow.
	frozen chan struct{}
	conns  map[net.Conn]struct{}
}

// NewProxy listens on a port of its own and passes on to the broker at
// address, an AMQP URL, until the test ends.
func NewProxy(tb testing.TB, address string) *Proxy {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal("rabbittest: malformed address")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{target: u.Host, listener: l, conns: map[net.Conn]struct{}{}}
	u.Host = l.Addr().String()
	p.address = u.String()
	p.work.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// URL is the broker's address through the proxy.
func (p *Proxy) URL() string { return p.address }

// Cut ends every connection at once (RST). New ones are accepted.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		_ = c.Close()
	}
}

// Freeze lets connections stay open and nothing through.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
	}
}

// Thaw ends Freeze; what was sent meanwhile arrives.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	broker, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer broker.Close()
	if !p.keep(client, broker) {
		return
	}
	defer p.drop(client, broker)
	var both sync.WaitGroup
	both.Go(func() { p.pass(broker, client) })
	both.Go(func() { p.pass(client, broker) })
	both.Wait()
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// pass copies until either end closes, and then closes both.
func (p *Proxy) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.wait()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) wait() {
	p.mu.Lock()
	frozen := p.frozen
	p.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Thaw()
	p.Cut()
	p.work.Wait()
}
