package asyncapi

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// camel joins the words of a text: "orders.{tenant}.placed" becomes
// ordersTenantPlaced, or OrdersTenantPlaced.
func camel(s string, upper bool) string {
	var b strings.Builder
	for i, word := range words(s) {
		if i > 0 || upper {
			word = upperFirst(word)
		} else {
			word = lowerFirst(word)
		}
		b.WriteString(word)
	}
	return b.String()
}

// words are the runs of letters and digits of a text.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return r >= 0x80 || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// lowerFirst lowers the first word of an identifier: "HTTPStatus" becomes
// httpStatus.
func lowerFirst(s string) string {
	upper := 0
	for upper < len(s) && s[upper] >= 'A' && s[upper] <= 'Z' {
		upper++
	}
	if upper > 1 && upper < len(s) && unicode.IsLetter(rune(s[upper])) {
		upper--
	}
	return strings.ToLower(s[:upper]) + s[upper:]
}

// sentence turns an identifier into words: "PlaceOrder" becomes "Place order",
// "sendHTTPStatus" becomes "Send HTTP status".
func sentence(identifier string) string {
	spaced := strings.Join(words(wordEnds.ReplaceAllString(identifier, "$1$3 $2$4")), " ")
	return upperFirst(capitalised.ReplaceAllStringFunc(spaced, strings.ToLower))
}

var (
	// wordEnds are the places where a word ends: aB, and ABc before its B.
	wordEnds = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
	// capitalised are words that are no initialisms.
	capitalised = regexp.MustCompile(`\b[A-Z][a-z]+\b`)
)

// unique returns name, or the first of name2, name3, … that is not taken, and
// takes it.
func unique(taken map[string]bool, name string) string {
	candidate := name
	for i := 2; taken[candidate]; i++ {
		candidate = name + strconv.Itoa(i)
	}
	taken[candidate] = true
	return candidate
}
