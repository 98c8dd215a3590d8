package asyncapi

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// Option says what a document tells besides the app's declarations.
type Option interface {
	PageOption
	apply(s *settings)
}

type settings struct {
	version  string
	info     Info
	comments Comments
	samples  []sample
	brokers  []broker
	foreign  []func(reflect.Type) (format, text string, ok bool)
	faults   []error
}

type sample struct {
	name  string
	value any
}

type broker struct {
	name     string
	server   *Server
	security []SecurityScheme
}

type option struct {
	text string
	set  func(*settings)
}

func (o option) String() string    { return o.text }
func (o option) apply(s *settings) { o.set(s) }

// About sets what is told of the application as a whole: description, contact,
// licence, tags, further documents. An empty title or version is that of
// parley.Info.
func About(info Info) Option {
	return option{"asyncapi.About(…)", func(s *settings) { s.info = info }}
}

// Broker adds a server by its URL, such as
// "amqps://rabbitmq.example.com:5671/prod". Credentials and the query are left
// out of the document: a URL with a user gets the security scheme userPassword
// unless others are given.
func Broker(name, rawURL string, security ...SecurityScheme) Option {
	return option{fmt.Sprintf("asyncapi.Broker(%q, …)", name), func(s *settings) {
		server, user, err := parseServer(rawURL)
		if err != nil {
			s.faults = append(s.faults, fmt.Errorf("broker %q: %w", name, err))
			return
		}
		if user && len(security) == 0 {
			security = []SecurityScheme{{Type: "userPassword"}}
		}
		s.brokers = append(s.brokers, broker{name, server, security})
	}}
}

// parseServer takes a URL apart and reports whether it named a user. The error
// does not repeat the URL, which may hold a password.
func parseServer(rawURL string) (server *Server, user bool, err error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return nil, false, fmt.Errorf("wanted a URL such as amqp://localhost:5672/, got one without a host; hint: check its scheme and its escapes")
	}
	server = &Server{Host: u.Host, Protocol: strings.ToLower(u.Scheme)}
	if server.Protocol == "amqp" || server.Protocol == "amqps" {
		server.ProtocolVersion = "0-9-1"
	}
	if vhost := strings.TrimPrefix(u.EscapedPath(), "/"); vhost != "" {
		server.Pathname = "/" + vhost
	}
	return server, u.User != nil, nil
}

// vhost is the virtual host of a server as AMQP names it.
func (s *Server) vhost() string {
	name, err := url.PathUnescape(strings.TrimPrefix(s.Pathname, "/"))
	if err != nil || name == "" {
		return "/"
	}
	return name
}

// Docs brings the comments of source code, as the command asyncapi wrote them:
// what stands at a handler becomes the summary and description of its
// operation, what stands at types and fields goes into their schemas.
func Docs(comments Comments) Option {
	return option{"asyncapi.Docs(…)", func(s *settings) { s.comments = comments }}
}

// Sample adds an example: to every message whose body is of the type of value.
// The name is unique among a message's examples.
func Sample(name string, value any) Option {
	return option{fmt.Sprintf("asyncapi.Sample(%q, …)", name), func(s *settings) {
		s.samples = append(s.samples, sample{name, value})
	}}
}

// Foreign describes types in another language than JSON Schema: f returns the
// media type of the language and the schema, or false for types that it does not
// know. Function Schema of package serialization/protobuf is one.
func Foreign(f func(t reflect.Type) (format, text string, ok bool)) Option {
	return option{"asyncapi.Foreign(…)", func(s *settings) { s.foreign = append(s.foreign, f) }}
}

// Spec sets the version of the specification that the document names: 3.0.0,
// the default, or 3.1.0, which adds nothing for AMQP and is not yet understood
// by all tools.
func Spec(version string) Option {
	return option{fmt.Sprintf("asyncapi.Spec(%q)", version), func(s *settings) {
		if version != Version && version != "3.1.0" {
			s.faults = append(s.faults, fmt.Errorf("asyncapi.Spec: wanted 3.0.0 or 3.1.0, got %q", version))
			return
		}
		s.version = version
	}}
}
