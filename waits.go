package parley

import (
	"sync"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// waits remember when wait queues were last declared.
type waits struct {
	mu sync.Mutex
	at map[string]time.Time
}

// stale reports whether a queue is to be declared before its next use.
func (w *waits) stale(queue string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, known := w.at[queue]
	return !known || time.Since(at) > topology.WaitQueueLease
}

func (w *waits) declared(queue string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at == nil {
		w.at = map[string]time.Time{}
	}
	w.at[queue] = time.Now()
}
