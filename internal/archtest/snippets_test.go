package archtest

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the repository, as seen from this package.
const root = "../.."

// What a manual shows is read as true: each block of Go in it must stand in a
// file that is compiled and tested.
func TestSnippetsAreTestedCode(t *testing.T) {
	t.Parallel()
	sources := files(t, ".go")
	for name, text := range files(t, ".md") {
		for _, s := range snippetsOf(text) {
			if !s.standsIn(sources) {
				t.Errorf("%s:%d: this snippet stands in no .go file, line for line:\n%s", name, s.line, strings.Join(s.lines, "\n"))
			}
		}
	}
}

func TestSnippetCheckCanFail(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"a.go": "package a\n\nfunc f() {\n\tif x {\n\t\tone()\n\t\ttwo()\n\t}\n\n\tthree()\n}\n",
		"b.go": "package b\n\nfunc g() { four() }\n",
	}
	for text, stands := range map[string]bool{
		"one()\ntwo()":                          true,
		"if x {\n\tone()\n\ttwo()\n}":           true,
		"}\n\nthree()":                          true,
		"func f() {\n\t// …\n\tthree()\n}":      true,
		"package a\n…\n\t\ttwo()":               true,
		"one()\nthree()":                        false,
		"two()\none()":                          false,
		"if x {\none()\n":                       false,
		"one":                                   false,
		"three()\n// …\ntwo()":                  false,
		"package a\n…\nfunc g() { four() }":     false,
		"func f() {\n\t// …\n\tthree()\n}\n}":   false,
		"one()\ntwo()\n\nfunc g() { four() }\n": false,
		"…":                                     false,
	} {
		s := snippetsOf("text\n\n```go\n" + text + "\n```\n")
		require.Len(t, s, 1, text)
		require.Equal(t, stands, s[0].standsIn(sources), "%q", text)
		require.Equal(t, 4, s[0].line)
	}
	require.Empty(t, snippetsOf("```\nnot Go\n```\n\n```sh\ngo test\n```\n"))
	require.Len(t, snippetsOf("- item\n\n  ```go\n  one()\n  ```\n\n```go\ntwo()\n```"), 2)
}

// snippet is a block of Go in a Markdown file.
type snippet struct {
	line  int // of its first line, counted from 1
	lines []string
}

// snippetsOf returns the blocks that are marked as Go.
func snippetsOf(markdown string) []snippet {
	var all []snippet
	open, indent := false, ""
	for i, line := range strings.Split(markdown, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case open && strings.TrimSpace(line) == "```":
			open = false
		case open:
			last := &all[len(all)-1]
			last.lines = append(last.lines, strings.TrimRight(strings.TrimPrefix(line, indent), " "))
		case strings.HasPrefix(trimmed, "```go") && strings.TrimSpace(trimmed) == "```go":
			open, indent = true, line[:len(line)-len(trimmed)]
			all = append(all, snippet{line: i + 2})
		}
	}
	return all
}

// isGap reports whether a line stands for lines that are left out.
func isGap(line string) bool {
	line = strings.TrimSpace(line)
	return line == "…" || line == "// …"
}

// parts returns the runs of lines between gaps, without blank lines around them.
func (s snippet) parts() [][]string {
	var all [][]string
	var run []string
	for _, line := range append(s.lines, "…") {
		if !isGap(line) {
			run = append(run, line)
			continue
		}
		for len(run) > 0 && strings.TrimSpace(run[0]) == "" {
			run = run[1:]
		}
		for len(run) > 0 && strings.TrimSpace(run[len(run)-1]) == "" {
			run = run[:len(run)-1]
		}
		if len(run) > 0 {
			all = append(all, run)
		}
		run = nil
	}
	return all
}

// standsIn reports whether one source has all parts of s in their order, all
// moved to the right by the same number of tabs.
func (s snippet) standsIn(sources map[string]string) bool {
	const deepest = 8
	parts := s.parts()
	if len(parts) == 0 {
		return false
	}
	for _, source := range sources {
		lines := strings.Split(source, "\n")
		for depth := range deepest {
			if inOrder(lines, parts, strings.Repeat("\t", depth)) {
				return true
			}
		}
	}
	return false
}

func inOrder(lines []string, parts [][]string, indent string) bool {
	for _, part := range parts {
		at := find(lines, part, indent)
		if at < 0 {
			return false
		}
		lines = lines[at+len(part):]
	}
	return true
}

func find(lines, part []string, indent string) int {
	for at := 0; at+len(part) <= len(lines); at++ {
		if matches(lines[at:], part, indent) {
			return at
		}
	}
	return -1
}

func matches(lines, part []string, indent string) bool {
	for i, want := range part {
		if want != "" {
			want = indent + want
		}
		if lines[i] != want {
			return false
		}
	}
	return true
}

// files returns the repository's files of one extension by their path in it.
// It walks the folders itself: what git lists, the test cache would not notice.
func files(t *testing.T, extension string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "node_modules"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != extension:
			return nil
		}
		content, err := os.ReadFile(filepath.Join(root, name))
		all[name] = string(content)
		return err
	})
	require.NoError(t, err)
	return all
}
