package binder_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

type color string

func (color) Enum() []any { return []any{color("red"), "green", "blue", 1, nil} }

type level uint8

func (*level) Enum() []any { return []any{1, level(2)} }

type switched bool

func (switched) Enum() []any { return []any{true} }

type step float64

func (step) Enum() []any { return []any{0.5, step(1)} }

type sign int

func (sign) Enum() []any { return []any{-1, 1} }

type node struct {
	Color    color   `json:"color"`
	Children []*node `json:"children"`
	Next     *node   `json:"next"`
}

type fence struct {
	Posts    [2]color         `json:"posts"`
	ByName   map[string]color `json:"by_name"`
	ByColor  map[color]int    `json:"by_color"`
	Level    *level           `json:"level"`
	Optional color            `json:"optional,omitempty"`
	Hidden   color            `json:"-"`
	paint
}

type paint struct {
	Coat color `json:"coat"`
}

// painted inherits the method of color, which does not speak of painted.
type painted struct {
	color
	N int `json:"n"`
}

func TestEnumOnTheWayIn(t *testing.T) {
	t.Parallel()
	const list = `wanted one of "red", "green", "blue", got another value`
	const sound = `"posts":["red","blue"],"coat":"red"`
	cases := []struct {
		body string
		into any
		want string // "" is no error
	}{
		{`"red"`, new(color), ""},
		{`"Red"`, new(color), "body: " + list},
		{`["red","pink"]`, new([]color), "body: [1]: " + list},
		{`2`, new(level), ""},
		{`3`, new(level), "body: wanted one of 1, 2, got another value"},
		{`false`, new(switched), "body: wanted one of true, got another value"},
		{`0.5`, new(step), ""},
		{`0.6`, new(step), "body: wanted one of 0.5, 1, got another value"},
		{`0`, new(sign), "body: wanted one of -1, 1, got another value"},
		{`{"color":"red","children":[{"color":"blue"}],"next":{"color":"green"}}`, new(node), ""},
		{`{"color":"red","children":[null,{"color":"blue","next":{"color":"x"}}]}`, new(node), "body: children[1].next.color: " + list},
		{`{}`, new(node), "body: color: " + list},
		{`null`, new(*node), ""},
		{`{` + sound + `}`, new(fence), ""},
		{`{` + sound + `,"level":null,"by_name":{"a":"red"},"by_color":{"red":1}}`, new(fence), ""},
		{`{` + sound + `,"optional":"x"}`, new(fence), "body: optional: " + list},
		{`{` + sound + `,"level":7}`, new(fence), "body: level: wanted one of 1, 2, got another value"},
		{`{` + sound + `,"by_name":{"a":"x"}}`, new(fence), "body: by_name[value]: " + list},
		{`{` + sound + `,"by_color":{"x":1}}`, new(fence), "body: by_color[key]: " + list},
		{`{"posts":["red","x"],"coat":"red"}`, new(fence), "body: posts[1]: " + list},
		{`{"posts":["red","red"],"coat":"x"}`, new(fence), "body: coat: " + list},
		{`{"n":1}`, new(painted), ""},
		{`[[{"color":"x"}]]`, new([][]node), "body: [0][0].color: " + list},
		{`{"items":[{"color":"x"}]}`, new(page[node]), "body: items[0].color: " + list},
	}
	w := newWire()
	for _, c := range cases {
		err := w.Decode(&transport.Message{ContentType: asJSON, Body: []byte(c.body)}, c.into)
		if c.want == "" {
			require.NoError(t, err, c.body)
			continue
		}
		require.EqualError(t, err, c.want, c.body)
	}
	var plain color
	require.EqualError(t, w.Decode(&transport.Message{ContentType: asText, Body: []byte("x")}, &plain), "body: "+list)
}

func TestEnumOnTheWayOut(t *testing.T) {
	t.Parallel()
	w := newWire()
	for _, v := range []any{color("red"), ptr(color("red")), node{Color: "red"}, []color{}, (*color)(nil), fence{
		Posts: [2]color{"red", "red"}, paint: paint{"blue"}, Hidden: "anything",
	}} {
		_, err := w.Encode(v)
		require.NoError(t, err)
	}
	for _, v := range []any{color("x"), ptr(color("x")), node{}, &node{}, []color{"x"}, map[color]int{"x": 1}, level(9), ptr(level(9))} {
		_, err := w.Encode(v)
		require.ErrorContains(t, err, "wanted one of")
	}
}

func TestEnumDoesNotFollowCycles(t *testing.T) {
	t.Parallel()
	n := &node{Color: "red"}
	n.Next = n
	_, err := newWire().Encode(n)
	require.ErrorContains(t, err, "cycle")
}
