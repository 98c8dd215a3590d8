package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Run does a job with a contender: the whole life of one process of the suite.
// It reads the suite's lines from in and writes its own to out; the last one
// is Done or Failed. The error is also in that line.
func Run(ctx context.Context, c Contender, job Job, in io.Reader, out io.Writer) error {
	p := &process{contender: c, job: job, in: bufio.NewReader(in), out: json.NewEncoder(out)}
	result, err := p.run(ctx)
	if err != nil {
		return errors.Join(err, p.say(Line{Event: Failed, Error: err.Error()}))
	}
	return p.say(Line{Event: Done, Result: &result})
}

type process struct {
	contender Contender
	job       Job
	in        *bufio.Reader
	out       *json.Encoder
}

func (p *process) say(line Line) error { return p.out.Encode(line) }

func (p *process) run(ctx context.Context) (Result, error) {
	workload, err := Find(p.job.Workload)
	if err != nil {
		return Result{}, err
	}
	switch p.job.Role {
	case Worker:
		return p.work(ctx, workload.Kind)
	case Server:
		if workload.Kind == Streaming {
			return p.serve(ctx, p.serveStreams)
		}
		return p.serve(ctx, func(ctx context.Context, ready func()) error { return p.contender.Serve(ctx, p.job, ready) })
	case Client:
		if workload.Kind == Streaming {
			return p.read(ctx)
		}
		return p.call(ctx)
	default:
		return Result{}, fmt.Errorf("role: wanted %s, %s or %s, got %q", Worker, Server, Client, p.job.Role)
	}
}

// work measures from before the dial to after the connection is closed.
func (p *process) work(ctx context.Context, kind Kind) (Result, error) {
	m := startMeter()
	var err error
	switch kind {
	case Publishing:
		err = p.contender.Publish(ctx, p.job)
	case Consuming:
		err = p.contender.Consume(ctx, p.job)
	default:
		err = p.both(ctx)
	}
	return m.stop(p.job.N), err
}

// both publishes and consumes at once; the first failure ends the other side.
func (p *process) both(ctx context.Context) error {
	if c, ok := p.contender.(Both); ok {
		return c.PublishAndConsume(ctx, p.job)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, side := range []func(context.Context, Job) error{p.contender.Publish, p.contender.Consume} {
		wg.Go(func() {
			if errs[i] = side(ctx, p.job); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// serve answers until the suite closes the standard input. Each line on it
// starts the measured phase anew.
func (p *process) serve(ctx context.Context, answer func(context.Context, func()) error) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var result Result
	metered := make(chan struct{})
	go func() {
		defer close(metered)
		defer cancel()
		m := startMeter()
		for p.await() == nil {
			m = startMeter()
		}
		result = m.stop(0)
	}()
	var said error
	err := answer(ctx, func() { said = p.say(Line{Event: Ready}) })
	if err = errors.Join(err, said); err != nil {
		return result, err
	}
	<-metered
	return result, nil
}

// await returns when the suite has written a line, or with an error when it
// has closed the input.
func (p *process) await() error {
	_, err := p.in.ReadString('\n')
	return err
}
