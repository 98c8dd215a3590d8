package faultproxy

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		p.work.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.DialTimeout("tcp", p.target, dialTimeout)
	if err != nil {
		return
	}
	defer server.Close()
	defer p.drop(client, server)
	if !p.keep(client, server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client, ToServer, &p.toServer) })
	both.Go(func() { p.pass(client, server, ToClient, &p.toClient) })
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
func (p *Proxy) pass(to, from net.Conn, d Direction, passed *atomic.Int64) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.wait(d, n)
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
			passed.Add(int64(n))
		}
		if err != nil {
			return
		}
	}
}

// wait does to n bytes what the faults in force demand.
func (p *Proxy) wait(d Direction, n int) {
	p.mu.Lock()
	held, pause := p.held[d], p.delay
	if p.rate > 0 {
		pause += time.Duration(n) * time.Second / time.Duration(p.rate)
	}
	p.mu.Unlock()
	if pause > 0 {
		time.Sleep(pause)
	}
	if held != nil {
		<-held
	}
}
