// Package work is what every contender does with a message: the same order
// encoded, decoded, validated and priced.
//
// A peer written in another language does the same with its own idiom;
// benchmarks/README.md lists the fields and rules.
package work

import (
	"encoding/json"
	"fmt"

	"github.com/go-playground/validator/v10"
)

// Order is the payload: 235 bytes as JSON.
type Order struct {
	ID        string  `json:"id"         validate:"required,max=64"`
	Customer  string  `json:"customer"   validate:"required"`
	Email     string  `json:"email"      validate:"required,email"`
	Currency  string  `json:"currency"   validate:"required,len=3"`
	Total     float64 `json:"total"      validate:"gt=0"`
	Priority  int     `json:"priority"   validate:"gte=0,lte=9"`
	CreatedAt int64   `json:"created_at" validate:"required"`
	Items     []Item  `json:"items"      validate:"required,min=1,dive"`
}

// Item is one line of an Order.
type Item struct {
	SKU   string  `json:"sku"   validate:"required,max=32"`
	Qty   int     `json:"qty"   validate:"gt=0"`
	Price float64 `json:"price" validate:"gte=0"`
}

// Receipt answers an Order: 69 bytes as JSON, without validation tags.
type Receipt struct {
	OrderID  string  `json:"order_id"`
	Accepted bool    `json:"accepted"`
	Lines    int     `json:"lines"`
	Total    float64 `json:"total"`
}

// Sample returns the order that every message carries. Callers may share one
// as long as nobody writes to it.
func Sample() Order {
	return Order{
		ID: "ord-0123456789", Customer: "cust-42", Email: "jane.doe@example.com",
		Currency: "EUR", Total: 61.47, Priority: 3, CreatedAt: 1732354447,
		Items: []Item{{SKU: "sku-1001", Qty: 2, Price: 19.99}, {SKU: "sku-2002", Qty: 1, Price: 21.49}},
	}
}

// Price is the handler of the request workloads.
func Price(o Order) Receipt {
	r := Receipt{OrderID: o.ID, Accepted: true, Lines: len(o.Items)}
	for _, item := range o.Items {
		r.Total += float64(item.Qty) * item.Price
	}
	return r
}

var validate = validator.New(validator.WithRequiredStructEnabled())

// Accept decodes and validates an order, as every receiver does. It may be
// called concurrently and does not keep body.
func Accept(body []byte) (Order, error) {
	var o Order
	if err := json.Unmarshal(body, &o); err != nil {
		return o, fmt.Errorf("decode order: %w", err)
	}
	if err := validate.Struct(&o); err != nil {
		return o, fmt.Errorf("validate order: %w", err)
	}
	return o, nil
}

// Answer handles one encoded request and returns the encoded receipt.
func Answer(body []byte) ([]byte, error) {
	o, err := Accept(body)
	if err != nil {
		return nil, err
	}
	r := Price(o)
	return json.Marshal(&r)
}

// Encode encodes an order, as every sender does for each message.
func Encode(o *Order) ([]byte, error) { return json.Marshal(o) }

// Read decodes a receipt and refuses one that was not accepted.
func Read(body []byte) (Receipt, error) {
	var r Receipt
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("decode receipt: %w", err)
	}
	return r, Check(r)
}

// Check refuses a receipt that does not answer the sample order.
func Check(r Receipt) error {
	if !r.Accepted || r.Lines != 2 {
		return fmt.Errorf("receipt: wanted accepted with 2 lines, got %+v", r)
	}
	return nil
}
