package rabbitnode

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	stopBudget = 10 * time.Second
	// Login and password of the account that every node has.
	login, password = "guest", "guest"
)

// Options shape a node. The zero value is a plain one.
type Options struct {
	// TLS adds a TLS listener, see [Node.TLSURL].
	TLS *TLS
	// Config are further lines of rabbitmq.conf.
	Config []string
	// Plugins are enabled in addition to none.
	Plugins []string
}

// TLS names the PEM files of a listener. With a client authority, clients must
// show a certificate that it signed.
type TLS struct{ Authority, Certificate, Key, ClientAuthority string }

// Node is a RabbitMQ server of one's own. Its methods may be called by one
// goroutine at a time; URL, TLSURL, Name, Ctl and PID by any number.
type Node struct {
	install installation
	// name is that of the Erlang node. Its files lie in dir, the cookie in home.
	name, dir, home string

	ports ports
	env   []string
	guard *guard
	epmd  *process

	mu     sync.Mutex
	server *process
}

// Start starts a node and returns when it completes AMQP handshakes, in about
// ten seconds. When ctx ends first, nothing is left behind.
func Start(ctx context.Context, o Options) (*Node, error) {
	install, err := locate()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-rabbit-")
	if err != nil {
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	n := &Node{install: install, name: "parley@localhost", dir: dir, home: dir}
	if err := n.start(ctx, o); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, o Options) (err error) {
	if n.ports, err = freePorts(); err != nil {
		return err
	}
	if err := n.writeConfig(o); err != nil {
		return err
	}
	n.env = n.environment()
	if n.guard, err = newGuard(n.dir); err != nil {
		return err
	}
	if n.epmd, err = n.mapPorts(n.dir); err != nil {
		return err
	}
	return n.launch(ctx)
}

// mapPorts starts a port mapper of one's own, in the foreground: it ends with
// those that it serves.
func (n *Node) mapPorts(dir string) (*process, error) {
	cmd := exec.Command(n.install.epmd, "-port", fmt.Sprint(n.ports.epmd), "-address", "127.0.0.1")
	return launch(cmd, n.env, filepath.Join(dir, "epmd.log"), filepath.Join(dir, "epmd.pid"))
}

func (n *Node) launch(ctx context.Context) error {
	cmd := exec.Command(filepath.Join(n.install.bin, "rabbitmq-server"))
	server, err := launch(cmd, n.env, n.path("out.log"), n.path("server.pid"))
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.server = server
	n.mu.Unlock()
	if err := n.awaitHandshake(ctx, server); err != nil {
		return fmt.Errorf("rabbitnode: node is not ready: %w; its output: %s", err, n.lastOutput())
	}
	return nil
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

func (n *Node) lastOutput() string {
	out, _ := os.ReadFile(n.path("out.log"))
	const most = 2000
	return strings.TrimSpace(string(out[max(0, len(out)-most):]))
}

// URL is the address of the node with the login of its administrator.
func (n *Node) URL() string { return n.url("amqp", n.ports.amqp) }

// TLSURL is the address of the TLS listener of [Options].
func (n *Node) TLSURL() string { return n.url("amqps", n.ports.tls) }

func (n *Node) url(scheme string, port int) string {
	u := url.URL{Scheme: scheme, User: url.UserPassword(login, password), Host: fmt.Sprintf("localhost:%d", port), Path: "/"}
	return u.String()
}

// Name is the name of the Erlang node, as the broker's own tools print it.
func (n *Node) Name() string { return n.name }

// PID is the process id of the broker, 0 while it does not run.
func (n *Node) PID() int {
	s := n.current()
	if s == nil || s.ended() {
		return 0
	}
	return s.cmd.Process.Pid
}

func (n *Node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.server
}

// Kill ends the broker as a crash would (SIGKILL). Its data stays.
func (n *Node) Kill() error { return n.current().kill() }

// Halt ends the broker in order (SIGTERM). Its data stays.
func (n *Node) Halt() { n.current().stop() }

// Restart starts the broker again on the same ports and data, after Kill or,
// when it runs, after ending it in order. It returns when the node is ready.
func (n *Node) Restart(ctx context.Context) error {
	n.current().stop()
	return n.launch(ctx)
}

// Flush makes the broker write down what it was told to declare, in one to three
// seconds. RabbitMQ with Mnesia answers a declaration when its commit is on
// disk, but the record that decides the commit may follow up to two seconds
// later: killed before that, the broker comes back without the queue, and
// without what it has confirmed for it.
func (n *Node) Flush(ctx context.Context) error {
	_, err := n.Ctl(ctx, "eval", "disk_log:sync(latest_log).")
	return err
}

// Pause freezes the broker: its sockets stay open and nothing answers.
func (n *Node) Pause() error { return freeze(n.current().cmd.Process.Pid) }

// Continue ends Pause.
func (n *Node) Continue() error { return thaw(n.current().cmd.Process.Pid) }

// Stop ends the node and everything that belongs to it and removes its data.
func (n *Node) Stop() error {
	n.current().stop()
	n.epmd.stop()
	n.guard.release()
	return os.RemoveAll(n.dir)
}

// Ctl runs rabbitmqctl on the node and returns what it printed. Each call
// takes one to three seconds.
func (n *Node) Ctl(ctx context.Context, args ...string) (string, error) {
	return n.run(ctx, "rabbitmqctl", args...)
}

func (n *Node) run(ctx context.Context, script string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(n.install.bin, script), args...)
	cmd.Env, cmd.Dir = n.env, n.dir
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("rabbitnode: %s %v: %w: %s", script, args, err, out)
	}
	return string(out), nil
}
