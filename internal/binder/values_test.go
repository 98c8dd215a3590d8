package binder_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/protobuf"
	"github.com/parley-go/parley/transport"
)

type order struct {
	ID       string  `json:"id"`
	Customer string  `json:"customer"`
	Email    string  `json:"email"`
	Currency string  `json:"currency"`
	Total    float64 `json:"total"`
	Priority int     `json:"priority"`
	Created  int64   `json:"created_at"`
	Items    []item  `json:"items"`
}

type item struct {
	SKU   string  `json:"sku"`
	Qty   int     `json:"qty"`
	Price float64 `json:"price"`
}

type receipt struct {
	OrderID  string  `json:"order_id"`
	Accepted bool    `json:"accepted"`
	Lines    int     `json:"lines"`
	Total    float64 `json:"total"`
}

const orderBody = `{"id":"ord-0123456789","customer":"cust-42","email":"jane.doe@example.com","currency":"EUR",` +
	`"total":61.47,"priority":3,"created_at":1732354447,"items":[{"sku":"sku-1001","qty":2,"price":19.99},` +
	`{"sku":"sku-2002","qty":1,"price":21.49}]}`

type (
	title   string
	blob    []byte
	numbers []int
	labels  map[string]string
	celsius float64
	serial  int
)

// shout marshals itself as JSON, with value receivers.
type shout string

func (s shout) MarshalJSON() ([]byte, error) { return json.Marshal(strings.ToUpper(string(s))) }

func (s *shout) UnmarshalJSON(b []byte) error {
	var plain string
	if err := json.Unmarshal(b, &plain); err != nil {
		return err
	}
	if plain == "secret" {
		return errSecret
	}
	*s = shout(strings.ToLower(plain))
	return nil
}

type secretError struct{}

func (secretError) Error() string { return "value secret is not wanted by binder_test.shout" }

var errSecret = secretError{}

// hex marshals itself as text, with a pointer receiver on both sides.
type hex []byte

func (h *hex) MarshalText() ([]byte, error) { return []byte("0x" + string(*h)), nil }

func (h *hex) UnmarshalText(b []byte) error {
	rest, ok := strings.CutPrefix(string(b), "0x")
	if !ok {
		return errSecret
	}
	*h = hex(rest)
	return nil
}

type base struct {
	Kind string `json:"kind"`
}

type derived struct {
	base
	N int `json:"n"`
}

type page[T any] struct {
	Items []T `json:"items"`
	Next  int `json:"next"`
}

type withTime struct {
	At time.Time `json:"at"`
}

var moment = time.Date(2024, 11, 23, 9, 34, 7, 0, time.UTC)

// publishing and delivery stand for a broker library's own messages.
type publishing struct {
	Body []byte
	Kind string
}

type delivery struct{ Body []byte }

type natives struct{}

func (natives) Outputs() []any       { return []any{publishing{}} }
func (natives) RefusedInputs() []any { return []any{delivery{}} }
func (natives) Convert(v any) (*transport.Message, error) {
	p := v.(publishing)
	return &transport.Message{Body: p.Body, ContentType: p.Kind}, nil
}

// response is what root's Response looks like.
type response[T any] struct {
	Value T
	Props *transport.Message
}

func (r response[T]) Envelope() (any, *transport.Message) { return r.Value, r.Props }

func newWire() *binder.Wire {
	return binder.NewWire(serialization.NewRegistry(protobuf.Codec()), natives{})
}

func ptr[T any](v T) *T { return &v }

// decodeInto decodes m into a fresh value of want's type and returns it.
func decodeInto(w *binder.Wire, m *transport.Message, t reflect.Type) (any, error) {
	dst := reflect.New(t)
	err := w.Decode(m, dst.Interface())
	return dst.Elem().Interface(), err
}
