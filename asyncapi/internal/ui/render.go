package ui

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"
)

// The parts of the page, as they stand in the binary.
var (
	//go:embed assets/page.html
	pageHTML string
	//go:embed assets/page.css
	pageCSS string
	//go:embed assets/page.js
	pageJS string
	//go:embed assets/try.css
	tryCSS string
	//go:embed assets/try.js
	tryJS string
)

// icon is a mark of two bubbles; in the page, so that nothing is loaded.
const icon = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='M4 5h17v12H12l-5 5v-5H4z' fill='%230a6a68'/%3E%3Cpath d='M24 11h4v12h-3v5l-5-5h-8v-2h12z' fill='%237a3e9d'/%3E%3C/svg%3E`

// The texts inserted here are the project's own files, nothing else: what is
// said of a service goes through the escaping of html/template.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"icon": func() template.URL { return icon }, "style": style, "script": pageScript, "tryScript": tryScript,
}).Parse(pageHTML))

func style() template.CSS     { return template.CSS(pageCSS + tryCSS) } //nolint:gosec // embedded files
func pageScript() template.JS { return template.JS(pageJS) }            //nolint:gosec // an embedded file
func tryScript() template.JS  { return template.JS(tryJS) }             //nolint:gosec // an embedded file

// Render draws the page.
func Render(p *Page) ([]byte, error) {
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, "page", p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Policy is the Content-Security-Policy of the page: nothing is loaded from
// anywhere, style and script are those in the page and no others, the script
// speaks to the page's own origin only and cannot make markup of text.
func Policy() string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + hash(pageJS) + " " + hash(tryJS),
		"style-src " + hash(string(style())),
		"img-src data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
	}, "; ")
}

// hash names a script or style by its content.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
