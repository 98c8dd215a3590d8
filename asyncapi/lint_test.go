package asyncapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/asyncapi"
)

func shopDocument(t *testing.T) *asyncapi.Document {
	t.Helper()
	d, err := asyncapi.Generate(shop(), shopOptions()...)
	require.NoError(t, err)
	return d
}

func TestGeneratedDocumentsAreClean(t *testing.T) {
	t.Parallel()
	require.Empty(t, asyncapi.Lint(shopDocument(t)))
	d, err := asyncapi.Generate(corpus())
	require.NoError(t, err)
	require.Empty(t, asyncapi.LintErrors(d))
}

// Each rule of the linter, by a document that was spoilt for it.
func TestLint(t *testing.T) {
	t.Parallel()
	type doc = asyncapi.Document
	schema := func(d *doc, name string) *asyncapi.Schema { return d.Components.Schemas[name] }
	for _, c := range []struct {
		rule, at string
		spoil    func(d *doc)
	}{
		{"reply-messages", "/operations/placeOrder/reply/messages", func(d *doc) {
			d.Operations["placeOrder"].Reply.Messages[0].Ref = "#/components/messages/Receipt"
		}},
		{"reply-messages", "/operations/placeOrder/reply/messages", func(d *doc) {
			d.Operations["placeOrder"].Reply.Messages[0].Ref = "#/channels/tree/messages/Tree"
		}},
		{"reply-channel", "/operations/placeOrder/reply/channel", func(d *doc) { d.Operations["placeOrder"].Reply.Channel.Ref = "#/components/channels/x" }},
		{"reply", "/operations/placeOrder/reply", func(d *doc) { d.Operations["placeOrder"].Reply = &asyncapi.Reply{} }},
		{"reply-address", "/operations/placeOrder/reply/address", func(d *doc) { d.Channels["ordersPlaceReply"].Address = new("replies") }},
		{"items", "/operations/restock/x-request-items", func(d *doc) { delete(d.Channels, "restockItems") }},
		{"items", "/operations/restock/x-request-items", func(d *doc) { d.Operations["restock"].Extensions[asyncapi.ExtItems] = "restockItems" }},
		{"channel", "/operations/placeOrder/channel", func(d *doc) { d.Operations["placeOrder"].Channel.Ref = "#/channels/none" }},
		{"operation-messages", "/operations/placeOrder/messages", func(d *doc) {
			d.Operations["placeOrder"].Messages[0].Ref = "#/components/messages/OrderInput"
		}},
		{"operation-messages", "/operations/tree/messages", func(d *doc) {
			op := d.Operations["tree"]
			op.Messages = append(op.Messages, op.Messages[0])
		}},
		{"parameters", "/channels/eventsTenantPlaced/parameters", func(d *doc) { d.Channels["eventsTenantPlaced"].Parameters = nil }},
		{"parameters", "/channels/tree/parameters/x", func(d *doc) {
			d.Channels["tree"].Parameters = map[string]*asyncapi.Parameter{"x": {}}
		}},
		{"parameter-default", "/channels/eventsTenantPlaced/parameters/tenant/default", func(d *doc) {
			d.Channels["eventsTenantPlaced"].Parameters["tenant"] = &asyncapi.Parameter{Enum: []string{"a"}, Default: "b"}
		}},
		{"address", "/channels/tree/address", func(d *doc) { d.Channels["tree"].Address = new("") }},
		{"address", "/channels/tree/address", func(d *doc) { d.Channels["tree"].Address = new("logs.#") }},
		{"address", "/channels/tree/address", func(d *doc) { d.Channels["tree"].Address = new(strings.Repeat("a", 256)) }},
		{"key", "/components/schemas/Envelope[Order]", func(d *doc) { d.Components.Schemas["Envelope[Order]"] = &asyncapi.Schema{} }},
		{"key", "/channels/a~1b", func(d *doc) { d.Channels["a/b"] = d.Channels["tree"] }},
		{"key", "/operations/a:b", func(d *doc) { d.Operations["a:b"] = d.Operations["tree"] }},
		{"key", "/servers/a b", func(d *doc) { d.Servers["a b"] = d.Servers["production"] }},
		{"example", "/components/messages/Payment/examples/0/payload", func(d *doc) {
			d.Components.Messages["Payment"].Examples[0].Payload = map[string]any{"order_id": 1}
		}},
		{"example", "/components/messages/RPCError/examples/0/headers", func(d *doc) {
			d.Components.Messages["RPCError"].Examples[0].Headers = map[string]any{"other": 1}
		}},
		{"schema-example", "/components/schemas/ItemInput/properties/sku", func(d *doc) {
			schema(d, "ItemInput").Properties.Get("sku").Examples = []any{""}
		}},
		{"distinct", "/channels/ordersPlaceReply/messages", func(d *doc) { d.Components.Messages["ReceiptReply"].Headers = nil }},
		{"ref-alone", "/components/messages/Placed/payload", func(d *doc) {
			d.Components.Messages["Placed"].Payload.Schema.Description = "Ignored."
		}},
		{"ref", "/components/messages/Placed/payload", func(d *doc) {
			d.Components.Messages["Placed"].Payload.Schema.Ref = "#/components/schemas/None"
		}},
		{"keyword", "/components/schemas/Placed/nullable", func(d *doc) {
			schema(d, "Placed").Extensions = asyncapi.Extensions{"nullable": true}
		}},
		{"keyword", "/components/schemas/Placed/properties/order_id/$defs", func(d *doc) {
			schema(d, "Placed").Properties[0].Schema.Extensions = asyncapi.Extensions{"$defs": map[string]any{}}
		}},
		{"schema-format", "/components/messages/Placed/payload/schemaFormat", func(d *doc) {
			d.Components.Messages["Placed"].Payload = &asyncapi.Payload{Format: "application/vnd.apache.avro", Text: "{}"}
		}},
		{"pattern", "/components/schemas/Placed/properties/order_id/pattern", func(d *doc) { schema(d, "Placed").Properties[0].Schema.Pattern = "(" }},
		{"pattern", "/components/schemas/Placed/properties/order_id/pattern", func(d *doc) { schema(d, "Placed").Properties[0].Schema.Pattern = "(?P<n>a)" }},
		{"pattern", "/components/schemas/Placed/properties/order_id/pattern", func(d *doc) { schema(d, "Placed").Properties[0].Schema.Pattern = `a\-b` }},
		{"pattern", "/components/schemas/Placed/properties/order_id/pattern", func(d *doc) { schema(d, "Placed").Properties[0].Schema.Pattern = `\s` }},
		{"headers", "/components/messages/Payment/headers", func(d *doc) {
			d.Components.Messages["Payment"].Headers = &asyncapi.Schema{Type: asyncapi.Types{"string"}}
		}},
		{"headers", "/components/messages/Payment/headers/properties/correlationId", func(d *doc) {
			h := d.Components.Messages["Payment"].Headers
			h.Properties = append(h.Properties, asyncapi.Property{Name: "correlationId", Schema: &asyncapi.Schema{}})
		}},
		{"host", "/servers/production/host", func(d *doc) { d.Servers["production"].Host = "guest:guest@localhost" }},
		{"content-type", "/components/messages/Placed/contentType", func(d *doc) { d.Components.Messages["Placed"].ContentType = "json" }},
		{"info-version", "/info/version", func(d *doc) { d.Info.Version = "" }},
		{"version", "/asyncapi", func(d *doc) { d.AsyncAPI = "3.2.0" }},
		{"discriminator", "/components/schemas/Placed/discriminator", func(d *doc) { schema(d, "Placed").Discriminator = "kind" }},
		{"binding", "/channels/tree/bindings/amqp/queue/x-more", func(d *doc) {
			d.Channels["tree"].Bindings.AMQP.Queue.Extensions = asyncapi.Extensions{"x-more": 1}
		}},
		{"binding", "/channels/tree/bindings/amqp", func(d *doc) {
			d.Channels["tree"].Bindings.AMQP.Exchange = &asyncapi.AMQPExchange{Name: "x"}
		}},
		{"binding", "/servers/production/bindings/amqp", func(d *doc) {
			d.Servers["production"].Bindings = map[string]asyncapi.Binding{"amqp": {"x": 1}}
		}},
		{"binding-version", "/channels/tree/bindings/amqp/bindingVersion", func(d *doc) { d.Channels["tree"].Bindings.AMQP.BindingVersion = "latest" }},
		{"queue-name", "/channels/tree/bindings/amqp/queue/name", func(d *doc) { d.Channels["tree"].Bindings.AMQP.Queue.Name = "trees" }},
		{"one-channel", "/channels/upload", func(d *doc) {
			d.Channels["upload"].Address = new("tree")
			d.Channels["upload"].Bindings.AMQP.Queue.Name = "tree"
		}},
		{"unused", "/components/schemas/Lonely", func(d *doc) { d.Components.Schemas["Lonely"] = &asyncapi.Schema{} }},
		{"bounds", "/components/schemas/ItemInput/properties/qty", func(d *doc) { schema(d, "ItemInput").Properties.Get("qty").Minimum = "200" }},
		{"required", "/components/schemas/Placed/required", func(d *doc) { schema(d, "Placed").Required = []string{"order_id", "gone"} }},
		{"correlation-id", "/components/messages/Placed/correlationId", func(d *doc) {
			d.Components.Messages["Placed"].CorrelationID = &asyncapi.CorrelationID{Location: "$message.header#/correlationId"}
		}},
		{"extension", "/channels/tree/x-a.b", func(d *doc) { d.Channels["tree"].Extensions["x-a.b"] = 1 }},
	} {
		t.Run(c.rule+c.at, func(t *testing.T) {
			t.Parallel()
			d := shopDocument(t)
			c.spoil(d)
			var places []string
			for _, f := range asyncapi.Lint(d) {
				if f.Rule == c.rule {
					places = append(places, f.Pointer)
				}
			}
			require.Contains(t, places, c.at, asyncapi.Lint(d))
		})
	}
}

func TestVerifyLintFailsWithThePointer(t *testing.T) {
	t.Parallel()
	d := shopDocument(t)
	d.Servers["production"].Host = "guest:guest@localhost"
	c := &collector{}
	asyncapi.VerifyLint(c, d)
	require.Len(t, c.faults, 1)
	require.Contains(t, c.faults[0], "/servers/production/host")
}
