package asyncapi_test

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

func TestDiffOfEqualDocumentsIsEmpty(t *testing.T) {
	t.Parallel()
	d := shopDocument(t)
	data, err := d.YAML()
	require.NoError(t, err)
	again, err := asyncapi.Parse(data)
	require.NoError(t, err)
	require.Empty(t, asyncapi.Diff(d, again))
	require.Empty(t, asyncapi.Diff(again, d))
}

// Each kind of change, in both directions: what it means one way and the other.
func TestDiff(t *testing.T) {
	t.Parallel()
	type doc = asyncapi.Document
	const (
		breaking, unknown     = asyncapi.Breaking, asyncapi.Unknown
		compatible, neutral   = asyncapi.Compatible, asyncapi.Neutral
		none                  = asyncapi.Verdict("")
		place, payment, event = "receive orders.place", "receive payments.{}.captured of exchange payments", "send events.{}.placed of exchange orders"
	)
	schema := func(d *doc, name string) *asyncapi.Schema { return d.Components.Schemas[name] }
	text := &asyncapi.Schema{Type: asyncapi.Types{"string"}}
	for name, c := range map[string]struct {
		change        func(d *doc)
		there, back   asyncapi.Verdict // the worst verdict of the change, and of its reverse
		who, where    string
		whoBack, text string
	}{
		"operation gone": {func(d *doc) { delete(d.Operations, "placeOrder") }, breaking, compatible, "callers", place, "callers", "the operation is gone"},
		"new required field of a request": {func(d *doc) {
			s := schema(d, "OrderInput")
			s.Properties = append(s.Properties, asyncapi.Property{Name: "shop", Schema: text})
			s.Required = append(s.Required, "shop")
		}, breaking, compatible, "callers", place, "", "shop is required now"},
		"new optional field of a request": {func(d *doc) {
			s := schema(d, "OrderInput")
			s.Properties = append(s.Properties, asyncapi.Property{Name: "shop", Schema: text})
		}, compatible, compatible, "callers", place, "", "shop is new"},
		"field of a reply gone": {func(d *doc) {
			s := schema(d, "Receipt")
			s.Properties, s.Required = s.Properties[1:], s.Required[1:]
			for _, m := range d.Components.Messages {
				m.Examples = nil
			}
		}, breaking, breaking, "callers", place, "", "order_id is gone"},
		"field of an event optional": {func(d *doc) { schema(d, "Placed").Required = nil }, breaking, compatible, "readers", event, "", "no longer required"},
		"narrower range":             {func(d *doc) { schema(d, "ItemInput").Properties.Get("qty").Maximum = "50" }, breaking, compatible, "callers", place, "", "maximum was 100 and is 50"},
		"shorter text":               {func(d *doc) { schema(d, "ItemInput").Properties.Get("sku").MaxLength = new(16) }, breaking, compatible, "callers", place, "", "maxLength was 32 and is 16"},
		"enum value gone":            {func(d *doc) { schema(d, "Currency").Enum = []any{"EUR"} }, breaking, breaking, "callers", place, "", `"USD" is gone`},
		"null refused": {func(d *doc) {
			schema(d, "OrderInput").Properties.Get("note").Type = asyncapi.Types{"string"}
		}, breaking, compatible, "callers", place, "", "could be null"},
		"other type": {func(d *doc) {
			schema(d, "Payment").Properties.Get("amount").Type = asyncapi.Types{"string"}
		}, breaking, breaking, "callers", payment, "", "type integer and cannot"},
		"pattern changed":             {func(d *doc) { schema(d, "OrderInput").Properties.Get("id").Pattern = "^[0-9a-f-]{36}$" }, unknown, unknown, "callers", place, "", "pattern changed"},
		"pattern refuses the example": {func(d *doc) { schema(d, "OrderInput").Properties.Get("id").Pattern = "^x" }, breaking, unknown, "callers", place, "", `the example "example"`},
		"new rule": {func(d *doc) {
			schema(d, "OrderInput").Properties.Get("id").Extensions = asyncapi.Extensions{asyncapi.ExtValidate: "luhn"}
		}, breaking, compatible, "callers", place, "", "x-validate is new"},
		"reply gone": {func(d *doc) { d.Operations["placeOrder"].Reply = nil }, breaking, compatible, "callers", place, "", "the reply is gone"},
		"new error code": {func(d *doc) {
			d.Operations["placeOrder"].Reply.Extensions[asyncapi.ExtErrors] = []string{"failed_precondition", "not_found", "aborted"}
		}, unknown, compatible, "callers", place, "", "aborted is new"},
		"other content type":  {func(d *doc) { d.Components.Messages["Placed"].ContentType = "text/plain" }, breaking, breaking, "readers", event, "", "content type"},
		"required header":     {func(d *doc) { h := d.Components.Messages["Payment"].Headers; h.Required = append(h.Required, "x-try") }, breaking, compatible, "callers", payment, "", "x-try is required now"},
		"queue arguments":     {func(d *doc) { delete(d.Channels["ordersPlace"].Extensions, asyncapi.ExtQueue) }, unknown, unknown, "operators", place, "", "queue or exchange changed"},
		"texts":               {func(d *doc) { d.Operations["placeOrder"].Summary = "Orders."; d.Info.Version = "9" }, neutral, neutral, "callers", place, "", "texts changed"},
		"key of an operation": {func(d *doc) { d.Operations["place"] = d.Operations["placeOrder"]; delete(d.Operations, "placeOrder") }, neutral, neutral, "callers", place, "", "its id"},
		"many replies": {func(d *doc) {
			d.Operations["tree"].Reply.Extensions = asyncapi.Extensions{asyncapi.ExtReplyMode: "stream"}
		}, breaking, breaking, "callers", "receive tree", "", "one reply became many"},
		"reply later": {func(d *doc) {
			d.Operations["tree"].Reply.Extensions = asyncapi.Extensions{asyncapi.ExtReplyMode: "later"}
		}, breaking, compatible, "callers", "receive tree", "", "comes later"},
		"many replies later": {func(d *doc) {
			d.Operations["report"].Reply.Extensions[asyncapi.ExtReplyMode] = "later"
		}, breaking, breaking, "callers", "receive reports", "", "one reply became many"},
		"items of a stream": {func(d *doc) {
			d.Channels["restockItems"].Messages = map[string]*asyncapi.Message{"PlacedItemSent": {Ref: "#/components/messages/PlacedItemSent"}}
		}, breaking, breaking, "callers", "receive restock", "", "is gone"},
		"several responders":  {func(d *doc) { delete(d.Operations["sendOffers"].Extensions, asyncapi.ExtGathers) }, neutral, neutral, "readers", "send offers of exchange shops", "", "several responders"},
		"requests called off": {func(d *doc) { delete(d.Operations["sendStockCount"].Extensions, asyncapi.ExtCancellable) }, neutral, neutral, "readers", "send stock.count", "", "called off"},
		"one message called off": {func(d *doc) {
			op := d.Operations["sendArchiveList"]
			delete(op.Extensions, asyncapi.ExtCancellable)
			op.Reply.Messages = slices.DeleteFunc(op.Reply.Messages, func(r asyncapi.Ref) bool {
				return strings.Contains(r.Ref, "RequestOpen") || strings.Contains(r.Ref, "RequestBeat")
			})
		}, neutral, neutral, "readers", "send archive.list", "", "called off"},
		"a frame of what is called off": {func(d *doc) {
			op := d.Operations["sendArchiveList"]
			op.Reply.Messages = slices.DeleteFunc(op.Reply.Messages, func(r asyncapi.Ref) bool { return strings.Contains(r.Ref, "RequestBeat") })
		}, breaking, compatible, "repliers", "send archive.list", "repliers", "RequestBeat is gone"},
		"name of a parameter": {func(d *doc) {
			c := d.Channels["eventsTenantPlaced"]
			c.Address = new("events.{shop}.placed")
		}, none, none, "", "", "", ""},
		"address": {func(d *doc) { d.Channels["eventsTenantPlaced"].Address = new("events.placed") }, breaking, breaking, "readers", event, "", "the operation is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, now := shopDocument(t), shopDocument(t)
			c.change(now)
			there, back := asyncapi.Diff(before, now), asyncapi.Diff(now, before)
			require.Equal(t, c.there, worst(there), there.Text())
			require.Equal(t, c.back, worst(back), back.Text())
			if c.there == none {
				return
			}
			found := false
			for _, change := range there {
				found = found || change.Verdict == c.there && change.Who == c.who && change.Operation == c.where && contains(change.Message, c.text)
			}
			require.True(t, found, there.Text())
		})
	}
}

