package asyncapi

// Version is the version of the specification that documents are written for.
const Version = "3.0.0"

// Document is an AsyncAPI document. Every object of it takes further fields in
// Extensions; those that the specification allows begin with "x-".
//
// A document is a plain value: it may be changed until it is handed on, and is
// not safe for concurrent use while it is.
//
// Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
type Document struct {
	// AsyncAPI is the version of the specification, see [Version].
	AsyncAPI string `json:"asyncapi"`
	// ID is a URI that names the application; optional.
	ID   string `json:"id,omitempty"`
	Info Info   `json:"info"`
	// DefaultContentType counts for messages that name none.
	DefaultContentType string                `json:"defaultContentType,omitempty"`
	Servers            map[string]*Server    `json:"servers,omitempty"`
	Channels           map[string]*Channel   `json:"channels,omitempty"`
	Operations         map[string]*Operation `json:"operations,omitempty"`
	Components         *Components           `json:"components,omitempty"`
	Extensions         Extensions            `json:"-"`

	// Notes are what generating found worth saying; they are not written.
	Notes []Finding `json:"-"`
}

// Extensions are the fields of an object that its type does not know. Written
// in the order of their names, after the known ones.
type Extensions map[string]any

// mark sets a field to true, or leaves it out.
func (e Extensions) mark(name string, set bool) {
	if set {
		e[name] = true
	}
}

// Info describes the application.
type Info struct {
	Title   string `json:"title"`
	Version string `json:"version"`
	// Description may hold CommonMark, as all descriptions may.
	Description    string        `json:"description,omitempty"`
	TermsOfService string        `json:"termsOfService,omitempty"`
	Contact        *Contact      `json:"contact,omitempty"`
	License        *License      `json:"license,omitempty"`
	Tags           []Tag         `json:"tags,omitempty"`
	ExternalDocs   *ExternalDocs `json:"externalDocs,omitempty"`
	Extensions     Extensions    `json:"-"`
}

// Contact says who answers questions about the application.
type Contact struct {
	Name  string `json:"name,omitempty"`
	URL   string `json:"url,omitempty"`
	Email string `json:"email,omitempty"`
}

// License is the licence of the application's interface.
type License struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Tag groups what it stands at.
type Tag struct {
	Name         string        `json:"name"`
	Description  string        `json:"description,omitempty"`
	ExternalDocs *ExternalDocs `json:"externalDocs,omitempty"`
}

// ExternalDocs points to more to read.
type ExternalDocs struct {
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
}

// Server is a broker. It has no field for credentials.
type Server struct {
	// Host is a name or address and an optional port, nothing else.
	Host string `json:"host"`
	// Pathname is the virtual host, with a leading slash.
	Pathname        string             `json:"pathname,omitempty"`
	Protocol        string             `json:"protocol"`
	ProtocolVersion string             `json:"protocolVersion,omitempty"`
	Title           string             `json:"title,omitempty"`
	Summary         string             `json:"summary,omitempty"`
	Description     string             `json:"description,omitempty"`
	Variables       map[string]any     `json:"variables,omitempty"`
	Security        []*SecurityScheme  `json:"security,omitempty"`
	Tags            []Tag              `json:"tags,omitempty"`
	ExternalDocs    *ExternalDocs      `json:"externalDocs,omitempty"`
	Bindings        map[string]Binding `json:"bindings,omitempty"`
	Extensions      Extensions         `json:"-"`
}

// SecurityScheme is a way to prove who one is, or, with Ref alone, a reference
// to one in the components.
type SecurityScheme struct {
	Ref         string     `json:"$ref,omitempty"`
	Type        string     `json:"type,omitempty"`
	Description string     `json:"description,omitempty"`
	Extensions  Extensions `json:"-"`
}

// Components are what the rest of the document refers to.
type Components struct {
	SecuritySchemes map[string]*SecurityScheme `json:"securitySchemes,omitempty"`
	CorrelationIDs  map[string]*CorrelationID  `json:"correlationIds,omitempty"`
	Messages        map[string]*Message        `json:"messages,omitempty"`
	Schemas         map[string]*Schema         `json:"schemas,omitempty"`
	Extensions      Extensions                 `json:"-"`
}
