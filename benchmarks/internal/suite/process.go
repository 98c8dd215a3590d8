package suite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/parley-go/parley/benchmarks/internal/peer"
)

// Verbs of the protocol: the argument before the job, and the one by which an
// external peer is asked what it does.
const (
	runVerb      = "run"
	describeVerb = "describe"
)

// process is one child. One goroutine uses it.
type process struct {
	ctx    context.Context //nolint:containedctx // bounds the child's life, reported when it ends it
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  *bufio.Scanner
	stderr bytes.Buffer
	ended  bool
}

// start runs the command with a job. The child ends at the latest with ctx.
func start(ctx context.Context, command []string, job peer.Job) (*process, error) {
	encoded, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	p := &process{ctx: ctx, name: string(job.Role)}
	args := append(append([]string{}, command[1:]...), runVerb, string(encoded))
	p.cmd = exec.CommandContext(ctx, command[0], args...)
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return p, nil
}

// expect reads the next line and refuses any other event.
func (p *process) expect(event peer.Event) (peer.Line, error) {
	var line peer.Line
	if !p.lines.Scan() {
		p.kill()
		return line, fmt.Errorf("%s: wanted a line %q, got the end of its output%s", p.name, event, p.why())
	}
	if err := json.Unmarshal(p.lines.Bytes(), &line); err != nil {
		return line, fmt.Errorf("%s: wanted one line of JSON, got %q: %w", p.name, p.lines.Text(), err)
	}
	if line.Event == peer.Failed {
		return line, fmt.Errorf("%s: %s", p.name, line.Error)
	}
	if line.Event != event {
		return line, fmt.Errorf("%s: wanted a line %q, got %q", p.name, event, line.Event)
	}
	return line, nil
}

// why adds what is known about a child that ended without a word.
func (p *process) why() string {
	var text string
	if cause := context.Cause(p.ctx); cause != nil {
		text += "; " + cause.Error()
	}
	if tail := bytes.TrimSpace(p.stderr.Bytes()); len(tail) > 0 {
		text += "; it wrote: " + string(tail[max(0, len(tail)-500):])
	}
	return text
}

func (p *process) result() (peer.Result, error) {
	line, err := p.expect(peer.Done)
	if err != nil {
		return peer.Result{}, err
	}
	if line.Result == nil || (line.Result.Seconds <= 0) {
		return peer.Result{}, fmt.Errorf("%s: wanted a result with its seconds, got none", p.name)
	}
	return *line.Result, nil
}

// signal writes the line that starts the measured phase.
func (p *process) signal() error {
	if _, err := p.in.Write([]byte("\n")); err != nil {
		return fmt.Errorf("%s: signal: %w", p.name, err)
	}
	return nil
}

// finish tells a server to stop and returns its result.
func (p *process) finish() (peer.Result, error) {
	if err := p.in.Close(); err != nil {
		return peer.Result{}, fmt.Errorf("%s: stop: %w", p.name, err)
	}
	result, err := p.result()
	if err != nil {
		return result, err
	}
	return result, p.end()
}

// end waits until the child has ended by itself.
func (p *process) end() error {
	p.ended = true
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w%s", p.name, err, p.why())
	}
	return nil
}

// kill ends the child if it still runs and waits for it.
func (p *process) kill() {
	if p.ended {
		return
	}
	p.ended = true
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // the exit status of a killed child says nothing
}

// Describe asks an external peer for its workloads and settings.
func Describe(ctx context.Context, name string, command []string) (Peer, error) {
	if len(command) == 0 {
		return Peer{}, errors.New("peer " + name + ": wanted name=command, got no command")
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	args := append(append([]string{}, command[1:]...), describeVerb)
	out, err := exec.CommandContext(ctx, command[0], args...).Output()
	if err != nil {
		return Peer{}, fmt.Errorf("peer %s: %s: %w", name, describeVerb, err)
	}
	var about struct {
		About     string   `json:"about"`
		Workloads []string `json:"workloads"`
	}
	if err := json.Unmarshal(out, &about); err != nil {
		return Peer{}, fmt.Errorf("peer %s: %s: wanted one JSON object, got %q: %w", name, describeVerb, out, err)
	}
	return Peer{Name: name, About: about.About, Command: command, Workloads: about.Workloads}, nil
}
