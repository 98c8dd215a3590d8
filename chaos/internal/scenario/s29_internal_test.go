package scenario

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The mix of a soak is the seed's, and has every kind of fault before one
// comes again.
func TestMix(t *testing.T) {
	t.Parallel()
	plan := func(seed uint64) []step { return mix(rand.New(rand.NewPCG(seed, 0)), 30) }
	one := plan(1)
	require.Len(t, one, 30)
	require.Equal(t, one, plan(1))
	require.NotEqual(t, one, plan(2))
	require.Equal(t, killBroker, one[0].kind)
	seen := map[string]bool{}
	for _, s := range one[:len(faultKinds)] {
		seen[s.kind] = true
	}
	require.Len(t, seen, len(faultKinds))
}
