package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const shop = "../../testdata/shop.yaml"

// said runs the command and returns its exit code and what it printed.
func said(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestLint(t *testing.T) {
	t.Parallel()
	code, out, _ := said("lint", shop)
	require.Zero(t, code, out)
	code, out, _ = said("lint", spoilt(t, "amqps", "amqps\n    host: guest:guest@h"))
	require.Equal(t, failed, code, out)
	code, out, _ = said("lint", spoilt(t, "rabbitmq.example.com:5671", "guest:guest@localhost"))
	require.Equal(t, 1, code)
	require.Contains(t, out, "/servers/production/host")
}

func TestDiff(t *testing.T) {
	t.Parallel()
	code, out, _ := said("diff", shop, shop)
	require.Zero(t, code)
	require.Equal(t, "0 breaking, 0 unknown, 0 compatible, 0 neutral\n", out)
	changed := spoilt(t, "maxLength: 32", "maxLength: 16")
	code, out, _ = said("diff", shop, changed)
	require.Equal(t, 1, code)
	require.Contains(t, out, "breaking for callers: receive orders.place: maxLength was 32 and is 16")
	code, out, _ = said("diff", "-json", changed, shop)
	require.Zero(t, code)
	require.Contains(t, out, `"exitCode":0`)
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"nonsense"}, {"lint"}, {"diff", shop}, {"diff", "-x", shop, shop}, {"lint", "no such file"}} {
		code, _, errs := said(args...)
		require.Equal(t, failed, code, args)
		require.NotEmpty(t, errs)
	}
}

func spoilt(t *testing.T, old, replacement string) string {
	t.Helper()
	data, err := os.ReadFile(shop)
	require.NoError(t, err)
	require.Contains(t, string(data), old)
	file := filepath.Join(t.TempDir(), "spoilt.yaml")
	require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(data, []byte(old), []byte(replacement)), 0o600))
	return file
}

func TestDocs(t *testing.T) {
	t.Parallel()
	code, out, errs := said("docs", "-o", "-", "-var", "Comments", "./testdata/shop")
	require.Zero(t, code, errs)
	want, err := os.ReadFile("testdata/shop.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), out)
}
