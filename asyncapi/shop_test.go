package asyncapi_test

import (
	"context"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/serialization/protobuf"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// The shop is the service of the golden documents.

type Currency string

func (Currency) Enum() []any { return []any{"EUR", "USD"} }

type Item struct {
	SKU   string `json:"sku"             validate:"required,max=32" example:"A1"`
	Qty   int    `json:"qty"             validate:"gte=1,lte=100"   example:"2"`
	Price int64  `json:"price,omitempty" validate:"gte=0"           description:"Cents."`
}

type Address struct {
	Street string `json:"street" validate:"required"`
	City   string `json:"city"`
}

type Order struct {
	ID       string            `json:"id"                validate:"required,uuid"                              example:"5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11"`
	Items    []Item            `json:"items"             validate:"required,min=1,dive"`
	Currency Currency          `json:"currency"          example:"EUR"`
	Note     *string           `json:"note"              validate:"omitempty,max=200"`
	ShipTo   *Address          `json:"ship_to,omitempty" description:"Absent for goods that need no shipping."`
	Labels   map[string]string `json:"labels,omitempty"  validate:"max=8,dive,keys,alpha,endkeys,max=20"`
	Placed   time.Time         `json:"placed"`
}

type Receipt struct {
	OrderID string `json:"order_id"        example:"42"`
	Total   int64  `json:"total"           example:"1990"`
	Lines   []Item `json:"lines,omitempty"`
}

type Captured struct {
	Tenant string  `path:"tenant"`
	Trace  string  `header:"x-trace"`
	Try    *int    `header:"x-try"`
	Body   Payment `body:""`
}

type Payment struct {
	OrderID int `json:"order_id" validate:"required" example:"42"`
	Amount  int `json:"amount"   validate:"min=1"    example:"1990"`
}

type Placed struct {
	OrderID string `json:"order_id"`
}

type Page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next,omitempty"`
}

type Node struct {
	Name string  `json:"name"`
	Kids []*Node `json:"kids"`
}

// PlaceOrder prices an order and reserves its stock.
func PlaceOrder(_ context.Context, o Order) (Receipt, error) { return Receipt{OrderID: o.ID}, nil }

func RecordPayment(context.Context, Captured) error { return nil }

func ListOrders(context.Context, string) (Page[Receipt], error) { return Page[Receipt]{}, nil }

func Tree(context.Context, *Node) (*Node, error) { return nil, nil }

// Report yields the receipts of a customer as it finds them.
func Report(context.Context, string) iter.Seq2[Receipt, error] {
	return func(yield func(Receipt, error) bool) { yield(Receipt{OrderID: "1"}, nil) }
}

// Names yields names, and nothing for those that are secret.
func Names(context.Context, *Node) iter.Seq[*string] { return func(func(*string) bool) {} }

func Upload(context.Context, []byte) {}

// Restock counts the goods that a supplier delivers.
func Restock(_ context.Context, items iter.Seq2[Item, error]) (Receipt, error) {
	for _, err := range items {
		if err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{}, nil
}

// Reprice tells the new price of each item while the next one is on its way.
func Reprice(_ context.Context, items iter.Seq[Item]) iter.Seq[Item] { return items }

// Approve waits for somebody who decides.
func Approve(context.Context, Order, parley.Later[Receipt]) error { return nil }

func shop() *parley.App {
	app := parley.New(memory.New(), parley.Info("shop", "1.4.0"), parley.Codec(protobuf.Codec()))
	app.Subscriber("orders.place", PlaceOrder,
		parley.From(topology.Quorum()),
		parley.Errors(parley.CodeFailedPrecondition, parley.CodeNotFound),
		parley.Describe("Places an order.", "It prices the order and reserves its stock."),
		parley.Retry(parley.Immediate(2), parley.Delayed(time.Second, time.Minute)),
		parley.PublishTo("orders.placed", parley.To(topology.Topic("orders"))))
	app.Subscriber("payments.{tenant}.captured", RecordPayment, parley.From(topology.Topic("payments")))
	app.Subscriber("orders.list", ListOrders)
	app.Subscriber("tree", Tree)
	app.Subscriber("reports", Report, parley.Errors(parley.CodeNotFound))
	app.Subscriber("names", Names)
	app.Subscriber("upload", Upload)
	app.Subscriber("restock", Restock, parley.Errors(parley.CodeFailedPrecondition))
	app.Subscriber("reprice", Reprice)
	app.Subscriber("approve", Approve)
	parley.NewClient[iter.Seq[Placed], Receipt](app, "stock.count", parley.Cancellable())
	parley.NewClient[string, Page[Receipt]](app, "archive.list", parley.Cancellable(), parley.Describe("Lists the orders of earlier years.", ""))
	app.Publisher("offers", parley.To(topology.Fanout("shops")), parley.Payload[Placed](), parley.Expect(3))
	app.Subscriber("logs.{level}.{source...}", func(string) {}, parley.From(topology.Topic("logs")), parley.Broadcast())
	parley.NewClient[Order, Receipt](app, "stock.reserve", parley.Describe("Reserves the stock of an order.", ""))
	app.Subscriber("raw", func(*parley.Message) (any, error) { return nil, nil }, parley.AckFirst(), parley.OnFailure(parley.Discard), parley.NoReply())
	app.Subscriber("settings", func(*structpb.Struct) error { return nil })
	app.Subscriber("poke", func() (*string, error) { return nil, nil })
	app.Publisher("events.{tenant}.placed", parley.To(topology.Topic("orders")), parley.Payload[Placed]())
	return app
}

func shopOptions() []asyncapi.Option {
	return []asyncapi.Option{
		asyncapi.About(asyncapi.Info{
			Description:  "Takes orders.\n\nAnd ships them.",
			Contact:      &asyncapi.Contact{Name: "Shop team", Email: "shop@example.com"},
			License:      &asyncapi.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"},
			Tags:         []asyncapi.Tag{{Name: "shop"}},
			ExternalDocs: &asyncapi.ExternalDocs{URL: "https://example.com/shop"},
		}),
		asyncapi.Broker("production", "amqps://alice:s3cr3t@rabbitmq.example.com:5671/prod?heartbeat=10"),
		asyncapi.Foreign(protobuf.Schema),
		asyncapi.Sample("placed", Placed{OrderID: "42"}),
	}
}
