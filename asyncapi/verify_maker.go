package asyncapi

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-go/parley"
)

// maker makes JSON bodies for a Go type: bodies that the service should take,
// and the places in them that can be spoilt.
type maker struct {
	random *rand.Rand
	rule   rules
	cached map[string]candidates
}

// node is a place in a body and what belongs there.
type node struct {
	at     []any
	goType reflect.Type
	tag    string
}

// candidates are values for one place.
type candidates struct{ good, all []any }

// body makes a body that probably is accepted.
func (m *maker) body(t reflect.Type) (any, []node) {
	var nodes []node
	return m.value(t, "", nil, &nodes), nodes
}

const deepest = 5

func (m *maker) value(t reflect.Type, tag string, at []any, nodes *[]node) any {
	*nodes = append(*nodes, node{slices.Clone(at), t, tag})
	base, depth := indirect(t)
	if depth > 0 && (len(at) > deepest || m.random.IntN(6) == 0 && m.takes(reflect.Zero(t), tag)) {
		return nil
	}
	switch {
	case wellKnown[base] != nil, codesItself(base, input), isEnum(base), isBytes(base):
	case base.Kind() == reflect.Struct:
		return m.object(base, at, nodes)
	case hasElem(base):
		return m.collection(base, tag, at, nodes)
	}
	c := m.candidates(base, tag)
	if len(c.good) == 0 {
		return pick(m.random, c.all)
	}
	return pick(m.random, c.good)
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (m *maker) object(t reflect.Type, at []any, nodes *[]node) any {
	object := map[string]any{}
	for _, f := range jsonFields(t) {
		if f.sealed {
			continue
		}
		path := append(slices.Clone(at), f.name)
		if f.quoted {
			object[f.name] = "1"
			*nodes = append(*nodes, node{path, f.Type, f.Tag.Get("validate")})
			continue
		}
		object[f.name] = m.value(f.Type, f.Tag.Get("validate"), path, nodes)
	}
	return object
}

// collection makes an array or object of a length that the rules take.
func (m *maker) collection(t reflect.Type, tag string, at []any, nodes *[]node) any {
	head, elemTag, keyTag := splitDive(tag)
	if len(at) > deepest && m.takes(reflect.Zero(t), head) {
		return nil
	}
	lengths := []int{0, 1, 1, 2, 3}
	lengths = append(lengths, tagNumbers(head)...)
	if t.Kind() == reflect.Array {
		lengths = []int{t.Len()}
	}
	for range 20 {
		n := min(pick(m.random, lengths), 40)
		sample := reflect.Zero(t)
		if t.Kind() == reflect.Slice {
			sample = reflect.MakeSlice(t, n, n)
		}
		if strings.Contains(head, "unique") || t.Kind() == reflect.Map || m.takes(sample, head) {
			lengths = []int{n}
			break
		}
	}
	n := min(lengths[0], 40)
	if t.Kind() == reflect.Map {
		object := map[string]any{}
		for range n {
			key := m.key(t.Key(), keyTag)
			object[key] = m.value(t.Elem(), elemTag, append(slices.Clone(at), key), nodes)
		}
		return object
	}
	list := []any{}
	for i := range n {
		list = append(list, m.value(t.Elem(), elemTag, append(slices.Clone(at), i), nodes))
	}
	return list
}

// key makes the name of a map's entry.
func (m *maker) key(t reflect.Type, tag string) string {
	if t.Kind() != reflect.String || codesItself(t, input) {
		return pick(m.random, []string{"0", "1", "7", "12"})
	}
	if s, ok := pick(m.random, append(m.candidates(t, tag).good, "k")).(string); ok {
		return s
	}
	return "k"
}

// splitDive separates the rules of a collection from those of its elements and
// its keys.
func splitDive(tag string) (head, elem, key string) {
	parts := strings.Split(tag, ",")
	at := slices.Index(parts, "dive")
	if at < 0 {
		return tag, "", ""
	}
	head, rest := strings.Join(parts[:at], ","), parts[at+1:]
	if end := slices.Index(rest, "endkeys"); end > 0 && rest[0] == "keys" {
		key, rest = strings.Join(rest[1:end], ","), rest[end+1:]
	}
	return head, strings.Join(rest, ","), key
}

// takes asks the validator about a value in a field.
func (m *maker) takes(v reflect.Value, tag string) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	tag = joinRules(withoutCross(parseRules(tag)))
	if tag == "" || tag == "-" {
		return true
	}
	return m.rule(v.Interface(), tag) == nil
}

