package archtest

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A promise names what fails when it is broken: that is there.
func TestLinksNameTests(t *testing.T) {
	t.Parallel()
	pages, sources := files(t, ".md"), files(t, ".go")
	found := 0
	for page, text := range pages {
		for _, l := range testLinks(page, text) {
			found++
			if fault := l.fault(sources); fault != "" {
				t.Errorf("%s:%d: %s", page, l.line, fault)
			}
		}
	}
	require.NotZero(t, found)
}

// Each promise and each point of security has one.
func TestPromisesAreHeld(t *testing.T) {
	t.Parallel()
	page := files(t, ".md")["docs/promises.md"]
	for _, fault := range unheld(page) {
		t.Error(fault)
	}
}

func TestPromiseCheckCanFail(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"a_test.go":                           "package a\n\nfunc TestA(t *testing.T) {}\n\nfunc FuzzB(f *testing.F) {}\n",
		"testing/transporttest/publish.go":    "\t\tname:    \"publish/no route\",\n",
		"chaos/internal/scenario/s01_kill.go": "package scenario\n",
	}
	for link, alive := range map[string]bool{
		"[TestA](../a_test.go)":                                   true,
		"[`FuzzB`](../a_test.go)":                                 true,
		"[TestGone](../a_test.go)":                                false,
		"[TestA](../b_test.go)":                                   false,
		"[the test](../a_test.go)":                                false,
		"[publish/no route](../testing/transporttest/publish.go)": true,
		"[publish/stored](../testing/transporttest/publish.go)":   false,
		"[chaos 1](../chaos/internal/scenario/s01_kill.go)":       true,
		"[chaos 1 and 2](../chaos/internal/scenario/s01_kill.go)": true,
		"[chaos 10](../chaos/internal/scenario/s01_kill.go)":      false,
		"[chaos](../chaos/internal/scenario/s01_kill.go)":         false,
	} {
		links := testLinks("docs/p.md", "x "+link+" y")
		require.Len(t, links, 1, link)
		require.Equal(t, alive, links[0].fault(sources) == "", link)
	}
	require.Empty(t, testLinks("docs/p.md", "[A page](a.md), [an example](../examples/a/main.go)"))

	held := "1. **A.**\n   - B. [TestA](../a_test.go)\n   - C\n     D. [TestA](../a_test.go)\n\n| R1 | E. | [TestA](../a_test.go) |\n"
	require.Empty(t, unheld(held))
	require.Len(t, unheld(strings.Replace(held, "B. [TestA](../a_test.go)", "B.", 1)), 1)
	require.Len(t, unheld(strings.Replace(held, "D. [TestA](../a_test.go)", "D.", 1)), 1)
	require.Len(t, unheld("| R1 | E. | |\n"), 1)
}

// testLink is a link to something that fails when a promise is broken.
type testLink struct {
	line       int
	text, file string
}

var (
	testLinkForm = regexp.MustCompile("\\[`?([^\\]`]*)`?\\]\\(([^)\\s#]+)\\)")
	chaosForm    = regexp.MustCompile(`^chaos (\d\d?)( and \d+)?$`)
	scenarioForm = regexp.MustCompile(`^s(\d+)_`)
)

// testLinks returns the links of a page to tests, cases and scenarios.
func testLinks(page, text string) []testLink {
	var all []testLink
	for i, line := range prose(text) {
		for _, found := range testLinkForm.FindAllStringSubmatch(line, -1) {
			file := path.Join(path.Dir(page), found[2])
			if strings.HasSuffix(file, "_test.go") || isCases(file) || isScenario(file) {
				all = append(all, testLink{i + 1, found[1], file})
			}
		}
	}
	return all
}

// isCases reports whether a file holds cases of the conformance suite.
func isCases(file string) bool {
	return path.Dir(file) == "testing/transporttest" && path.Base(file) != "doc.go" && strings.HasSuffix(file, ".go")
}

func isScenario(file string) bool {
	return path.Dir(file) == "chaos/internal/scenario" && scenarioForm.MatchString(path.Base(file))
}

// fault says what is wrong with a link, empty for nothing.
func (l testLink) fault(sources map[string]string) string {
	source, ok := sources[l.file]
	var there bool
	switch {
	case !ok:
		return fmt.Sprintf("link %q: no such file %s", l.text, l.file)
	case isScenario(l.file):
		number := chaosForm.FindStringSubmatch(l.text)
		there = number != nil && strings.HasPrefix(path.Base(l.file), "s"+strings.Repeat("0", 2-len(number[1]))+number[1]+"_")
	case isCases(l.file):
		there = regexp.MustCompile(`\bname:\s+"` + regexp.QuoteMeta(l.text) + `"`).MatchString(source)
	default:
		there = regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(l.text) + `\(\w+ \*testing\.[TF]\)`).MatchString(source)
	}
	if !there {
		return fmt.Sprintf("link %q: wanted a test, case or scenario of that name in %s", l.text, l.file)
	}
	return ""
}

var (
	pointForm    = regexp.MustCompile(`^   - `)
	securityForm = regexp.MustCompile(`^\| R\d+b? \|`)
)

// unheld returns the promises of the page without a link to what holds them.
func unheld(page string) []string {
	var faults []string
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		point := pointForm.MatchString(lines[i])
		if !point && !securityForm.MatchString(lines[i]) {
			continue
		}
		whole := lines[i]
		for point && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "     ") {
			i++
			whole += " " + strings.TrimSpace(lines[i])
		}
		if len(testLinks("docs/promises.md", whole)) == 0 {
			faults = append(faults, "docs/promises.md: nothing holds: "+whole)
		}
	}
	return faults
}
