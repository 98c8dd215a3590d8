package parley_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// begin returns the state of key.
func begin(t *testing.T, s parley.Store, key string) parley.Claim {
	t.Helper()
	c, err := s.Begin(t.Context(), key)
	require.NoError(t, err)
	return c
}

func TestMemoryStoreStates(t *testing.T) {
	t.Parallel()
	s := parley.NewMemoryStore(parley.StoreOptions{})
	require.Error(t, s.Done(t.Context(), "a", "", nil), "nobody claimed it")
	require.Error(t, s.Abort(t.Context(), "a", ""))
	require.Equal(t, parley.ClaimNew, begin(t, s, "a").State)
	require.Equal(t, parley.ClaimInProgress, begin(t, s, "a").State)
	require.Equal(t, parley.ClaimNew, begin(t, s, "b").State)
	require.NoError(t, s.Abort(t.Context(), "a", ""))
	require.Equal(t, parley.ClaimNew, begin(t, s, "a").State)
	require.NoError(t, s.Done(t.Context(), "a", "", nil))
	require.Error(t, s.Abort(t.Context(), "a", ""), "it is done")
	require.Error(t, s.Done(t.Context(), "a", "", nil))
	require.Equal(t, parley.Claim{State: parley.ClaimDone}, begin(t, s, "a"))
}

func TestMemoryStoreGivesCopies(t *testing.T) {
	t.Parallel()
	s := parley.NewMemoryStore(parley.StoreOptions{})
	begin(t, s, "a")
	require.NoError(t, s.Done(t.Context(), "a", "", &parley.Message{Body: []byte("x"), Headers: parley.Headers{"h": "1"}}))
	for range 2 {
		reply := begin(t, s, "a").Reply
		require.Equal(t, &parley.Message{Body: []byte("x"), Headers: parley.Headers{"h": "1"}}, reply)
		reply.Body[0] = 'y'
		reply.Headers["h"] = "2"
	}
}

func TestMemoryStoreForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := parley.NewMemoryStore(parley.StoreOptions{TTL: time.Minute, Max: 3})
		begin(t, s, "running")
		for i := range 4 {
			key := strconv.Itoa(i)
			begin(t, s, key)
			require.NoError(t, s.Done(t.Context(), key, "", nil))
			time.Sleep(time.Second)
		}
		require.Equal(t, parley.ClaimDone, begin(t, s, "1").State)
		require.Equal(t, parley.ClaimNew, begin(t, s, "0").State, "the oldest is one too many")
		time.Sleep(57 * time.Second)
		require.Equal(t, parley.ClaimNew, begin(t, s, "1").State, "a minute has passed")
		require.Equal(t, parley.ClaimDone, begin(t, s, "3").State)
		require.Equal(t, parley.ClaimInProgress, begin(t, s, "running").State)
	})
}
