// Package asyncapi describes an app as an AsyncAPI document: what it accepts,
// what it answers, what it sends, and where.
//
//	doc, err := asyncapi.Generate(app, asyncapi.Broker("production", url))
//	yaml, err := doc.YAML()
//
// [Generate] reads the app's declarations and nothing else: it needs no broker
// and no source. What it says is what the service does. The schemas of received
// messages refuse what the service refuses, down to the validate tags; what
// JSON Schema cannot say is listed beside it, under [ExtValidate], never left
// out. The schemas of sent messages say what encoding/json writes, and list the
// rules of validate tags without claiming them, since nobody checks them there.
//
// [Handler] serves the document to programs, and as a page to people.
//
// [Lint] finds what the official parser lets through, [Diff] says which change
// breaks whom, and [VerifySchemas] holds the schemas against the service's own
// decoding and validation in a test.
package asyncapi
