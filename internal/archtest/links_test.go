package archtest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	pages := files(t, ".md")
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil
	}
	for name := range pages {
		for _, fault := range deadLinks(name, pages, exists) {
			t.Error(fault)
		}
	}
}

func TestLinkCheckCanFail(t *testing.T) {
	t.Parallel()
	exists := func(name string) bool { return name == "docs/a.md" || name == "b.md" || name == "LICENSE" }
	for link, alive := range map[string]bool{
		"a.md":                   true,
		"../b.md":                true,
		"../b.md#the-end":        true,
		"../b.md#the-end-1":      true,
		"../b.md#what-a-b-means": true,
		"#here":                  true,
		"../LICENSE":             true,
		"https://example.com/x":  true,
		"b.md":                   false,
		"../../b.md":             false,
		"/b.md":                  false,
		"../b.md#the-start":      false,
		"../b.md#the-end-2":      false,
		"#not-a-heading":         false,
		"../LICENSE#terms":       false,
	} {
		pages := map[string]string{
			"docs/a.md": "# Here\n\n`[code](nowhere.md)` and [text](" + link + ").\n\n```\n# Not a heading\n[code](nowhere.md)\n```\n",
			"b.md":      "# The end\n\n## The end\n\n## What `a.B` means, (ab)\n\n## What a B means\n",
		}
		require.Equal(t, alive, len(deadLinks("docs/a.md", pages, exists)) == 0, link)
	}
}

var (
	linkForm = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan = regexp.MustCompile("`[^`]*`")
	foreign  = regexp.MustCompile(`^[a-z]+:`)
)

// deadLinks returns what is wrong with the links of one page. Links out of the
// repository are not followed.
func deadLinks(page string, pages map[string]string, exists func(name string) bool) []string {
	var faults []string
	for i, line := range prose(pages[page]) {
		for _, found := range linkForm.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
			target := found[1]
			if foreign.MatchString(target) {
				continue
			}
			if fault := follow(page, target, pages, exists); fault != "" {
				faults = append(faults, fmt.Sprintf("%s:%d: link to %q: %s", page, i+1, target, fault))
			}
		}
	}
	return faults
}

func follow(page, target string, pages map[string]string, exists func(name string) bool) string {
	file, anchor, anchored := strings.Cut(target, "#")
	name := page
	if file != "" {
		name = path.Join(path.Dir(page), file)
	}
	switch {
	case strings.HasPrefix(file, "/"), strings.HasPrefix(name, ".."):
		return "wanted a path relative to the page, inside the repository"
	case !exists(name):
		return "no such file"
	case anchored && !anchors(pages[name])[anchor]:
		return "no such heading"
	}
	return ""
}

// prose returns the lines of a page with those of its code blocks emptied.
func prose(text string) []string {
	lines := strings.Split(text, "\n")
	code := false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if code || fence {
			lines[i] = ""
		}
		code = code != fence
	}
	return lines
}

// anchors are the names that a page's headings have as link targets, as GitHub
// makes them.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, line := range prose(text) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		name := anchor(strings.TrimSpace(title))
		unique := name
		for n := 1; all[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		all[unique] = true
	}
	return all
}

func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, title)
}
