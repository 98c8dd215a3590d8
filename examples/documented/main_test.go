package main

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/memory"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

var update = flag.Bool("update", false, "write asyncapi.yaml anew")

// The document in the repository is that of the code.
func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := Document(NewApp(memory.New()), "amqps://library:secret@rabbitmq.example.com/")
	require.NoError(t, err)
	yaml, err := doc.YAML()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("asyncapi.yaml", yaml, 0o600))
	}
	want, err := os.ReadFile("asyncapi.yaml")
	require.NoError(t, err)
	require.Equal(t, string(want), string(yaml), "go test -update, if the change is meant")
	asyncapi.VerifyLint(t, doc)
	require.Equal(t, "Borrow lends a book.", doc.Operations["borrow"].Summary)
}

// No change since the last release breaks anybody.
func TestNothingBreaks(t *testing.T) {
	t.Parallel()
	released, err := os.ReadFile("asyncapi.yaml")
	require.NoError(t, err)
	older, err := asyncapi.Parse(released)
	require.NoError(t, err)
	newer, err := Document(NewApp(memory.New()), "amqps://rabbitmq.example.com/")
	require.NoError(t, err)
	changes := asyncapi.Diff(older, newer)
	require.Zero(t, changes.ExitCode(), changes.Text())
}

// The schemas refuse what the service refuses.
func TestSchemas(t *testing.T) {
	t.Parallel()
	figures := asyncapi.VerifySchemas(t, NewApp(memory.New()), asyncapi.Instances(300))
	require.Zero(t, figures.Unsound)
}

// What is sent is what the document says.
func TestLibrary(t *testing.T) {
	t.Parallel()
	app := NewApp(memory.New())
	asyncapi.Watch(t, app)
	borrow := parley.NewClient[Loan, Lent](app, "library.borrow")
	find := parley.NewClient[Query, []Book](app, "library.find")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.WithoutCancel(t.Context()))) }()
	lent, err := borrow.Call(t.Context(), Loan{ISBN: "9780134190440", Reader: "ada@example.com", Days: 14})
	require.NoError(t, err)
	require.Equal(t, Lent{ISBN: "9780134190440", Due: "day 14"}, lent)
	_, err = borrow.Call(t.Context(), Loan{ISBN: "9780134190440", Reader: "ada@example.com", Days: 28})
	require.Equal(t, parley.CodeFailedPrecondition, parley.CodeOf(err))
	books, err := find.Call(t.Context(), Query{Title: "none"})
	require.NoError(t, err)
	require.Empty(t, books)
}
