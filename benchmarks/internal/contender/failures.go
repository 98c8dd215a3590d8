package contender

import (
	"errors"
	"sync"
)

// failures runs functions at once and keeps their errors. Its zero value is
// ready. stop, if set, is called at each error and ends the others.
type failures struct {
	stop func()
	wg   sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

// Go runs f in a goroutine of its own.
func (f *failures) Go(run func() error) {
	f.wg.Go(func() {
		if err := run(); err != nil {
			f.mu.Lock()
			f.errs = append(f.errs, err)
			f.mu.Unlock()
			if f.stop != nil {
				f.stop()
			}
		}
	})
}

// Wait returns when all have ended, with their errors joined.
func (f *failures) Wait() error {
	f.wg.Wait()
	return errors.Join(f.errs...)
}
