package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a peer may live, and how long a test waits for anything.
// Only a broken test reaches it.
const patience = 3 * time.Minute

// process is a running peer. It ends when its standard input does.
type process struct {
	tb     testing.TB
	input  io.WriteCloser
	lines  chan []byte // closed at the end of the output
	stderr *bytes.Buffer
}

func start(tb testing.TB, url string, command *exec.Cmd) *process {
	tb.Helper()
	p := &process{tb: tb, lines: make(chan []byte, 4096), stderr: new(bytes.Buffer)}
	command.Env = append(os.Environ(), "AMQP_URL="+url, "PYTHONDONTWRITEBYTECODE=1")
	command.Stderr = p.stderr
	output, err := command.StdoutPipe()
	require.NoError(tb, err)
	p.input, err = command.StdinPipe()
	require.NoError(tb, err)
	require.NoError(tb, command.Start())
	kill := time.AfterFunc(patience, func() { command.Process.Kill() })
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(output); s.Scan(); {
			p.lines <- bytes.Clone(s.Bytes())
		}
	}()
	tb.Cleanup(func() {
		defer kill.Stop()
		p.end(command)
	})
	return p
}

// end waits for the peer, and with it for its reader.
func (p *process) end(command *exec.Cmd) {
	p.input.Close()
	for range p.lines {
	}
	if err := command.Wait(); err != nil {
		p.tb.Errorf("%v: %v\n%s", command.Args, err, p.stderr)
	}
}

func (p *process) write(line any) {
	p.tb.Helper()
	require.NoError(p.tb, json.NewEncoder(p.input).Encode(line))
}

// read decodes the next line into v; false is the end of the output.
func (p *process) read(v any) bool {
	p.tb.Helper()
	line, ok := <-p.lines
	if ok {
		require.NoError(p.tb, json.Unmarshal(line, v), string(line))
	}
	return ok
}
