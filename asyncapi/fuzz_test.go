package asyncapi_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/asyncapi"
)

// Whatever is read can be judged, compared, written and read again.
func FuzzParse(f *testing.F) {
	good, err := os.ReadFile("testdata/shop.json")
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte("asyncapi: 3.0.0\ninfo: {title: a, version: '1'}\nchannels: {a: {address: null, messages: {m: {payload: true}}}}"))
	f.Add([]byte(`{"channels": {"a": null}}`))
	f.Add([]byte(`{"operations": {"a": {"reply": {"channel": {"$ref": "#/channels/a"}}}}, "components": {"schemas": {"a": {"$ref": "#/components/schemas/a"}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := asyncapi.Parse(data)
		if err != nil {
			return
		}
		asyncapi.Lint(d)
		yaml, err := d.YAML()
		require.NoError(t, err)
		again, err := asyncapi.Parse(yaml)
		require.NoError(t, err)
		first, err := d.JSON()
		require.NoError(t, err)
		second, err := again.JSON()
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		require.Empty(t, asyncapi.Diff(d, again))
	})
}
