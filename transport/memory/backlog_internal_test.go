package memory

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// TestBacklogOrder compares a backlog with a sorted list.
func TestBacklogOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		priorities := int(seed % 3)
		b := newBacklog(priorities)
		var model, out []*entry
		number := uint64(0)
		for range 400 {
			switch {
			case random.IntN(2) == 0:
				number++
				e := &entry{number: number, letter: &letter{message: transport.Message{Priority: uint8(random.IntN(4)), Body: make([]byte, 3)}}}
				b.push(e)
				model = append(model, e)
			case len(out) > 0 && random.IntN(2) == 0:
				i := random.IntN(len(out))
				b.putBack(out[i])
				model = append(model, out[i])
				out = slices.Delete(out, i, i+1)
			case len(model) > 0:
				want := slices.MinFunc(model, func(x, y *entry) int { return compareEntries(x, y, priorities) })
				require.Same(t, want, b.pop(), "seed %d", seed)
				model = slices.DeleteFunc(model, func(e *entry) bool { return e == want })
				out = append(out, want)
			default:
				require.Nil(t, b.pop())
			}
			require.Equal(t, len(model), b.n)
			require.Equal(t, 3*len(model), b.bytes)
		}
	}
}

func compareEntries(x, y *entry, priorities int) int {
	px, py := min(int(x.message.Priority), priorities), min(int(y.message.Priority), priorities)
	if px != py {
		return py - px
	}
	return int(x.number) - int(y.number)
}
