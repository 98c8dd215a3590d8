package parley

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// MemoryPending is a [PendingStore] for one process: what it keeps ends with
// that. It grows with the number of messages that are not answered, and needs no
// closing. It may be shared by apps. Its methods return at once, without heed to
// the context, and give no errors.
type MemoryPending struct {
	mu  sync.Mutex
	all map[string]Pending
}

// NewMemoryPending returns an empty store.
func NewMemoryPending() *MemoryPending { return &MemoryPending{all: map[string]Pending{}} }

// Add keeps p, in place of another one of that id.
func (s *MemoryPending) Add(_ context.Context, p Pending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[p.CorrelationID] = p
	return nil
}

// Done forgets the message of that id, and reports whether it was there.
func (s *MemoryPending) Done(_ context.Context, correlationID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.all[correlationID]
	delete(s.all, correlationID)
	return known, nil
}

// Overdue returns the messages that were due before that time, the earliest
// first, at most limit of them. It looks at all that the store keeps.
func (s *MemoryPending) Overdue(_ context.Context, before time.Time, limit int) ([]Pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []Pending
	for _, p := range s.all {
		if p.Due.Before(before) {
			due = append(due, p)
		}
	}
	slices.SortFunc(due, func(a, b Pending) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.CorrelationID, b.CorrelationID))
	})
	return due[:min(len(due), max(limit, 0))], nil
}
