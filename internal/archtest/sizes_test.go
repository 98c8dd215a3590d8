package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxLines is the length at which a file has more than one purpose.
const maxLines = 500

func TestFilesStayReadable(t *testing.T) {
	t.Parallel()
	root := strings.TrimSpace(git(t, "rev-parse", "--show-toplevel"))
	for _, name := range strings.Fields(git(t, "-C", root, "ls-files", "*.go")) {
		content, err := os.ReadFile(root + "/" + name)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		if n := bytes.Count(content, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by subject", name, n, maxLines)
		}
	}
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", args...).Output()
	require.NoError(t, err)
	return string(out)
}
