package asyncapi

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Document) MarshalJSON() ([]byte, error) {
	type plain Document
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Document) UnmarshalJSON(data []byte) error {
	type plain Document
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Info) MarshalJSON() ([]byte, error) {
	type plain Info
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Info) UnmarshalJSON(data []byte) error {
	type plain Info
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Server) MarshalJSON() ([]byte, error) {
	type plain Server
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Server) UnmarshalJSON(data []byte) error {
	type plain Server
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o SecurityScheme) MarshalJSON() ([]byte, error) {
	type plain SecurityScheme
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *SecurityScheme) UnmarshalJSON(data []byte) error {
	type plain SecurityScheme
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Components) MarshalJSON() ([]byte, error) {
	type plain Components
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Components) UnmarshalJSON(data []byte) error {
	type plain Components
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Channel) MarshalJSON() ([]byte, error) {
	type plain Channel
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Channel) UnmarshalJSON(data []byte) error {
	type plain Channel
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Parameter) MarshalJSON() ([]byte, error) {
	type plain Parameter
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Parameter) UnmarshalJSON(data []byte) error {
	type plain Parameter
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Operation) MarshalJSON() ([]byte, error) {
	type plain Operation
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Operation) UnmarshalJSON(data []byte) error {
	type plain Operation
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Reply) MarshalJSON() ([]byte, error) {
	type plain Reply
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Reply) UnmarshalJSON(data []byte) error {
	type plain Reply
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o ReplyAddress) MarshalJSON() ([]byte, error) {
	type plain ReplyAddress
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *ReplyAddress) UnmarshalJSON(data []byte) error {
	type plain ReplyAddress
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o CorrelationID) MarshalJSON() ([]byte, error) {
	type plain CorrelationID
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *CorrelationID) UnmarshalJSON(data []byte) error {
	type plain CorrelationID
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o Message) MarshalJSON() ([]byte, error) {
	type plain Message
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *Message) UnmarshalJSON(data []byte) error {
	type plain Message
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o ChannelBindings) MarshalJSON() ([]byte, error) {
	type plain ChannelBindings
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *ChannelBindings) UnmarshalJSON(data []byte) error {
	type plain ChannelBindings
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o AMQPChannel) MarshalJSON() ([]byte, error) {
	type plain AMQPChannel
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *AMQPChannel) UnmarshalJSON(data []byte) error {
	type plain AMQPChannel
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o AMQPQueue) MarshalJSON() ([]byte, error) {
	type plain AMQPQueue
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *AMQPQueue) UnmarshalJSON(data []byte) error {
	type plain AMQPQueue
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o AMQPExchange) MarshalJSON() ([]byte, error) {
	type plain AMQPExchange
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *AMQPExchange) UnmarshalJSON(data []byte) error {
	type plain AMQPExchange
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o OperationBindings) MarshalJSON() ([]byte, error) {
	type plain OperationBindings
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *OperationBindings) UnmarshalJSON(data []byte) error {
	type plain OperationBindings
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o AMQPOperation) MarshalJSON() ([]byte, error) {
	type plain AMQPOperation
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *AMQPOperation) UnmarshalJSON(data []byte) error {
	type plain AMQPOperation
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o MessageBindings) MarshalJSON() ([]byte, error) {
	type plain MessageBindings
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *MessageBindings) UnmarshalJSON(data []byte) error {
	type plain MessageBindings
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}

// MarshalJSON writes the known fields in the specification's order, then the
// extensions by name.
func (o AMQPMessage) MarshalJSON() ([]byte, error) {
	type plain AMQPMessage
	return marshalObject(plain(o), o.Extensions)
}

// UnmarshalJSON reads the known fields, and all others as extensions.
func (o *AMQPMessage) UnmarshalJSON(data []byte) error {
	type plain AMQPMessage
	return unmarshalObject(data, (*plain)(o), &o.Extensions)
}
