package asyncapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi/internal/ui"
)

// Page serves what an app does: for people at "/", for programs at
// "/asyncapi.yaml" and "/asyncapi.json". It is an [http.Handler] and may be
// called concurrently.
type Page struct {
	app      *parley.App
	settings pageSettings

	mu    sync.Mutex
	shown *shown
}

// pageSettings is what the options of a page add up to.
type pageSettings struct {
	document []Option
	try      *trying
	faults   []error
}

// PageOption is given to [Handler]: an [Option] of the document, or one that
// concerns only the page.
type PageOption interface {
	fmt.Stringer
	applyPage(s *pageSettings)
}

func (o option) applyPage(s *pageSettings) { s.document = append(s.document, o) }

type pageOption struct {
	text string
	set  func(*pageSettings)
}

func (o pageOption) String() string            { return o.text }
func (o pageOption) applyPage(s *pageSettings) { o.set(s) }

// Handler serves the page of an app and its document. All of it comes from the
// binary: nothing is loaded from elsewhere, and the page reads without
// JavaScript. It may be mounted below any prefix, which is best written with a
// slash at its end:
//
//	mux.Handle("/docs/", asyncapi.Handler(app))
//
// The page tells what the service takes and from whom; whoever should not know
// that should not reach it: serve it on a loopback address, or put it behind
// the authorisation of your other pages. It only reads, unless [TryIt] is given.
//
// What it shows is made of the app's declarations when it is first asked for,
// and again when there are new ones. With declarations or options that are
// wrong every answer is 500; [Page.Err] says why.
func Handler(app *parley.App, opts ...PageOption) *Page {
	p := &Page{app: app}
	for _, o := range opts {
		o.applyPage(&p.settings)
	}
	return p
}

// Err is what is wrong with the page's options, the app's declarations, or the
// document made of them; nil when the page can be served.
func (p *Page) Err() error {
	_, err := p.current()
	return err
}

// shown is what is served, and what it was made of.
type shown struct {
	generated  *generator
	operations string // tells declarations apart
	page       file
	yaml, json file
	checking   sync.Mutex // one at a time: the checker compiles schemas as they are needed
	checker    *checker
}

// file is an answer in full.
type file struct {
	mediaType  string
	body, gzip []byte
	tag        string
}

func newFile(mediaType string, body []byte) file {
	sum := sha256.Sum256(body)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return file{mediaType: mediaType, body: body, gzip: b.Bytes(), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`}
}

// current returns what is to be served now.
func (p *Page) current() (*shown, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, err := range p.settings.faults {
		return nil, err
	}
	operations := fingerprint(p.app.Operations())
	if p.shown != nil && p.shown.operations == operations {
		return p.shown, nil
	}
	s, err := p.make()
	if err != nil {
		return nil, err
	}
	s.operations = operations
	p.shown = s
	return s, nil
}

// fingerprint changes when declarations are added.
func fingerprint(all []parley.Operation) string {
	var b strings.Builder
	for i := range all {
		fmt.Fprintf(&b, "%s %s %s\n", all[i].Action, all[i].Address, all[i].Site)
	}
	return b.String()
}

func (p *Page) make() (*shown, error) {
	g, err := generate(p.app, p.settings.document)
	if err != nil {
		return nil, err
	}
	s := &shown{generated: g}
	try := p.settings.try
	html, err := ui.Render(g.view(try != nil))
	if err != nil {
		return nil, fmt.Errorf("asyncapi: page: %w", err)
	}
	yaml, err := g.doc.YAML()
	if err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	json, err := g.doc.JSON()
	if err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	if s.checker, err = newChecker(g.doc); err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	s.page = newFile("text/html; charset=utf-8", html)
	s.yaml = newFile("application/vnd.aai.asyncapi+yaml;version="+g.doc.AsyncAPI, yaml)
	s.json = newFile("application/vnd.aai.asyncapi+json;version="+g.doc.AsyncAPI, json)
	return s, nil
}
