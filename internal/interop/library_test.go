package interop_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// library is an AMQP client library that the peers of one folder are built on.
type library struct {
	name        string
	extension   string
	interpreter func() (string, error) // looked up once
	missing     *sync.Once             // says so
}

var libraries = []library{
	{name: "pika", extension: ".py", interpreter: sync.OnceValues(findPython), missing: new(sync.Once)},
	{name: "amqplib", extension: ".js", interpreter: sync.OnceValues(findNode), missing: new(sync.Once)},
}

// need skips the test, or fails it in CI, where the library is not installed.
func (l library) need(tb testing.TB) {
	tb.Helper()
	_, err := l.interpreter()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		tb.Fatal(err)
	default:
		l.missing.Do(func() { fmt.Fprintln(os.Stderr, "left out:", err) })
		tb.SkipNow()
	}
}

func (l library) command(tb testing.TB, program string, args ...string) *exec.Cmd {
	tb.Helper()
	l.need(tb)
	interpreter, _ := l.interpreter()
	script := filepath.Join("peers", l.name, program+l.extension)
	return exec.Command(interpreter, append([]string{script}, args...)...)
}

// findPython prefers the system's Python, whose packages come with the distribution.
func findPython() (string, error) {
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import pika").Run() == nil {
			return python, nil
		}
	}
	return "", errors.New("peers on pika need python3 with pika; hint: apt-get install python3-pika")
}

func findNode() (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("peers on amqplib need node; hint: apt-get install nodejs npm: %w", err)
	}
	return node, installModules(filepath.Join("peers", "amqplib"))
}

func installModules(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("peers on amqplib need its modules: npm ci in %s: %w: %.500s", folder, err, out)
	}
	return nil
}
