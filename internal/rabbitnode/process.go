package rabbitnode

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// process is a running program; one goroutine waits for it until it ends.
// The methods of a nil process do nothing.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func launch(cmd *exec.Cmd, env []string, logPath, pidPath string) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	defer log.Close()
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
	}()
	if err := os.WriteFile(pidPath, []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		_ = p.kill()
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) kill() error {
	if p == nil || p.ended() {
		return nil
	}
	err := p.cmd.Process.Kill()
	<-p.done
	return err
}

// stop asks the process to end, and kills it when it does not.
func (p *process) stop() {
	if p == nil || p.ended() {
		return
	}
	_ = thaw(p.cmd.Process.Pid)
	if terminate(p.cmd.Process.Pid) == nil {
		select {
		case <-p.done:
			return
		case <-time.After(stopBudget):
		}
	}
	_ = p.kill()
}

// guard is a shell that outlives a killed owner: the pipe to it closes with
// the owner, and it then ends what the pid files name and removes the folder.
type guard struct {
	cmd   *exec.Cmd
	alive io.WriteCloser
}

const guardScript = `read -r order
[ "$order" = release ] && exit 0
for file in "$1"/server.pid "$1"/*/server.pid "$1"/epmd.pid; do
	[ -f "$file" ] && kill -9 "$(cat "$file")"
done
rm -rf "$1"`

func newGuard(dir string) (*guard, error) {
	cmd := exec.Command("sh", "-c", guardScript, "sh", dir)
	ownGroup(cmd)
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	return &guard{cmd: cmd, alive: alive}, nil
}

func (g *guard) release() {
	if g == nil {
		return
	}
	_, _ = io.WriteString(g.alive, "release\n")
	_ = g.alive.Close()
	_ = g.cmd.Wait()
}
