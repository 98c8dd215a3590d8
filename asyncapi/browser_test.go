package asyncapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

// lookTime bounds a look at a page: a loaded machine starts browsers slowly. It
// is no expectation.
const lookTime = 5 * time.Minute

// browserFolder holds the program that looks at the page.
var browserFolder = filepath.Join("testdata", "browser")

// needBrowser skips where there is no browser, and fails where there must be
// one, by the same rule as tests with a broker.
func needBrowser(t *testing.T) {
	t.Helper()
	missing := ""
	for _, program := range []string{"node", "npm", "chromium"} {
		if _, err := exec.LookPath(program); err != nil {
			missing += " " + program
		}
	}
	rule := os.Getenv("PARLEY_TEST_BROKER")
	switch {
	case rule == "off":
		t.Skip("tests with other programs are off")
	case missing == "":
	case rule == "require" || os.Getenv("CI") == "true":
		t.Fatalf("not found:%s; hint: scripts/deps.sh", missing)
	default:
		t.Skipf("not found:%s", missing)
	}
	if _, err := os.Stat(filepath.Join(browserFolder, "node_modules", "axe-core")); err == nil {
		return
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci")
	npm.Dir = browserFolder
	out, err := npm.CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestBrowser looks at the page as people do: on a desk and on a phone, light
// and dark, with and without scripts, on paper; and tries what can be tried.
// Set PARLEY_SCREENSHOTS to a folder to keep the pictures.
func TestBrowser(t *testing.T) {
	needBrowser(t)
	for name, c := range map[string]struct {
		app   *parley.App
		tries bool
	}{"one": {single(), true}, "forty": {forty(), false}} {
		t.Run(name, func(t *testing.T) {
			var opts []asyncapi.PageOption
			if c.tries {
				opts = append(opts, asyncapi.TryItOnLoopback())
			}
			require.NoError(t, c.app.Start(t.Context()))
			server := httptest.NewServer(asyncapi.Handler(c.app, opts...))
			defer func() {
				server.Close()
				require.NoError(t, c.app.Stop(context.Background()))
			}()
			look(t, server.URL, name, strconv.FormatBool(c.tries))
		})
	}
}

// TestBrowserReadsStreams tries operations with many replies, with many items,
// and with a reply that comes later.
func TestBrowserReadsStreams(t *testing.T) {
	needBrowser(t)
	tap := newFaucet()
	app := parley.New(memory.New(), parley.Info("springs", "1"), parley.Logger(slog.New(slog.DiscardHandler)))
	app.Subscriber("springs.drip", tap.Drip)
	app.Subscriber("springs.restock", Restock)
	app.Subscriber("springs.reprice", Reprice)
	app.Subscriber("springs.approve", Approve)
	require.NoError(t, app.Start(t.Context()))
	mux := http.NewServeMux()
	// Streams last as long as the program looks at them.
	mux.Handle("/", asyncapi.Handler(app, asyncapi.TryItOnLoopback(asyncapi.TryTimeout(lookTime))))
	mux.HandleFunc("/drip", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		select {
		case tap.drops <- n:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/ended", func(w http.ResponseWriter, r *http.Request) {
		select {
		case err := <-tap.ended:
			_, _ = io.WriteString(w, map[bool]string{true: "by itself", false: "cancelled"}[err == nil])
		case <-r.Context().Done():
		}
	})
	server := httptest.NewServer(mux)
	defer func() {
		server.Close()
		require.NoError(t, app.Stop(context.Background()))
	}()
	look(t, server.URL, "springs", "stream")
}

// look runs the program that looks at a page and fails with what it finds.
func look(t *testing.T, url, name, mode string) {
	t.Helper()
	pictures := os.Getenv("PARLEY_SCREENSHOTS")
	if pictures == "" {
		pictures = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(t.Context(), lookTime)
	defer cancel()
	program := exec.CommandContext(ctx, "node", "check.js", url, pictures, name, mode)
	program.Dir, program.Stderr = browserFolder, os.Stderr
	out, err := program.Output()
	require.NoError(t, err, string(out))
	var faults []string
	require.NoError(t, json.Unmarshal(out, &faults), string(out))
	require.Empty(t, faults)
}