// documented is the document of an app with that one handler.
func documented(t *testing.T, handler any) *asyncapi.Document {
	t.Helper()
	app := parley.New(memory.New(), parley.Info("x", "1"))
	app.Subscriber("a", handler)
	d, err := asyncapi.Generate(app)
	require.NoError(t, err)
	return d
}

// A handler that becomes one with many results breaks its callers, and so does
// the reverse.
func TestDiffOfStreams(t *testing.T) {
	t.Parallel()
	single := documented(t, func(int) Receipt { return Receipt{} })
	many := documented(t, func(int) iter.Seq[Receipt] { return nil })
	require.Empty(t, asyncapi.Diff(many, documented(t, func(int, parley.Sender[Receipt]) error { return nil })), "both forms are one")
	for _, changes := range []asyncapi.Changes{asyncapi.Diff(single, many), asyncapi.Diff(many, single)} {
		require.Equal(t, asyncapi.Breaking, worst(changes))
		require.Contains(t, changes.Text(), "one reply became many, or many one")
	}
}

// So does a message that becomes a stream of items, or the reverse; and what the
// items are matters as it does for a message.
func TestDiffOfClientStreams(t *testing.T) {
	t.Parallel()
	single := documented(t, func(Item) Receipt { return Receipt{} })
	many := documented(t, func(iter.Seq[Item]) Receipt { return Receipt{} })
	both := documented(t, func(iter.Seq[Item]) iter.Seq[Receipt] { return nil })
	require.Empty(t, asyncapi.Diff(many, documented(t, func(iter.Seq2[Item, error]) (Receipt, error) { return Receipt{}, nil })), "both forms are one")
	for _, pair := range [][2]*asyncapi.Document{{single, many}, {single, both}} {
		for _, changes := range []asyncapi.Changes{asyncapi.Diff(pair[0], pair[1]), asyncapi.Diff(pair[1], pair[0])} {
			require.Equal(t, asyncapi.Breaking, worst(changes))
			require.Contains(t, changes.Text(), "breaking for callers: receive a: one message became a stream of items, or a stream one message")
		}
	}
	require.Contains(t, asyncapi.Diff(many, both).Text(), "one reply became many, or many one")

	narrower := documented(t, func(iter.Seq[struct {
		Item
		Shelf string `json:"shelf" validate:"required"`
	}],
	) Receipt {
		return Receipt{}
	})
	changes := asyncapi.Diff(many, narrower)
	require.Equal(t, asyncapi.Breaking, worst(changes))
	require.Contains(t, changes.Text(), "shelf is required now")
	require.NotContains(t, changes.Text(), "became")
}

