package asyncapi

// Action is what the described application does with an operation's messages.
type Action string

// The two actions, from the described application's own point of view.
const (
	Receive Action = "receive"
	Send    Action = "send"
)

// Ref refers to another object of the document.
type Ref struct {
	// Ref is a JSON pointer behind "#".
	Ref string `json:"$ref"`
}

// Channel is an address and the messages that go there.
type Channel struct {
	// Address is nil where another object says it, as for replies. It is
	// written as null then.
	Address *string `json:"address"`
	// Messages are all that are sent there; each message matches exactly one.
	Messages     map[string]*Message   `json:"messages,omitempty"`
	Title        string                `json:"title,omitempty"`
	Summary      string                `json:"summary,omitempty"`
	Description  string                `json:"description,omitempty"`
	Servers      []Ref                 `json:"servers,omitempty"`
	Parameters   map[string]*Parameter `json:"parameters,omitempty"`
	Tags         []Tag                 `json:"tags,omitempty"`
	ExternalDocs *ExternalDocs         `json:"externalDocs,omitempty"`
	Bindings     *ChannelBindings      `json:"bindings,omitempty"`
	Extensions   Extensions            `json:"-"`
}

// Parameter is a {name} of an address. Its values are strings.
type Parameter struct {
	Enum        []string   `json:"enum,omitempty"`
	Default     string     `json:"default,omitempty"`
	Description string     `json:"description,omitempty"`
	Examples    []string   `json:"examples,omitempty"`
	Location    string     `json:"location,omitempty"`
	Extensions  Extensions `json:"-"`
}

// Operation is one thing that the application does.
type Operation struct {
	Action      Action `json:"action"`
	Title       string `json:"title,omitempty"`
	Summary     string `json:"summary,omitempty"`
	Description string `json:"description,omitempty"`
	// Channel refers to one of the document's channels.
	Channel Ref `json:"channel"`
	// Messages refer to messages of that channel.
	Messages     []Ref              `json:"messages,omitempty"`
	Security     []*SecurityScheme  `json:"security,omitempty"`
	Tags         []Tag              `json:"tags,omitempty"`
	ExternalDocs *ExternalDocs      `json:"externalDocs,omitempty"`
	Bindings     *OperationBindings `json:"bindings,omitempty"`
	Reply        *Reply             `json:"reply,omitempty"`
	Extensions   Extensions         `json:"-"`
}

// Reply is what answers an operation's message.
type Reply struct {
	Address *ReplyAddress `json:"address,omitempty"`
	Channel *Ref          `json:"channel,omitempty"`
	// Messages refer to messages of Channel.
	Messages   []Ref      `json:"messages,omitempty"`
	Extensions Extensions `json:"-"`
}

// ReplyAddress says where the address of the reply stands in the request.
type ReplyAddress struct {
	// Location is a runtime expression such as "$message.header#/replyTo".
	Location    string     `json:"location"`
	Description string     `json:"description,omitempty"`
	Extensions  Extensions `json:"-"`
}

// CorrelationID says where the correlation id stands in a message, or, with Ref
// alone, refers to one in the components.
type CorrelationID struct {
	Ref         string     `json:"$ref,omitempty"`
	Location    string     `json:"location,omitempty"`
	Description string     `json:"description,omitempty"`
	Extensions  Extensions `json:"-"`
}

// Message is a kind of message, or, with Ref alone, refers to one in the
// components.
type Message struct {
	Ref           string         `json:"$ref,omitempty"`
	Name          string         `json:"name,omitempty"`
	Title         string         `json:"title,omitempty"`
	Summary       string         `json:"summary,omitempty"`
	Description   string         `json:"description,omitempty"`
	ContentType   string         `json:"contentType,omitempty"`
	CorrelationID *CorrelationID `json:"correlationId,omitempty"`
	// Headers is the schema of the application's headers: an object.
	Headers      *Schema          `json:"headers,omitempty"`
	Payload      *Payload         `json:"payload,omitempty"`
	Tags         []Tag            `json:"tags,omitempty"`
	ExternalDocs *ExternalDocs    `json:"externalDocs,omitempty"`
	Bindings     *MessageBindings `json:"bindings,omitempty"`
	Examples     []Example        `json:"examples,omitempty"`
	Deprecated   bool             `json:"deprecated,omitempty"`
	Extensions   Extensions       `json:"-"`
}

// Payload is the schema of a message's body: Schema, or a text in another
// language than JSON Schema.
type Payload struct {
	// Schema is set when Format is empty.
	Schema *Schema
	// Format is the media type of the schema language, such as
	// "application/vnd.google.protobuf;version=3", and Text the schema.
	Format, Text string
}

// Example is a message in full. Payload and Headers are JSON values.
type Example struct {
	Name    string         `json:"name,omitempty"`
	Summary string         `json:"summary,omitempty"`
	Headers map[string]any `json:"headers,omitempty"`
	Payload any            `json:"payload,omitempty"`
}
