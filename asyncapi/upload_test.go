package asyncapi_test

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

func TestDocumentsSayHowMessagesGo(t *testing.T) {
	t.Parallel()
	d := shopDocument(t)
	for id, want := range map[string]struct {
		request, reply string
		messages       []string
	}{
		"placeOrder":     {"", "", []string{"OrderInput"}},
		"report":         {"", "stream", []string{"Report"}},
		"approve":        {"", "later", []string{"OrderInput"}},
		"restock":        {"stream", "", []string{"RestockItem", "ClientStream"}},
		"reprice":        {"stream", "stream", []string{"RepriceItem", "TwoWayStream"}},
		"sendStockCount": {"stream", "", []string{"StockCountItem", "ClientStream"}},
	} {
		op := d.Operations[id]
		require.NotNil(t, op, id)
		request, _ := op.Extensions[asyncapi.ExtRequestMode].(string)
		reply, _ := op.Reply.Extensions[asyncapi.ExtReplyMode].(string)
		require.Equal(t, want.request, request, id)
		require.Equal(t, want.reply, reply, id)
		var keys []string
		for _, ref := range op.Messages {
			key, _ := d.Message(ref)
			keys = append(keys, key)
		}
		require.Equal(t, want.messages, keys, id)
		require.Equal(t, want.request != "", op.Extensions[asyncapi.ExtItems] != nil, id)
	}
	require.Contains(t, d.Operations["approve"].Reply.Address.Description, "long after the request")
	require.Contains(t, d.Components.Messages["RPCError"].Description, "parley-deadline or parley-answer")
	require.Equal(t, true, d.Operations["sendOffers"].Extensions[asyncapi.ExtGathers])
	require.Nil(t, d.Operations["sendOffers"].Extensions[asyncapi.ExtCancellable])
	require.Equal(t, true, d.Operations["sendStockCount"].Extensions[asyncapi.ExtCancellable])
	for id, want := range map[string][]string{
		"sendArchiveList": {"Page_Receipt", "RPCError", "RequestOpen", "RequestBeat"},
		"listOrders":      {"Page_Receipt", "RPCError"},
		"sendStockCount":  {"ReceiptResult", "UploadOpen", "UploadCredit", "UploadBeat", "StreamError"},
	} {
		var keys []string
		for _, ref := range d.Operations[id].Reply.Messages {
			key, _ := d.Message(ref)
			keys = append(keys, key)
		}
		require.Equal(t, want, keys, id)
	}
	require.Nil(t, d.Operations["sendStockCount"].Extensions[asyncapi.ExtGathers])
}

// Channels of a kind never take the place of those that are declared.
func TestKeysOfFurtherChannelsAreFree(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("x", "1"))
	app.Subscriber("restock", Restock)
	for _, taken := range []string{"restock.items", "restock.reply", "restock.items2"} {
		app.Subscriber(taken, func(string) {})
	}
	d, err := asyncapi.Generate(app)
	require.NoError(t, err)
	require.Empty(t, asyncapi.LintErrors(d))
	addresses := map[string]bool{}
	for _, c := range d.Channels {
		if c.Address != nil {
			addresses[*c.Address] = true
		}
	}
	require.Len(t, addresses, 4)
}

var tags = regexp.MustCompile(`<[^>]*>`)

func TestPageShowsHowMessagesGo(t *testing.T) {
	t.Parallel()
	html := ask(shopPage(asyncapi.TryItOnLoopback()), "GET", "/").Body.String()
	for id, want := range map[string]struct{ verb, glance, flow string }{
		"placeOrder":     {"answers", "OrderInput→Receipt", "gives reply reply-to"},
		"report":         {"streams", "text→Receipt, Receipt, …", "gives replies, as they come"},
		"restock":        {"collects", "ItemInput, ItemInput, …→Receipt", "handler, reads items as they come"},
		"reprice":        {"streams both ways", "ItemInput, ItemInput, …↔Item, Item, …", "gives replies, as they come"},
		"approve":        {"answers later", "OrderInput→Receipt", "gives reply, later"},
		"sendStockCount": {"streams", "Placed, Placed, …→Receipt", "gives reply"},
		"sendOffers":     {"asks many", "Placed", "gives replies of several"},
	} {
		_, article, found := strings.Cut(html, `<article class="op `)
		for found && !strings.Contains(article[:strings.IndexByte(article, '\n')], `id="`+id+`"`) {
			_, article, found = strings.Cut(article, `<article class="op `)
		}
		require.True(t, found, id)
		article, _, _ = strings.Cut(article, "</article>")
		part := func(class string) string {
			_, rest, ok := strings.Cut(article, `<span class="`+class+`">`)
			require.True(t, ok, id)
			end := "</span>"
			if class == "glance" {
				end = "</span></p>"
			}
			rest, _, _ = strings.Cut(rest, end)
			return tags.ReplaceAllString(rest, "")
		}
		require.Equal(t, want.verb, part("verb"), id)
		require.Equal(t, want.glance, part("glance"), id)
		require.Contains(t, article, want.flow, id)
		require.Equal(t, strings.Contains(part("glance"), "…") && id != "report" && id != "sendOffers", strings.Contains(article, "Frames of a stream of items"), id)
	}
	require.Contains(t, html, "of several responders")
	_, archive, _ := strings.Cut(html, `id="sendArchiveList"`)
	archive, _, _ = strings.Cut(archive, "</article>")
	require.Contains(t, archive, "Frames by which the request can be called off")
	require.Equal(t, 1, strings.Count(html, "Frames by which"), "and nowhere else")
	require.Contains(t, html, "tells the responder")
}

