package interop_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// official are the official parser of AsyncAPI and a client that is built on it.
var official = library{name: "asyncapi", extension: ".js", interpreter: sync.OnceValues(findOfficial), missing: new(sync.Once)}

func findOfficial() (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", err
	}
	return node, installModules(filepath.Join("peers", "asyncapi"))
}

// documents are all that are kept in the repository.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"../../asyncapi/testdata/*.yaml", "../../asyncapi/testdata/*.json", "../../examples/*/asyncapi.yaml"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		all = append(all, found...)
	}
	require.NotEmpty(t, all)
	return all
}

func TestOfficialParserAcceptsAllDocuments(t *testing.T) {
	t.Parallel()
	out, err := official.command(t, "parse", documents(t)...).CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestOfficialParserRejects(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("../../examples/documented/asyncapi.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "spoilt.yaml")
	require.NoError(t, os.WriteFile(file, bytes.Replace(good, []byte("action: receive"), []byte("action: take"), 1), 0o600))
	require.Error(t, official.command(t, "parse", file).Run(), "the gate is not open to everything")
}

type loan struct {
	ISBN   string `json:"isbn"           validate:"required,len=13,number" example:"9780134190440"`
	Reader string `json:"reader"         validate:"required,email"         example:"ada@example.com"`
	Days   int    `json:"days"           validate:"min=1,max=28"           example:"14"`
	Note   string `json:"note,omitempty" validate:"omitempty,max=200"      example:"urgent"`
}

type lent struct {
	ISBN string `json:"isbn"`
}

func borrow(l loan) (lent, error) {
	if l.Days > 21 {
		return lent{}, parley.NewError(parley.CodeFailedPrecondition, "the book is lent")
	}
	return lent{l.ISBN}, nil
}

type query struct {
	Title string   `json:"title" validate:"min=2"               example:"go"`
	Limit *int     `json:"limit" validate:"omitempty,min=1"     example:"3"`
	Tags  []string `json:"tags"  validate:"max=3,dive,required"`
}

func find(q query) []lent { return make([]lent, len(q.Tags)) }

func forget(l lent) *lent {
	if l.ISBN == "" {
		return nil
	}
	return &l
}

// A program that knows the document alone gets from the service what the
// document says: one declared message for each call, and no refusal of what the
// schema accepts.
func TestDrivenByItsDocument(t *testing.T) {
	t.Parallel()
	official.need(t)
	url := rabbittest.URL(t)
	app := parley.New(rabbitmq.New(url), parley.Info("library", "1.0.0"), parley.Logger(slog.New(slog.DiscardHandler)))
	app.Subscriber(t.Name()+".borrow", borrow, parley.Errors(parley.CodeFailedPrecondition))
	app.Subscriber(t.Name()+".find", find)
	app.Subscriber(t.Name()+".forget", forget)
	doc, err := asyncapi.Generate(app, asyncapi.Broker("test", url), asyncapi.Sample("known", lent{"9780134190440"}))
	require.NoError(t, err)
	yaml, err := doc.YAML()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "asyncapi.yaml")
	require.NoError(t, os.WriteFile(file, yaml, 0o600))

	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(t.Context())) }()
	drive(t, file, url, 3)
}

// The example does what its document in the repository says.
func TestExampleDrivenByItsDocument(t *testing.T) {
	t.Parallel()
	official.need(t)
	url := rabbittest.URL(t)
	program := filepath.Join(t.TempDir(), "documented")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../examples/documented").CombinedOutput()
	require.NoError(t, err, string(out))
	service := exec.CommandContext(t.Context(), program)
	service.Env = append(os.Environ(), "PARLEY_URL="+url)
	require.NoError(t, service.Start())
	defer func() {
		require.NoError(t, service.Process.Signal(syscall.SIGTERM))
		_ = service.Wait()
	}()
	client := parley.New(rabbitmq.New(url), parley.Logger(slog.New(slog.DiscardHandler)))
	lookup := client.Publisher("library.find")
	require.NoError(t, client.Start(t.Context()))
	defer func() { require.NoError(t, client.Stop(t.Context())) }()
	require.Eventually(t, func() bool {
		_, err := lookup.Request(t.Context(), query{Title: "go"})
		return err == nil
	}, time.Minute, 100*time.Millisecond, "the service answers")
	drive(t, "../../examples/documented/asyncapi.yaml", url, 2)
}

// drive runs the client that knows the document alone.
func drive(t *testing.T, file, url string, operations int) {
	t.Helper()
	var stderr bytes.Buffer
	program := official.command(t, "drive", file, url)
	program.Stderr = &stderr
	out, err := program.Output()
	require.NoError(t, err, stderr.String())
	var counts struct {
		Operations, Calls, BothAccept, BothReject, Strict int
		Unsound, Unmatched                                []any
	}
	require.NoError(t, json.Unmarshal(out, &counts), string(out))
	t.Logf("%s", out)
	require.Equal(t, operations, counts.Operations)
	require.Greater(t, counts.Calls, 80)
	require.Positive(t, counts.BothAccept)
	require.Positive(t, counts.BothReject)
	require.Empty(t, slices.Concat(counts.Unsound, counts.Unmatched))
	require.LessOrEqual(t, 100*counts.Strict, 2*counts.Calls)
}
