package asyncapi

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/parley-go/parley"
)

// App is what documents are written from: a *parley.App.
type App interface {
	// Name and Version are those of parley.Info.
	Name() string
	Version() string
	// Operations are the declarations of the app.
	Operations() []parley.Operation
	// Err is what is wrong with them.
	Err() error
}

// Generate describes an app. It needs no broker and does not start the app;
// the same declarations give the same document. The error tells what is wrong
// with the declarations, their types, their validation rules or their examples:
// all of it, joined. What is only doubtful stands in the document's Notes.
func Generate(app App, opts ...Option) (*Document, error) {
	g, err := generate(app, opts)
	if err != nil {
		return nil, err
	}
	return g.doc, nil
}

// generate returns the document with what it was made of.
func generate(app App, opts []Option) (*generator, error) {
	g := newGenerator(app, opts)
	if err := errors.Join(append(g.faults, app.Err())...); err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	g.collect(app.Operations())
	if err := g.reflector.err(); err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	g.document()
	if err := g.examples(); err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	return g, nil
}

type generator struct {
	settings
	reflector *reflector
	doc       *Document
	vhost     string

	channels   []*channelPlan
	operations []*operationPlan
	// messageOf finds the name of a message among the components.
	messages map[string]*messagePlan
}

func newGenerator(app App, opts []Option) *generator {
	g := &generator{settings: settings{version: Version}, messages: map[string]*messagePlan{}}
	for _, o := range opts {
		o.apply(&g.settings)
	}
	if g.info.Title == "" {
		g.info.Title = app.Name()
	}
	if g.info.Title == "" {
		g.info.Title = "service"
	}
	if g.info.Version == "" {
		g.info.Version = app.Version()
	}
	if g.info.Version == "" {
		g.info.Version = "0.0.0"
	}
	return g
}

// collect plans channels, operations and messages, and describes their types.
func (g *generator) collect(all []parley.Operation) {
	rule := rules(func(any, string) error { return nil })
	if len(all) > 0 && all[0].Rule != nil {
		rule = all[0].Rule
	}
	g.reflector = newReflector(rule, g.comments)
	for i := range all {
		op := &operationPlan{Operation: &all[i]}
		op.channel = g.channelOf(op)
		op.channel.operations = append(op.channel.operations, op)
		g.operations = append(g.operations, op)
	}
	for _, c := range g.channels {
		c.decideViews()
		for _, op := range c.operations {
			g.planMessages(op)
		}
	}
}

// document puts the plans together.
func (g *generator) document() {
	g.doc = &Document{
		AsyncAPI: g.version, Info: g.info, DefaultContentType: contentJSON,
		Channels: map[string]*Channel{}, Operations: map[string]*Operation{},
		Components: &Components{Messages: map[string]*Message{}},
	}
	g.servers()
	var roots []*Schema
	for _, m := range g.messages {
		roots = append(roots, m.payload, m.headers)
	}
	schemas := g.reflector.components(roots...)
	g.nameAll(schemas)
	for _, c := range g.channels {
		g.doc.Channels[c.key] = g.channel(c)
	}
	for _, op := range g.operations {
		g.doc.Operations[op.id] = g.operation(op)
	}
	if len(schemas) > 0 {
		g.doc.Components.Schemas = schemas
	}
	g.doc.Notes = append(g.doc.Notes, g.reflector.notes...)
}

// servers writes the brokers and how one proves oneself to them.
func (g *generator) servers() {
	g.vhost = "/"
	for i, b := range g.brokers {
		if i == 0 {
			g.vhost = b.server.vhost()
			g.doc.Servers = map[string]*Server{}
		}
		for _, scheme := range b.security {
			if g.doc.Components.SecuritySchemes == nil {
				g.doc.Components.SecuritySchemes = map[string]*SecurityScheme{}
			}
			g.doc.Components.SecuritySchemes[scheme.Type] = new(scheme)
			b.server.Security = append(b.server.Security, &SecurityScheme{Ref: "#/components/securitySchemes/" + scheme.Type})
		}
		g.doc.Servers[b.name] = b.server
	}
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// typeName is the name of the type that a body is of, "" when it has none that
// tells something.
func typeName(t reflect.Type) string {
	if t == nil {
		return ""
	}
	t, _ = indirect(t)
	if t.PkgPath() == "" {
		return ""
	}
	return shortName(t)
}
