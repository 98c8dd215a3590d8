package ui_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/asyncapi/internal/ui"
)

func TestTextIsASmallMarkdown(t *testing.T) {
	t.Parallel()
	blocks := ui.Text("One `code` and **loud**,\nsee [here](https://example.com/a).\n\n- first\n  goes on\n- second\n\n```go\na := 1\n```\n\n    b := 2\n\n# Title")
	require.Len(t, blocks, 5)
	require.Equal(t, []ui.Span{
		{Text: "One "},
		{Text: "code", Code: true},
		{Text: " and "},
		{Text: "loud", Strong: true},
		{Text: ", see "},
		{Text: "here", To: "https://example.com/a"},
		{Text: "."},
	}, blocks[0].Spans)
	require.Equal(t, [][]ui.Span{{{Text: "first goes on"}}, {{Text: "second"}}}, blocks[1].Items)
	require.Equal(t, "a := 1", blocks[2].Lines)
	require.Equal(t, "    b := 2", blocks[3].Lines)
	require.Equal(t, "Title", blocks[4].Spans[0].Text)
	for _, to := range []string{"javascript:alert(1)", "//example.com", "data:text/html,x", "/etc", "https:x"} {
		for _, s := range ui.Text("[x](" + to + ")")[0].Spans {
			require.Empty(t, s.To, to)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a `b` **c** [d](https://e.f)\n\n- g\n\n```\nh\n```")
	f.Add("- \n-\n\n\t\n```")
	f.Fuzz(func(t *testing.T, s string) {
		html, err := ui.Render(&ui.Page{Title: s, About: ui.Text(s)})
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(html, []byte("<script>")), "a text adds no markup")
		require.NotContains(t, strings.ToLower(string(html)), `href="javascript:`)
	})
}

func TestDrawingsKeepBoxesApart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a-rather-long-word.", 8)
	for _, name := range []string{"q", "orders.place", long} {
		f := ui.Flow{
			Stages: []ui.Node{
				{Kind: "exchange", Label: "topic exchange", Name: name},
				{Kind: "queue", Label: "queue", Name: name, Edge: "a.*." + name},
				{Kind: "handler", Label: "handler", Name: name},
			},
			Outputs: []ui.Node{{Kind: "reply", Label: "reply", Name: name}, {Kind: "next", Label: "topic exchange " + name, Name: name}, {Kind: "next", Label: "next", Name: name}},
			Retry:   &ui.Node{Kind: "retry", Label: "again", Name: "after 1s"}, Failure: &ui.Node{Kind: "error", Label: "error queue", Name: name},
		}
		for _, d := range []*ui.Drawing{f.Wide(), f.Tall()} {
			require.Len(t, d.Boxes, 8)
			for i, a := range d.Boxes {
				require.LessOrEqual(t, a.X+a.W, d.Width)
				require.LessOrEqual(t, a.Y+a.H, d.Height)
				require.GreaterOrEqual(t, min(a.X, a.Y), 0)
				for _, b := range d.Boxes[i+1:] {
					apart := a.X+a.W <= b.X || b.X+b.W <= a.X || a.Y+a.H <= b.Y || b.Y+b.H <= a.Y
					require.True(t, apart, "%s: %v meets %v in the %s drawing", name, a, b, d.Class)
				}
			}
			require.Contains(t, d.Title, "when it fails, again after 1s")
		}
	}
}
