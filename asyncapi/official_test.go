package asyncapi_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/asyncapi"
)

// officialSchema is the JSON Schema of AsyncAPI 3.0.0, of the npm package
// @asyncapi/specs; its licence stands beside it.
func officialSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "official", "3.0.0.json"))
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	require.NoError(t, c.AddResource("mem:///3.0.0.json", doc))
	s, err := c.Compile("mem:///3.0.0.json")
	require.NoError(t, err)
	return s
}

func TestOfficialSchemaAcceptsAllDocuments(t *testing.T) {
	t.Parallel()
	s := officialSchema(t)
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	check := func(data []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		return s.Validate(v)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NoError(t, check(data), f)
	}
	d, err := asyncapi.Generate(corpus())
	require.NoError(t, err)
	data, err := d.JSON()
	require.NoError(t, err)
	require.NoError(t, check(data))
	d.Channels["any"].Bindings.AMQP.BindingVersion = "0.9.0"
	data, err = d.JSON()
	require.NoError(t, err)
	require.Error(t, check(data), "the gate is not open to everything")
}

// YAML and JSON are one value, and reading loses nothing.
func TestDocumentsSurviveReading(t *testing.T) {
	t.Parallel()
	d := shopDocument(t)
	d.Info.Description = "yes\n\n  indented: #no\ttab\n- é 😀"
	d.Info.Title = "1.10"
	d.Operations["tree"].Summary = "on"
	d.Operations["tree"].Title = "2024-01-01"
	d.Operations["tree"].Description = "null"
	d.Operations["receivePoke"].Description = "two\nlines\n"
	d.Operations["receivePoke"].Summary = "lines\n\n"
	d.Notes = nil
	asJSON, err := d.JSON()
	require.NoError(t, err)
	asYAML, err := d.YAML()
	require.NoError(t, err)
	for _, data := range [][]byte{asJSON, asYAML} {
		again, err := asyncapi.Parse(data)
		require.NoError(t, err)
		got, err := again.JSON()
		require.NoError(t, err)
		require.Equal(t, string(asJSON), string(got)) //nolint:testifylint // the bytes must be equal
	}
}

// No credential of a broker's URL is in any document.
func TestNoCredentials(t *testing.T) {
	t.Parallel()
	d := shopDocument(t)
	asJSON, err := d.JSON()
	require.NoError(t, err)
	asYAML, err := d.YAML()
	require.NoError(t, err)
	for _, secret := range []string{"s3cr3t", "alice", "heartbeat"} {
		require.NotContains(t, string(asJSON), secret)
		require.NotContains(t, string(asYAML), secret)
	}
	_, err = asyncapi.Generate(shop(), asyncapi.Broker("bad", "amqp://alice:s3cr3t@ho st%%/"))
	require.ErrorContains(t, err, "bad")
	require.NotContains(t, err.Error(), "s3cr3t")
}
