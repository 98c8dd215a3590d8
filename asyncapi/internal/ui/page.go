package ui

// Page is all that is said of a service.
type Page struct {
	Title, Version string
	About          []Block
	// Facts are contact, licence, documents: what has a link.
	Facts   []Link
	Servers []Server
	Groups  []Group
	Schemas []Schema
	// Try adds the form that sends.
	Try bool
}

// Link is a text that may lead somewhere. The address is http, https or mailto,
// or a fragment of the page.
type Link struct{ Label, Text, To string }

// Server is a broker.
type Server struct{ Name, Address, Note string }

// Group is a list of operations under one heading.
type Group struct {
	Title, Note string
	Operations  []Operation
}

// Operation is one thing that the service does.
type Operation struct {
	ID, Title string
	// Action is "receive" or "send", Verb what it is in a word.
	Action, Verb string
	Address      []Word
	Exchange     string
	Summary      string
	About        []Block
	// Gives and Gets are the names of what comes in and goes out.
	Gives, Gets []Link
	// ManyGives says that one request is many of Gives, ManyGets that it has many
	// of Gets.
	ManyGives, ManyGets bool
	// Cancellable says that the request can be called off.
	Cancellable bool
	Facts       []Fact
	Flow        Flow
	Parameters  []Property
	Messages    []Message
	Replies     []Message
	Errors      []Code
	Try         bool
}

// Arrow stands between Gives and Gets.
func (o Operation) Arrow() string {
	if o.ManyGives && o.ManyGets {
		return "↔"
	}
	return "→"
}

// ArrowWords say the arrow.
func (o Operation) ArrowWords() string {
	switch {
	case o.ManyGives && o.ManyGets:
		return "many: answers them as they come with many"
	case o.ManyGives:
		return "many: answers with"
	case o.ManyGets:
		return "answers with many"
	default:
		return "answers with"
	}
}

// SentFrames are the messages that belong to the running of a stream.
func (o Operation) SentFrames() []Message { return frames(o.Messages) }

// Frames are the replies that belong to the running of a stream, or of a request
// that can be called off.
func (o Operation) Frames() []Message { return frames(o.Replies) }

// FramesOf says what they belong to.
func (o Operation) FramesOf() string {
	if o.Cancellable && !o.ManyGives {
		return "Frames by which the request can be called off"
	}
	return "Frames of the stream without a value"
}

func frames(all []Message) []Message {
	var found []Message
	for _, m := range all {
		if m.Frame {
			found = append(found, m)
		}
	}
	return found
}

// Word is a part of an address.
type Word struct {
	Text string
	// Parameter says that it stands for a value.
	Parameter bool
}

// Fact is a short statement.
type Fact struct{ Name, Text string }

// Code is an error that an operation answers with.
type Code struct{ Name, Meaning string }

// Message is what is sent or answered.
type Message struct {
	Name, Title string
	ContentType string
	About       []Block
	// Failure says that it tells of an error.
	Failure bool
	// Frame says that it belongs to the running of a stream or of a request that
	// can be called off.
	Frame    bool
	Headers  []Property
	Body     Value
	Foreign  string // the schema in another language
	Examples []Example
}

// Example is a message in full.
type Example struct{ Name, Headers, Body string }

// Schema is a named type.
type Schema struct {
	ID, Name string
	Value    Value
}

// Value is what a value may be.
type Value struct {
	// Type names its kinds, such as "array of Item or null".
	Type []Link
	// Limits are its constraints, each a few words; Rules those that the schema
	// cannot say, as sentences.
	Limits []Limit
	Rules  []string
	// Choices are the only values allowed.
	Choices []string
	About   []Block
	Example string
	Default string
	// Properties are those of an object, or of the elements of an array.
	Properties []Property
	Deprecated bool
}

// Limit is a constraint. Code is set in the type of programs.
type Limit struct{ Text, Code string }

// Property is a named value.
type Property struct {
	Name     string
	Required bool
	Value
}
