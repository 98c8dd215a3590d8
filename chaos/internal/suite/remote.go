package suite

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/parley-go/parley/chaos/internal/scenario"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// Verb is the hidden sub-command of the driver that is a lane: each has a
// process of its own, so that what a run leaves behind is its own.
const Verb = "lane"

// stopWithin is what a lane may take to stop its brokers.
const stopWithin = 30 * time.Second

// errDied says that a lane ended in the middle of a run.
var errDied = errors.New("suite: the lane died")

// answer is what a lane says: how far it is, or how the run ended.
type answer struct {
	Progress string
	Result   *stage.Result
	// Error says that the run could not be made.
	Error string
}

// Serve is a lane's side: it makes the runs that it reads from r, one after
// the other, and ends with r or with an interrupt.
func Serve(r io.Reader, w io.Writer, scenarios []scenario.Scenario) error {
	return newLane(scenarios).serve(r, w)
}

func (l *lane) serve(r io.Reader, w io.Writer) error {
	// An interrupt of the terminal's group reaches the driver, which closes r.
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	defer l.discard()
	orders := make(chan order)
	go func() {
		defer cancel()
		defer close(orders)
		for in := json.NewDecoder(r); ; {
			var o order
			if in.Decode(&o) != nil {
				return
			}
			orders <- o
		}
	}()
	out := json.NewEncoder(w)
	for o := range orders {
		result, err := l.do(ctx, o, func(text string) { _ = out.Encode(answer{Progress: text}) })
		a := answer{Result: &result}
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return fmt.Errorf("suite: answer the driver: %w", err)
		}
	}
	return nil
}

// remote is the driver's side of a lane.
type remote struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func newRemote(cmd *exec.Cmd) (*remote, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	return &remote{cmd, in, json.NewDecoder(bufio.NewReader(out))}, nil
}

func (l *remote) do(ctx context.Context, o order, progress func(string)) (stage.Result, error) {
	// The lane stops what it does when nobody asks any more.
	stop := context.AfterFunc(ctx, func() { _ = l.in.Close() })
	defer stop()
	if err := json.NewEncoder(l.in).Encode(o); err != nil {
		return stage.Result{}, fmt.Errorf("%w: %w", errDied, err)
	}
	for {
		var a answer
		switch err := l.out.Decode(&a); {
		case err != nil:
			return stage.Result{}, fmt.Errorf("%w: %w", errDied, err)
		case a.Error != "":
			return *a.Result, errors.New(a.Error)
		case a.Result != nil:
			return *a.Result, nil
		default:
			progress(a.Progress)
		}
	}
}

// discard ends the lane, which stops its brokers.
func (l *remote) discard() {
	_ = l.in.Close()
	kill := time.AfterFunc(stopWithin, func() { _ = l.cmd.Process.Kill() })
	defer kill.Stop()
	_ = l.cmd.Wait()
}
