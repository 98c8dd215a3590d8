package asyncapi_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/asyncapi"
)

var update = flag.Bool("update", false, "write the golden documents anew")

// golden compares a document with testdata/<name>.yaml and .json.
func golden(t *testing.T, name string, d *asyncapi.Document) {
	t.Helper()
	asJSON, err := d.JSON()
	require.NoError(t, err)
	asYAML, err := d.YAML()
	require.NoError(t, err)
	for ext, got := range map[string][]byte{".json": asJSON, ".yaml": asYAML} {
		path := filepath.Join("testdata", name+ext)
		if *update {
			require.NoError(t, os.WriteFile(path, got, 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run the tests with -update")
		require.Equal(t, string(want), string(got), "run the tests with -update if the change is meant")
	}
}

func TestGoldenShop(t *testing.T) {
	t.Parallel()
	d, err := asyncapi.Generate(shop(), shopOptions()...)
	require.NoError(t, err)
	golden(t, "shop", d)
}

// The corpus has every kind of schema.
func TestGoldenCorpus(t *testing.T) {
	t.Parallel()
	d, err := asyncapi.Generate(corpus())
	require.NoError(t, err)
	golden(t, "corpus", d)
}
