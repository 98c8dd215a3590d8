package parley

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

const (
	defaultStoreTTL = time.Hour
	defaultStoreMax = 10_000
)

// StoreOptions bound what a [MemoryStore] remembers.
type StoreOptions struct {
	// TTL is how long a handled message is remembered, an hour when it is not
	// positive.
	TTL time.Duration
	// Max is how many handled messages are remembered, with their encoded
	// results, 10 000 when it is not positive; the oldest is forgotten first.
	// Messages in progress come on top, at most one for each running handler.
	Max int
}

// MemoryStore is a [Store] for one process: it neither survives the process nor
// knows of other instances. Its claims have no lease, for they end with their
// handlers or with the process. It may be shared by subscribers and apps, and
// needs no closing. Its methods return at once, without heed to the context.
type MemoryStore struct {
	ttl time.Duration
	max int

	mu      sync.Mutex
	records map[string]*record
	// done are the done records, oldest first.
	done list.List
}

type record struct {
	key   string
	done  bool
	at    time.Time
	reply *Message
}

// NewMemoryStore returns an empty store.
func NewMemoryStore(o StoreOptions) *MemoryStore {
	if o.TTL <= 0 {
		o.TTL = defaultStoreTTL
	}
	if o.Max <= 0 {
		o.Max = defaultStoreMax
	}
	return &MemoryStore{ttl: o.TTL, max: o.Max, records: map[string]*record{}}
}

// Begin claims key unless it has a record. It returns no error.
func (s *MemoryStore) Begin(_ context.Context, key string) (Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	r, known := s.records[key]
	switch {
	case !known:
		s.records[key] = &record{key: key}
		return Claim{State: ClaimNew}, nil
	case !r.done:
		return Claim{State: ClaimInProgress}, nil
	case r.reply == nil:
		return Claim{State: ClaimDone}, nil
	default:
		return Claim{State: ClaimDone, Reply: separate(r.reply)}, nil
	}
}

var errNoClaim = errors.New("wanted a message in progress, got none")

// Done records the result of a claimed message. Without a claim it returns an
// error.
func (s *MemoryStore) Done(_ context.Context, key, _ string, reply *Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, known := s.records[key]
	if !known || r.done {
		return errNoClaim
	}
	r.done, r.at, r.reply = true, time.Now(), reply
	s.done.PushBack(r)
	s.forget()
	return nil
}

// Abort removes a claim. Without one it returns an error.
func (s *MemoryStore) Abort(_ context.Context, key, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, known := s.records[key]; !known || r.done {
		return errNoClaim
	}
	delete(s.records, key)
	return nil
}

// forget removes what is too old or too many. s.mu is held.
func (s *MemoryStore) forget() {
	for e := s.done.Front(); e != nil; e = s.done.Front() {
		r, ok := e.Value.(*record)
		if ok && s.done.Len() <= s.max && time.Since(r.at) < s.ttl {
			return
		}
		s.done.Remove(e)
		delete(s.records, r.key)
	}
}
