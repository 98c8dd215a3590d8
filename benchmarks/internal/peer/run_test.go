package peer_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake counts what it is asked to do; calls above failAt fail.
type fake struct {
	published, consumed, calls atomic.Int64
	closed                     atomic.Bool
	failAt                     int64
	publishErr                 error
}

var errFake = errors.New("it broke")

func (f *fake) Publish(_ context.Context, job peer.Job) error {
	f.published.Add(int64(job.N))
	return f.publishErr
}

func (f *fake) Consume(ctx context.Context, job peer.Job) error {
	if f.publishErr != nil {
		<-ctx.Done() // the other side's failure ends this one
		return ctx.Err()
	}
	f.consumed.Add(int64(job.N))
	return nil
}

func (f *fake) Serve(ctx context.Context, _ peer.Job, ready func()) error {
	ready()
	<-ctx.Done()
	return nil
}

func (f *fake) Dial(context.Context, peer.Job) (peer.Caller, error) { return f, nil }

func (f *fake) Call(_ context.Context, order *work.Order) (work.Receipt, error) {
	if n := f.calls.Add(1); f.failAt > 0 && n > f.failAt {
		return work.Receipt{}, errFake
	}
	return work.Price(*order), nil
}

func (f *fake) Close() error {
	f.closed.Store(true)
	return nil
}

// process runs a job in place of a child and gives its pipes.
type process struct {
	t     *testing.T
	in    *io.PipeWriter
	lines *bufio.Scanner
	ended chan error
}

func start(t *testing.T, f *fake, job peer.Job) *process {
	t.Helper()
	inReader, inWriter := io.Pipe()
	outReader, outWriter := io.Pipe()
	p := &process{t: t, in: inWriter, lines: bufio.NewScanner(outReader), ended: make(chan error, 1)}
	go func() {
		err := peer.Run(t.Context(), f, job, inReader, outWriter)
		_ = outWriter.Close()
		p.ended <- err
	}()
	return p
}

func (p *process) next() peer.Line {
	p.t.Helper()
	require.True(p.t, p.lines.Scan(), "the process ended without a line")
	var line peer.Line
	require.NoError(p.t, json.Unmarshal(p.lines.Bytes(), &line))
	return line
}

func (p *process) signal() {
	_, err := p.in.Write([]byte("\n"))
	require.NoError(p.t, err)
}

func TestWorkerOfW3DoesBoth(t *testing.T) {
	t.Parallel()
	f := &fake{}
	p := start(t, f, peer.Job{Workload: "W3", Role: peer.Worker, N: 7})
	line := p.next()
	require.Equal(t, peer.Done, line.Event)
	require.Equal(t, 7, line.Result.N)
	require.Positive(t, line.Result.Seconds)
	require.NoError(t, <-p.ended)
	require.EqualValues(t, 7, f.published.Load())
	require.EqualValues(t, 7, f.consumed.Load())
}

func TestFailureOfOneSideEndsTheOther(t *testing.T) {
	t.Parallel()
	p := start(t, &fake{publishErr: errFake}, peer.Job{Workload: "W3", Role: peer.Worker, N: 7})
	line := p.next()
	require.Equal(t, peer.Failed, line.Event)
	require.Contains(t, line.Error, errFake.Error())
	require.ErrorIs(t, <-p.ended, errFake)
}

func TestClientWarmsUpWaitsAndMeasures(t *testing.T) {
	t.Parallel()
	f := &fake{}
	p := start(t, f, peer.Job{Workload: "W5c512", Role: peer.Client, N: 1000, Callers: 512})
	require.Equal(t, peer.Warm, p.next().Event)
	require.EqualValues(t, 512, f.calls.Load(), "the warm-up gives every caller a call")
	p.signal()
	line := p.next()
	require.Equal(t, peer.Done, line.Event)
	require.EqualValues(t, 1512, f.calls.Load(), "exactly N calls are measured")
	require.Equal(t, 1000, line.Result.N)
	require.LessOrEqual(t, line.Result.P50, line.Result.P99)
	require.NoError(t, <-p.ended)
	require.True(t, f.closed.Load())
}

func TestClientReportsACallThatFails(t *testing.T) {
	t.Parallel()
	f := &fake{failAt: 250}
	p := start(t, f, peer.Job{Workload: "W4", Role: peer.Client, N: 100, Callers: 1})
	require.Equal(t, peer.Warm, p.next().Event)
	p.signal()
	line := p.next()
	require.Equal(t, peer.Failed, line.Event)
	require.Contains(t, line.Error, "call 50: it broke")
	require.ErrorIs(t, <-p.ended, errFake)
	require.True(t, f.closed.Load(), "a failed client closes too")
}

func TestServerStopsAtTheEndOfItsInput(t *testing.T) {
	t.Parallel()
	p := start(t, &fake{}, peer.Job{Workload: "W4", Role: peer.Server})
	require.Equal(t, peer.Ready, p.next().Event)
	p.signal()
	require.NoError(t, p.in.Close())
	line := p.next()
	require.Equal(t, peer.Done, line.Event)
	require.NoError(t, <-p.ended)
}

func TestUnknownRole(t *testing.T) {
	t.Parallel()
	p := start(t, &fake{}, peer.Job{Workload: "W4", Role: "boss"})
	require.Contains(t, p.next().Error, `got "boss"`)
	require.Error(t, <-p.ended)
}