func worst(cs asyncapi.Changes) asyncapi.Verdict {
	if len(cs) == 0 {
		return ""
	}
	return cs[0].Verdict
}

func TestDiffReports(t *testing.T) {
	t.Parallel()
	before, now := shopDocument(t), shopDocument(t)
	delete(now.Operations, "tree")
	now.Info.Version = "2.0.0"
	changes := asyncapi.Diff(before, now)
	require.Equal(t, "breaking for callers: receive tree: the operation is gone (/operations/tree)\n"+
		"neutral: the version was \"1.4.0\" and is \"2.0.0\" (/info/version)\n"+
		"1 breaking, 0 unknown, 0 compatible, 1 neutral\n", changes.Text())
	require.Equal(t, 1, changes.ExitCode())
	data, err := changes.JSON()
	require.NoError(t, err)
	var report struct {
		Changes  []asyncapi.Change `json:"changes"`
		ExitCode int               `json:"exitCode"`
	}
	require.NoError(t, json.Unmarshal(data, &report))
	require.Equal(t, []asyncapi.Change(changes), report.Changes)
	require.Equal(t, 1, report.ExitCode)
	require.Zero(t, asyncapi.Diff(now, now).ExitCode())
}

func contains(s, part string) bool { return strings.Contains(s, part) }