// candidates are the values that are tried in a place, and those among them
// that its rules take and that encoding/json would write so: what it merely
// tolerates is no ordinary body.
func (m *maker) candidates(t reflect.Type, tag string) candidates {
	cacheKey := t.PkgPath() + "." + t.String() + " " + tag
	if c, ok := m.cached[cacheKey]; ok {
		return c
	}
	c := candidates{all: append(valuesFor(t, tag), generic...)}
	var tolerated []any
	for _, v := range c.all {
		data, err := encode(v)
		if err != nil || v == nil {
			continue
		}
		decoded := reflect.New(t)
		if json.Unmarshal(data, decoded.Interface()) != nil || !listedEnum(decoded.Elem()) || !m.takes(decoded.Elem(), tag) {
			continue
		}
		if again, err := encode(decoded.Interface()); err == nil && string(again) == string(data) {
			c.good = append(c.good, v)
		} else {
			tolerated = append(tolerated, v)
		}
	}
	if c.good == nil {
		c.good = tolerated
	}
	if m.cached == nil {
		m.cached = map[string]candidates{}
	}
	m.cached[cacheKey] = c
	return c
}

func listedEnum(v reflect.Value) bool {
	if !isEnum(v.Type()) {
		return true
	}
	return slices.ContainsFunc(enumValues(v.Type()), func(e reflect.Value) bool {
		return reflect.DeepEqual(e.Interface(), v.Interface())
	})
}

// spoil changes a body in one place and returns the place.
func (m *maker) spoil(value any, nodes []node) (any, []any) {
	n := pick(m.random, nodes)
	base, _ := indirect(n.goType)
	c := m.candidates(base, n.tag)
	switch choice := m.random.IntN(20); {
	case choice == 0 && len(n.at) > 0:
		return remove(value, n.at), n.at
	case choice == 1 && hasElem(base) && len(c.all) > 0:
		return replace(value, n.at, m.resized(at(value, n.at))), n.at
	case choice < 9:
		return replace(value, n.at, pick(m.random, append(c.good, c.all...))), n.at
	default:
		return replace(value, n.at, m.variation(pick(m.random, c.all))), n.at
	}
}

// variation changes a string a little.
func (m *maker) variation(v any) any {
	s, ok := v.(string)
	if !ok || s == "" {
		return v
	}
	runes := []rune(s)
	i := m.random.IntN(len(runes))
	odd := []rune("aZ0 .-_@:/%#[]é😀\n\"+")
	switch m.random.IntN(4) {
	case 0:
		runes[i] = pick(m.random, odd)
	case 1:
		runes = slices.Insert(runes, i, pick(m.random, odd))
	case 2:
		runes = slices.Delete(runes, i, i+1)
	default:
		return s
	}
	return string(runes)
}

// resized repeats or drops the elements of a collection.
func (m *maker) resized(v any) any {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return []any{}
	}
	out := []any{}
	for range m.random.IntN(12) {
		out = append(out, pick(m.random, list))
	}
	return out
}

// headers and path make the rest of a message valid.
func (m *maker) headers(op *operationPlan) parley.Headers {
	h := parley.Headers{}
	for _, f := range op.Headers {
		if good := m.candidates(f.Type, "").good; len(good) > 0 {
			h[f.Name] = textOf(good[0])
		}
	}
	return h
}

func (m *maker) path(op *operationPlan) []string {
	values := make([]string, len(op.Parameters))
	for i, name := range op.Parameters {
		values[i] = "a"
		for _, f := range op.Path {
			if good := m.candidates(f.Type, "").good; f.Name == name && len(good) > 0 {
				values[i] = textOf(good[0])
			}
		}
	}
	return values
}

func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := encode(v)
	if err != nil {
		return ""
	}
	return string(data)
}
