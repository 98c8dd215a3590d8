package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs the service, has it handle orders of all kinds, and returns what
// Prometheus would scrape and the spans that were written.
func serve(t *testing.T) (metrics string, spans []span) {
	t.Helper()
	var out bytes.Buffer
	telemetry, err := NewTelemetry("orders", "1.0.0", &out)
	require.NoError(t, err)
	app, place, err := NewApp(memory.New(), telemetry, parley.Logger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	asyncapi.Watch(t, app)
	require.NoError(t, app.Start(t.Context()))
	for _, sku := range []string{"tea", "cake"} {
		r, err := parley.Request[Receipt](t.Context(), place, Order{SKU: sku})
		require.NoError(t, err)
		require.Equal(t, Receipt{SKU: sku, Cents: 250}, r)
	}
	_, err = place.Request(t.Context(), Order{SKU: "coffee"})
	require.Equal(t, parley.CodeNotFound, parley.CodeOf(err))
	require.Eventually(t, func() bool { return app.Stats().Handled == 4 }, 30*time.Second, time.Millisecond)

	answer := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	require.Equal(t, http.StatusOK, answer.Code)
	require.NoError(t, app.Stop(context.Background()))
	require.NoError(t, telemetry.Shutdown(context.Background()))
	for dec := json.NewDecoder(&out); ; {
		var s span
		err := dec.Decode(&s)
		if errors.Is(err, io.EOF) {
			return answer.Body.String(), spans
		}
		require.NoError(t, err)
		spans = append(spans, s)
	}
}

// span is what the test reads of a span on standard output.
type span struct {
	Name        string
	SpanContext struct{ SpanID string }
	Parent      struct{ SpanID string }
	Status      struct{ Code string }
}

func TestSpansOfARetriedRequest(t *testing.T) {
	t.Parallel()
	_, spans := serve(t)
	requests := map[string]bool{}
	runs := map[string][]string{}
	for _, s := range spans {
		switch s.Name {
		case "request orders.place":
			requests[s.SpanContext.SpanID] = true
		case "process orders.place":
			runs[s.Parent.SpanID] = append(runs[s.Parent.SpanID], s.Status.Code)
		}
	}
	require.Len(t, requests, 3)
	var seen []string
	for request, codes := range runs {
		require.Contains(t, requests, request)
		seen = append(seen, strings.Join(codes, " "))
	}
	require.ElementsMatch(t, []string{"Unset", "Error Unset", "Error"}, seen, "tea, cake, coffee")
}

var (
	queried  = regexp.MustCompile(`([a-z_]+)\{`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
	legend   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
	sample   = regexp.MustCompile(`^([a-z_]+)(\{.*\})? `)
	label    = regexp.MustCompile(`([a-z_]+)="`)
)

// exported returns the names of what was scraped, each with its labels.
func exported(scraped string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for line := range strings.Lines(scraped) {
		found := sample.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		if all[found[1]] == nil {
			all[found[1]] = map[string]bool{}
		}
		for _, l := range label.FindAllStringSubmatch(found[2], -1) {
			all[found[1]][l[1]] = true
		}
	}
	return all
}

// Whatever the dashboard asks for is exported, and what it groups by are labels
// of it.
func TestDashboard(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("grafana.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &dashboard))
	scraped, _ := serve(t)
	got := exported(scraped)
	// An address with {parameters} has a template and no name; this service has none.
	absent := map[string]bool{"messaging_destination_template": true, "": true}
	asked := map[string]bool{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			names := queried.FindAllStringSubmatch(target.Expr, -1)
			require.Len(t, names, 1, "%s: %s", p.Title, target.Expr)
			name := names[0][1]
			require.Contains(t, got, name, p.Title)
			asked[name] = true
			labels := map[string]bool{}
			for _, by := range grouping.FindAllStringSubmatch(target.Expr, -1) {
				for l := range strings.SplitSeq(by[1], ", ") {
					labels[l] = true
				}
			}
			for _, l := range legend.FindAllStringSubmatch(target.LegendFormat, -1) {
				require.Contains(t, labels, l[1], "%s: the legend shows what the query groups by", p.Title)
			}
			for l := range labels {
				if !absent[l] {
					require.Contains(t, got[name], l, "%s: %s", p.Title, target.Expr)
				}
			}
		}
	}
	for name := range maps.Keys(got) {
		if strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count") || name == "target_info" {
			continue
		}
		require.Contains(t, asked, name, "what is exported is on the dashboard")
	}
}
