package victim

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/parley-go/parley/chaos/internal/resource"
)

const (
	// Verb is the hidden sub-command of the driver that is a victim.
	Verb = "victim"
	// readyLine is what a child prints when it works.
	readyLine = "ready"
	// leftLine begins what a child prints when it has ended its work: what it
	// held before and after.
	leftLine = "left "
	// leftWithin is how soon it must have given back what it took.
	leftWithin = 10 * time.Second
	// measureEvery is how often it looks at what it holds.
	measureEvery = 5 * time.Second
	// startBudget bounds the start of a child.
	startBudget = 60 * time.Second
)

// Main is the child's side: it reads its job from r and ends with SIGTERM, or
// with the driver, whose end closes r.
func Main(r io.Reader, w io.Writer) error {
	in := bufio.NewReader(r)
	text, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("victim: read the job: %w", err)
	}
	var j Job
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("victim: read the job: %w", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go func() {
		_, _ = in.ReadByte()
		os.Exit(1)
	}()
	span := resource.Span{Name: j.Name, Before: resource.Now(), Work: j.Concurrency + j.Prefetch}
	ended, watched := make(chan struct{}), make(chan struct{})
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	go func() {
		defer close(watched)
		span.Watch(tick.C, ended)
	}()
	err = Run(ctx, j, func() { fmt.Fprintln(w, readyLine) })
	close(ended)
	<-watched
	if err != nil {
		return err
	}
	span.After = resource.Settle(span.Before, leftWithin)
	text, err = json.Marshal(span)
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", leftLine, text)
	return err
}

// Child is a victim in a process of its own.
type Child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	ready  chan struct{}
	done   chan struct{}
	stderr strings.Builder
	err    error
	left   *resource.Span
}

// Start starts a child and returns when it is in working order.
func Start(ctx context.Context, j Job) (*Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("victim: %w", err)
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("victim: %w", err)
	}
	c := &Child{cmd: exec.Command(self, Verb), ready: make(chan struct{}), done: make(chan struct{})}
	c.cmd.Stderr = &c.stderr
	// A signal to the driver's group is the driver's business.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("victim: %w", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("victim: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("victim: %w", err)
	}
	go c.wait(out)
	if _, err := c.in.Write(append(text, '\n')); err != nil {
		return nil, fmt.Errorf("victim: hand over the job: %w", err)
	}
	select {
	case <-c.ready:
		return c, nil
	case <-c.done:
		return nil, fmt.Errorf("victim: %s ended: %w: %s", j.Name, c.err, c.stderr.String())
	case <-ctx.Done():
		c.Kill()
		return nil, context.Cause(ctx)
	case <-time.After(startBudget):
		c.Kill()
		return nil, fmt.Errorf("victim: %s is not ready after %v", j.Name, startBudget)
	}
}

func (c *Child) wait(out io.Reader) {
	defer close(c.done)
	ready := sync.OnceFunc(func() { close(c.ready) })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == readyLine {
			ready()
		}
		if text, ok := strings.CutPrefix(lines.Text(), leftLine); ok {
			c.left = new(resource.Span)
			_ = json.Unmarshal([]byte(text), c.left)
		}
	}
	c.err = c.cmd.Wait()
}

// Kill ends the child as a crash would (SIGKILL) and waits for its end.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
	_ = c.in.Close()
}

// Terminate asks the child to stop (SIGTERM), waits for its end, and returns
// how it ended. After budget it is killed, which is an error.
func (c *Child) Terminate(budget time.Duration) error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
		_ = c.in.Close()
		if c.err != nil {
			return fmt.Errorf("victim: %w: %s", c.err, c.stderr.String())
		}
		return nil
	case <-time.After(budget):
		c.Kill()
		return fmt.Errorf("victim: still running %v after SIGTERM", budget)
	}
}

// Left is what a child that ended in order held before and after its work; nil
// for one that was killed or still runs.
func (c *Child) Left() *resource.Span {
	select {
	case <-c.done:
		return c.left
	default:
		return nil
	}
}

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }
