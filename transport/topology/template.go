package topology

import (
	"fmt"
	"strings"
)

// Template is an address: words separated by dots, of which some may be
// parameters. "{name}" stands for one word, a final "{name...}" for any number
// of words, none included. The zero value is the empty address.
type Template struct {
	text  string
	words []word
	// parametric counts the words that are parameters.
	parametric int
}

// word is a literal, or a parameter when name is set.
type word struct {
	literal string
	name    string
	rest    bool
}

// ParseTemplate reads an address. The error, of type [*Error], says what is
// malformed.
func ParseTemplate(address string) (Template, error) {
	t := Template{text: address}
	if !strings.ContainsAny(address, "{}") {
		return t, nil
	}
	// The dots of "{name...}" separate nothing.
	parts := strings.Split(strings.ReplaceAll(address, "...}", "\x00}"), ".")
	seen := map[string]bool{}
	for i, part := range parts {
		w, err := parseWord(address, part)
		if err != nil {
			return Template{}, err
		}
		if w.rest && i != len(parts)-1 {
			return Template{}, malformed(address, "{"+w.name+"...} must be the last word")
		}
		if w.name != "" {
			if seen[w.name] {
				return Template{}, malformed(address, "parameter "+w.name+" stands in it twice")
			}
			seen[w.name] = true
			t.parametric++
		}
		t.words = append(t.words, w)
	}
	return t, nil
}

func malformed(address, hint string) error {
	return &Error{`words and {parameters} separated by "."`, fmt.Sprintf("%q", address), hint}
}

// parseWord reads one word of an address, in which a zero byte stands for "...".
func parseWord(address, s string) (word, error) {
	if !strings.ContainsAny(s, "{}") {
		return word{literal: s}, nil
	}
	name, ok := strings.CutPrefix(s, "{")
	if !ok || !strings.HasSuffix(name, "}") {
		return word{}, malformed(address, "a parameter fills a whole word: {name}")
	}
	name = strings.TrimSuffix(name, "}")
	name, rest := strings.CutSuffix(name, "\x00")
	if name == "" || strings.ContainsAny(name, "{}.*# \t\x00") {
		return word{}, malformed(address, "a parameter needs a name: {name} or, at the end, {name...}")
	}
	return word{name: name, rest: rest}, nil
}

// String returns the address as it was written.
func (t Template) String() string { return t.text }

// Parametric reports whether the address has parameters.
func (t Template) Parametric() bool { return t.parametric > 0 }

// Parameters returns the names of the parameters in order.
func (t Template) Parameters() []string {
	names := make([]string, 0, t.parametric)
	for _, w := range t.words {
		if w.name != "" {
			names = append(names, w.name)
		}
	}
	return names
}

// Join returns the address below prefix: "orders" and "place" give
// "orders.place". An empty part adds nothing.
func Join(prefix, address string) string {
	if prefix == "" || address == "" {
		return prefix + address
	}
	return prefix + "." + address
}

// BindingKey returns the address with one in place of each parameter and many
// in place of a final {name...}: "*" and "#" give a topic exchange's key.
func (t Template) BindingKey(one, many string) string {
	if t.parametric == 0 {
		return t.text
	}
	return t.render(func(w word) string {
		if w.rest {
			return many
		}
		return one
	})
}

func (t Template) render(parameter func(word) string) string {
	var b strings.Builder
	for i, w := range t.words {
		text := w.literal
		if w.name != "" {
			text = parameter(w)
			if text == "" && w.rest {
				break
			}
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(text)
	}
	return b.String()
}

// Fill returns the routing key with the values of the parameters. A value that
// is missing, unknown, or empty, or one that has "*", "#" or, except for a
// final {name...}, "." in it, is an error of type [*Error].
func (t Template) Fill(values map[string]string) (string, error) {
	if t.parametric == 0 && len(values) == 0 {
		return t.text, nil
	}
	for name := range values {
		if !t.has(name) {
			return "", &Error{"parameters of " + fmt.Sprintf("%q", t.text), fmt.Sprintf("%q", name), t.hint(name)}
		}
	}
	var fault error
	key := t.render(func(w word) string {
		v, given := values[w.name]
		got := fmt.Sprintf("%q", v)
		if !given {
			got = "none"
		}
		if forbidden := w.forbidden(); v == "" || strings.ContainsAny(v, forbidden) {
			fault = &Error{
				fmt.Sprintf("a value without %q for {%s} of %q", forbidden, w.name, t.text),
				got, fmt.Sprintf("give it with parley.Path(%q, value)", w.name),
			}
		}
		return v
	})
	return key, fault
}

// hint says which parameters there are in place of one that is not.
func (t Template) hint(name string) string {
	if t.parametric == 0 {
		return "leave it out or put {" + name + "} into the address"
	}
	return "the address has {" + strings.Join(t.Parameters(), "}, {") + "}"
}

func (w word) forbidden() string {
	if w.rest {
		return "*#"
	}
	return ".*#"
}

func (t Template) has(name string) bool {
	for _, w := range t.words {
		if w.name == name {
			return true
		}
	}
	return false
}

// Match reads the parameters from a routing key, in the order of
// [Template.Parameters]. It reports false when the key does not fit.
func (t Template) Match(key string) ([]string, bool) {
	if t.parametric == 0 {
		return nil, t.text == key
	}
	values := make([]string, 0, t.parametric)
	rest, ended := key, key == ""
	for i, w := range t.words {
		if w.rest {
			return append(values, rest), true
		}
		if ended {
			return nil, false
		}
		head, tail, more := strings.Cut(rest, ".")
		rest, ended = tail, !more
		switch {
		case w.name != "":
			values = append(values, head)
		case w.literal != head:
			return nil, false
		}
		if i == len(t.words)-1 && !ended {
			return nil, false
		}
	}
	return values, ended
}
