package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/stream"
)

func frame(kind stream.Kind, run string, seq int64) *stream.Frame {
	f := stream.Of(kind)
	f.Run, f.Seq = run, seq
	return &f
}

func TestIntakeChecksNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		frames  []*stream.Frame
		verdict stream.Verdict
		err     error
	}{
		"open":                   {[]*stream.Frame{frame("open", "a", -1)}, stream.Alive, nil},
		"first item":             {[]*stream.Frame{frame("item", "a", 1)}, stream.Next, nil},
		"a gap":                  {[]*stream.Frame{frame("item", "a", 1), frame("item", "a", 3)}, stream.Next, stream.ErrGap},
		"a duplicate":            {[]*stream.Frame{frame("item", "a", 1), frame("item", "a", 1)}, stream.Next, stream.ErrGap},
		"no number":              {[]*stream.Frame{frame("item", "a", -1)}, stream.Next, stream.ErrGap},
		"end":                    {[]*stream.Frame{frame("item", "a", 1), frame("end", "a", 2)}, stream.Done, nil},
		"end of nothing":         {[]*stream.Frame{frame("end", "a", 1)}, stream.Done, nil},
		"early end":              {[]*stream.Frame{frame("item", "a", 1), frame("end", "a", 3)}, stream.Done, stream.ErrCut},
		"end that counts less":   {[]*stream.Frame{frame("item", "a", 1), frame("end", "a", 1)}, stream.Done, stream.ErrGap},
		"beat":                   {[]*stream.Frame{frame("item", "a", 1), frame("beat", "a", 1)}, stream.Alive, nil},
		"beat behind the items":  {[]*stream.Frame{frame("item", "a", 1), frame("beat", "a", 0)}, stream.Alive, nil},
		"beat tells of a loss":   {[]*stream.Frame{frame("item", "a", 1), frame("beat", "a", 2)}, stream.Alive, stream.ErrGap},
		"error":                  {[]*stream.Frame{frame("item", "a", 1), frame("error", "a", 2)}, stream.Failed, nil},
		"another run":            {[]*stream.Frame{frame("open", "a", -1), frame("open", "b", -1)}, stream.Restarted, nil},
		"the rest of an old run": {[]*stream.Frame{frame("open", "b", -1), frame("item", "a", 7)}, stream.Stray, nil},
		"a kind of the future":   {[]*stream.Frame{frame("open", "b", -1), frame("sparkle", "b", 7)}, stream.Stray, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := stream.NewIntake(256, 0, &stream.Budget{})
			var v stream.Verdict
			var err error
			for _, f := range c.frames {
				v, err = in.Accept(f, 10)
			}
			require.Equal(t, c.verdict, v)
			require.ErrorIs(t, err, c.err)
		})
	}
}

// The sender obeys the grants of the reader: nothing is ever refused, and no
// more than the window is ahead of the reader.
func TestSenderAndReaderAgree(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 100, 1 << 10, 100 << 10, 3 << 20} {
		for _, window := range []int64{1, 7, 32, 256, 4096} {
			budget := &stream.Budget{}
			in := stream.NewIntake(window, 0, budget)
			request := stream.Of(stream.Request)
			request.Credit, request.CreditBytes = in.Granted().Items, in.Granted().Bytes
			out := stream.NewAllowance(&request)
			ahead := int64(0)
			for range 5000 {
				for out.Next() {
					v, err := in.Accept(frame("item", "a", out.Send(size)), size)
					require.NoError(t, err)
					require.Equal(t, stream.Next, v)
				}
				held := out.Sent()
				ahead = max(ahead, held.Items-in.Taken().Items)
				require.LessOrEqual(t, held.Bytes-in.Taken().Bytes, int64(stream.MostBytes+size))
				require.Positive(t, held.Items-in.Taken().Items, "the stream goes on")
				if in.Take(size) {
					f := stream.Of(stream.Credit)
					f.Credit, f.CreditBytes = in.Granted().Items, in.Granted().Bytes
					require.True(t, out.Raise(&f))
					require.False(t, out.Raise(&request), "a grant never falls")
				}
			}
			require.LessOrEqual(t, ahead, window)
			_, err := in.Accept(frame("item", "a", in.Granted().Items+1), size)
			require.Error(t, err)
			in.Release()
			require.Zero(t, budget.Used())
		}
	}
}

func TestMoreThanWasGrantedIsAnOverflow(t *testing.T) {
	t.Parallel()
	in := stream.NewIntake(2, 0, &stream.Budget{})
	for i := range int64(2) {
		_, err := in.Accept(frame("item", "a", i+1), 1)
		require.NoError(t, err)
	}
	_, err := in.Accept(frame("item", "a", 3), 1)
	require.ErrorIs(t, err, stream.ErrOverflow)

	in = stream.NewIntake(256, 0, &stream.Budget{})
	_, err = in.Accept(frame("item", "a", 1), stream.FirstBytes)
	require.NoError(t, err)
	_, err = in.Accept(frame("item", "a", 2), 1)
	require.ErrorIs(t, err, stream.ErrOverflow)
}

func TestALimitIsNeverExceeded(t *testing.T) {
	t.Parallel()
	in := stream.NewIntake(256, 40, &stream.Budget{})
	for range 40 {
		in.Take(1)
	}
	require.EqualValues(t, 40, in.Granted().Items)
}

func TestWindowsShareABudget(t *testing.T) {
	t.Parallel()
	budget := &stream.Budget{}
	total := int64(0)
	for range 1000 {
		in := stream.NewIntake(256, 0, budget)
		for range 1000 {
			in.Take(stream.FirstBytes)
		}
		total += in.Granted().Bytes - in.Taken().Bytes
	}
	require.LessOrEqual(t, budget.Used(), int64(stream.BudgetBytes))
	require.LessOrEqual(t, total, int64(1000*stream.FirstBytes+stream.BudgetBytes))
}

func TestARestartBeginsAnew(t *testing.T) {
	t.Parallel()
	budget := &stream.Budget{}
	in := stream.NewIntake(256, 0, budget)
	first := in.Granted()
	for i := range int64(30) {
		_, err := in.Accept(frame("item", "a", i+1), 1)
		require.NoError(t, err)
		in.Take(1)
	}
	in.Restart("b")
	require.Equal(t, first, in.Granted())
	require.Zero(t, budget.Used())
	_, err := in.Accept(frame("item", "b", 1), 1)
	require.NoError(t, err)
}
