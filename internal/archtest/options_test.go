package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// optionTypes are the results by which an option is known, by the folder of its
// package.
var optionTypes = map[string][]string{
	".":                  {"Option", "SubscriberOption", "SendOption", "DeclarationOption", "StartOption", "TrackOption"},
	"parleyotel":         {"Option"},
	"transport/rabbitmq": {"Option"},
	"transport/memory":   {"Option"},
	"transport/topology": {"Value", "FlagOption", "PassiveOption", "ExchangeOption", "Exchange"},
}

// The manual has one page with all options: none is missing there.
func TestManualListsAllOptions(t *testing.T) {
	t.Parallel()
	page := files(t, ".md")["docs/options.md"]
	found := map[string]int{}
	for name, source := range files(t, ".go") {
		folder := path.Dir(name)
		types, ok := optionTypes[folder]
		if !ok || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, option := range optionsOf(t, name, source, types) {
			found[folder]++
			if !lists(page, option) {
				t.Errorf("docs/options.md does not list %s of %s", option, name)
			}
		}
	}
	for folder := range optionTypes {
		require.NotZero(t, found[folder], "no option found in %s", folder)
	}
}

func TestOptionCheckCanFail(t *testing.T) {
	t.Parallel()
	const source = "package p\n\nfunc A() Option { return nil }\n\nfunc B[T any]() Option { return nil }\n\nfunc c() Option { return nil }\n\nfunc D() int { return 0 }\n"
	require.Equal(t, []string{"A", "B"}, optionsOf(t, "p.go", source, []string{"Option"}))
	require.True(t, lists("| `A(n)` |", "A"))
	require.True(t, lists("| `B[T]()`, `A()` |", "A"))
	require.True(t, lists("| `A`, `B` |", "A"))
	require.False(t, lists("| `NoA(n)` |", "A"))
	require.False(t, lists("| `An(n)` | A |", "A"))
}

// optionsOf returns the exported functions of a source with a result of one of
// the types.
func optionsOf(t *testing.T, name, source string, types []string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	require.NoError(t, err)
	var all []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
			continue
		}
		result, ok := f.Type.Results.List[0].Type.(*ast.Ident)
		if ok && slices.Contains(types, result.Name) {
			all = append(all, f.Name.Name)
		}
	}
	return all
}

// lists reports whether an option begins a piece of code on a page.
func lists(page, option string) bool {
	return regexp.MustCompile("`" + option + "[`(\\[]").MatchString(page)
}