// The form sends one item, which is a stream of one.
func TestTrySendsAStreamOfOneItem(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, tr transport.Transport, name string) {
		seen := make(chan int, 1)
		app := parley.New(tr, parley.Info(name+".items", "1"), parley.Logger(slog.New(slog.DiscardHandler)))
		app.Subscriber(name+".count", func(items iter.Seq[Item]) Receipt {
			n := 0
			for item := range items {
				n += item.Qty
			}
			seen <- n
			return Receipt{OrderID: "1", Total: int64(n)}
		})
		app.Subscriber(name+".reprice", Reprice)
		d := newDesk(t, app, openTo(everybody))
		d.start()
		count := operationAt(t, app, name+".count")

		code, out := d.try(`{"operation":"` + count + `","kind":"request","body":{"sku":"A1","qty":3}}`)
		require.Equal(t, http.StatusOK, code, out)
		require.Nil(t, out.Error)
		require.JSONEq(t, `{"order_id":"1","total":3}`, string(out.Reply.JSON))
		require.Equal(t, "Receipt result", out.Reply.Matches)
		require.Equal(t, 3, <-seen)

		code, out = d.try(`{"operation":"` + count + `","kind":"send","body":{"sku":"A1","qty":4}}`)
		require.Equal(t, http.StatusOK, code, out)
		require.Equal(t, 4, <-seen)

		code, out = d.try(`{"operation":"` + count + `","kind":"check","body":{"sku":"A1","qty":0}}`)
		require.Equal(t, http.StatusUnprocessableEntity, code)
		require.Equal(t, "/body/qty", out.Fields[0].At)

		next, over := d.follow(t.Context(), `{"operation":"`+operationAt(t, app, name+".reprice")+`","kind":"request","body":{"sku":"A1","qty":5,"price":6}}`)
		require.JSONEq(t, `{"sku":"A1","qty":5,"price":6}`, string(next().Reply.JSON))
		require.Equal(t, "complete", next().End)
		require.True(t, over())
	})
}

// operationAt is the id of the operation at an address.
func operationAt(t *testing.T, app *parley.App, address string) string {
	t.Helper()
	d, err := asyncapi.Generate(app)
	require.NoError(t, err)
	for id, op := range d.Operations {
		if _, c := d.Channel(op.Channel); *c.Address == address {
			return id
		}
	}
	t.Fatal("no operation at ", address)
	return ""
}

// Schemas of items are as true as those of messages.
func TestSchemasOfItemsAreTrue(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("x", "1"))
	app.Subscriber("restock", Restock)
	app.Subscriber("reprice", Reprice)
	parley.NewClient[iter.Seq[Order], Receipt](app, "orders")
	f := asyncapi.VerifySchemas(t, app, asyncapi.Instances(300))
	require.Positive(t, f.Instances)
	require.Positive(t, f.Written)
	require.Zero(t, f.Unsound+f.Untrue)
}

// What is answered to a stream, and what announces it, fits the document.
func TestWatchOfClientStreams(t *testing.T) {
	t.Parallel()
	seen := &collector{}
	app := parley.New(memory.New(), parley.Info("watched", "1"), parley.Logger(slog.New(slog.DiscardHandler)))
	asyncapi.Watch(seen, app)
	app.Subscriber("restock", Restock)
	app.Subscriber("approve", Approve)
	client := parley.NewClient[iter.Seq[Item], Receipt](app, "restock")
	orders := app.Publisher("approve", parley.Payload[Order]())
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.WithoutCancel(t.Context()))) }()
	_, err := client.Call(t.Context(), slices.Values([]Item{{SKU: "A1", Qty: 1}, {SKU: "A2", Qty: 2}}))
	require.NoError(t, err)
	_, err = client.Call(t.Context(), slices.Values([]Item{{SKU: "A1", Qty: 0}}))
	require.ErrorIs(t, err, parley.NewError(parley.CodeInvalidArgument, ""))
	require.NoError(t, orders.Publish(t.Context(), Order{ID: "5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11", Items: []Item{{SKU: "A1", Qty: 1}}, Currency: "EUR"}))
	require.Empty(t, seen.faults)
}
