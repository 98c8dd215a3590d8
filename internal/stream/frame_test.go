package stream_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/stream"
	"github.com/parley-go/parley/transport"
)

func TestFramesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, f := range []stream.Frame{
		stream.Of(stream.Cancel),
		{Kind: stream.Request, Seq: -1, Credit: 32, CreditBytes: 65536, Beat: 5 * time.Second},
		{Kind: stream.Item, Seq: 1, Credit: -1, CreditBytes: -1, Run: "r"},
		{Kind: stream.Beat, Seq: 0, Credit: -1, CreditBytes: -1, Run: "r"},
	} {
		var m transport.Message
		f.Write(&m)
		got, err := stream.Parse(m.Headers)
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
}

// amqplib sends the narrowest integer, JavaScript knows only floats.
func TestNumbersOfEveryWidth(t *testing.T) {
	t.Parallel()
	for _, v := range []any{int8(42), int16(42), int32(42), int64(42), uint8(42), uint16(42), uint32(42), uint64(42), 42, float32(42), float64(42)} {
		f, err := stream.Parse(transport.Headers{stream.HeaderFrame: "credit", stream.HeaderCredit: v})
		require.NoError(t, err, "%T", v)
		require.EqualValues(t, 42, f.Credit)
	}
	for _, v := range []any{-1, 0.5, math.NaN(), math.Inf(1), "42", true, nil, uint64(math.MaxUint64), int64(math.MaxInt64), 1e300} {
		for _, name := range []string{stream.HeaderSeq, stream.HeaderCredit, stream.HeaderCreditBytes} {
			_, err := stream.Parse(transport.Headers{stream.HeaderFrame: "credit", name: v})
			require.ErrorContains(t, err, name, "%v", v)
		}
	}
}

func TestFrameOfNoText(t *testing.T) {
	t.Parallel()
	_, err := stream.Parse(transport.Headers{stream.HeaderFrame: 7})
	require.ErrorContains(t, err, "wanted a text")
	f, err := stream.Parse(nil)
	require.NoError(t, err)
	require.Empty(t, f.Kind)
	require.EqualValues(t, -1, f.Credit)
}

func FuzzParse(f *testing.F) {
	f.Add("item", int64(1), int64(-1), 0.5, "run", int64(5000))
	f.Add("", int64(-1), int64(math.MaxInt64), math.NaN(), "", int64(0))
	f.Fuzz(func(t *testing.T, kind string, seq, credit int64, bytes float64, run string, beat int64) {
		h := transport.Headers{
			stream.HeaderFrame: []byte(kind), stream.HeaderSeq: seq, stream.HeaderCredit: credit,
			stream.HeaderCreditBytes: bytes, stream.HeaderRun: run, stream.HeaderBeat: beat,
		}
		frame, err := stream.Parse(h)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, frame.Beat, time.Duration(0))
		require.GreaterOrEqual(t, frame.Seq, int64(0))
		require.Equal(t, credit, frame.Credit)
		var m transport.Message
		frame.Write(&m)
		again, err := stream.Parse(m.Headers)
		require.NoError(t, err)
		require.Equal(t, frame, again)

		// Whatever a frame says, the accounts stay within what was granted.
		in := stream.NewIntake(256, 0, &stream.Budget{})
		_, _ = in.Accept(&frame, len(run))
		require.LessOrEqual(t, in.Received().Items, in.Granted().Items)
		out := stream.NewAllowance(&frame)
		for range 3 {
			if out.Next() {
				out.Send(10)
			}
		}
		require.LessOrEqual(t, out.Sent().Items, frame.Credit)
	})
}
