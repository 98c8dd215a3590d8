package parley

import (
	"sync"
	"time"
)

// peer is a process at the other end of streams, known by its inbox. What it
// says on one stream shows on all that it is alive: the frames of a thousand
// streams stand in one queue, and those of one may wait there for long behind
// the others.
type peer struct {
	peers   *peers
	address string

	mu    sync.Mutex
	heard time.Time
	// streams counts those with it. The lock of peers guards it.
	streams int
}

// peers are those of one run that have streams with it.
type peers struct {
	mu  sync.Mutex
	all map[string]*peer
}

// meet returns the peer at an inbox, which the caller must leave; nil for none.
func (p *peers) meet(address string) *peer {
	if address == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.all[address]
	if one == nil {
		one = &peer{peers: p, address: address}
		if p.all == nil {
			p.all = map[string]*peer{}
		}
		p.all[address] = one
	}
	one.streams++
	return one
}

// leave forgets a peer with its last stream.
func (p *peer) leave() {
	if p == nil {
		return
	}
	p.peers.mu.Lock()
	defer p.peers.mu.Unlock()
	if p.streams--; p.streams == 0 {
		delete(p.peers.all, p.address)
	}
}

// speaks notes that something came from the peer.
func (p *peer) speaks(now time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = now
}

// lastHeard is when something came from it, on whichever stream; zero for never.
func (p *peer) lastHeard() time.Time {
	if p == nil {
		return time.Time{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}
