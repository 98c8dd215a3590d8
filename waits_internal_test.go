package parley

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A declaration that ended with its caller's context is made again by whoever
// waited for it; one that the broker refused is told to all.
func TestDeclarationThatEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, want := range map[string]error{"ended": nil, "refused": refused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var w waits
				answer, done := make(chan error), make(chan error)
				first, leave := context.WithCancel(t.Context())
				go func() {
					_, err := w.declared(first, "q", nil, func() error {
						select {
						case err := <-answer:
							return err
						case <-first.Done():
							return first.Err()
						}
					})
					done <- err
				}()
				synctest.Wait()
				again := 0
				for range 2 {
					go func() {
						_, err := w.declared(t.Context(), "q", nil, func() error { again++; return nil })
						done <- err
					}()
				}
				synctest.Wait()
				if want == nil {
					leave()
					require.ErrorIs(t, <-done, context.Canceled)
					require.NoError(t, <-done)
					require.NoError(t, <-done)
					require.Equal(t, 1, again)
				} else {
					answer <- want
					for range 3 {
						require.ErrorIs(t, <-done, want)
					}
					require.Zero(t, again)
				}
				leave()
			})
		})
	}
}
