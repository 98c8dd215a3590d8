package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/parley-go/parley"

// arrow says what a package may import: of ours, and of others besides the
// standard library.
type arrow struct{ ours, others []string }

const (
	amqp      = "github.com/rabbitmq/amqp091-go"
	validator = "github.com/go-playground/validator/v10"
	testify   = "github.com/stretchr/testify"
	otel      = "go.opentelemetry.io/otel"
)

// arrows are the rings of the design, inner ones first. Paths are relative to
// the module; "." is the root package.
var arrows = map[string]arrow{
	"transport/topology":     {},
	"transport":              {ours: []string{"transport/topology"}},
	"serialization":          {},
	"serialization/protobuf": {ours: []string{"serialization"}, others: []string{"google.golang.org/protobuf"}},
	"serialization/msgpack":  {ours: []string{"serialization"}, others: []string{"github.com/vmihailenco/msgpack/v5"}},
	"serialization/cbor":     {ours: []string{"serialization"}, others: []string{"github.com/fxamacker/cbor/v2"}},
	"serialization/gzip":     {ours: []string{"serialization"}},
	"serialization/zstd":     {ours: []string{"serialization"}, others: []string{"github.com/klauspost/compress/zstd"}},
	"internal/callsite":      {},
	"internal/binder":        {ours: []string{"transport", "serialization"}},
	"internal/stream":        {ours: []string{"transport"}},
	"transport/memory":       {ours: []string{"transport", "transport/topology"}},
	"transport/rabbitmq":     {ours: []string{"transport", "transport/topology"}, others: []string{amqp}},
	".": {
		ours:   []string{"transport", "transport/topology", "serialization", "internal/binder", "internal/callsite", "internal/stream"},
		others: []string{validator},
	},
	"parleyhttp":           {ours: []string{"."}},
	"asyncapi/internal/ui": {},
	"asyncapi": {
		ours:   []string{".", "transport", "transport/topology", "asyncapi/internal/ui"},
		others: []string{"github.com/swaggest/jsonschema-go", "github.com/goccy/go-yaml", "github.com/santhosh-tekuri/jsonschema/v6"},
	},
	"asyncapi/cmd/asyncapi": {ours: []string{"asyncapi"}},
	"parleyfx": {
		ours:   []string{".", "transport", "transport/topology", "internal/callsite"},
		others: []string{"go.uber.org/fx"},
	},
	"parleysql":          {ours: []string{"."}},
	"parleyotel":         {ours: []string{".", "transport"}, others: []string{otel}},
	"internal/recording": {ours: []string{"transport"}},
	"testing/parleytest": {
		ours:   []string{".", "transport", "transport/topology", "transport/memory", "transport/rabbitmq", "internal/recording", "internal/faultproxy"},
		others: []string{testify},
	},
	"testing/transporttest": {ours: []string{"transport", "transport/topology"}, others: []string{testify}},
}

// workshop are the packages that nobody links: programs and tests.
var workshop = []string{"examples/", "benchmarks", "chaos", "internal/archtest", "internal/interop", "internal/faultproxy", "internal/rabbitnode", "internal/rabbittest"}

type pkg struct {
	ImportPath string   `json:"ImportPath"`
	Imports    []string `json:"Imports"`
	Standard   bool     `json:"Standard"`
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Standard"}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

func relative(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func TestImportsPointInwards(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, module+"/...") {
		name, _ := relative(p.ImportPath)
		if slices.ContainsFunc(workshop, func(w string) bool { return strings.HasPrefix(name, w) }) {
			continue
		}
		allowed, known := arrows[name]
		if !known {
			t.Errorf("%s is in no ring: add it to the table, after the design", name)
			continue
		}
		for _, imported := range p.Imports {
			if ours, ok := relative(imported); ok {
				if !slices.Contains(allowed.ours, ours) {
					t.Errorf("%s must not import %s", name, ours)
				}
				continue
			}
			if strings.Contains(strings.Split(imported, "/")[0], ".") &&
				!slices.ContainsFunc(allowed.others, func(o string) bool { return strings.HasPrefix(imported, o) }) {
				t.Errorf("%s must not import %s", name, imported)
			}
		}
	}
}

// A service links the root package and a transport, and nothing else may come
// along.
func TestShippedDependencies(t *testing.T) {
	t.Parallel()
	own := []string{
		module, amqp, "github.com/go-playground/", "github.com/gabriel-vasile/mimetype",
		"github.com/leodido/go-urn", "golang.org/x/",
	}
	for _, p := range list(t, "-deps", module, module+"/transport/rabbitmq", module+"/transport/memory") {
		switch {
		case p.ImportPath == "testing":
			t.Error("what ships must not link testing")
		case p.Standard:
		case !slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(p.ImportPath, o) }):
			t.Errorf("what ships must not link %s", p.ImportPath)
		}
	}
}

// Which SDK and which exporters make something of the telemetry is the
// program's choice.
func TestInstrumentationLinksTheAPIAlone(t *testing.T) {
	t.Parallel()
	found := false
	for _, p := range list(t, "-deps", module+"/parleyotel") {
		found = found || p.ImportPath == otel+"/trace"
		for _, foreign := range []string{otel + "/sdk", otel + "/exporters", "github.com/prometheus/"} {
			if strings.HasPrefix(p.ImportPath, foreign) {
				t.Errorf("parleyotel must not link %s", p.ImportPath)
			}
		}
	}
	require.True(t, found)
}
