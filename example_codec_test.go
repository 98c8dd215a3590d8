package parley_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/cbor"
	"github.com/parley-go/parley/transport/memory"
)

// Table is rows of cells.
type Table [][]string

// csvCodec sends tables as CSV. It takes no other type.
type csvCodec struct{}

func (csvCodec) ContentType() string { return "text/csv" }

func (csvCodec) Handles(t reflect.Type) bool { return t == reflect.TypeFor[Table]() }

func (csvCodec) Encode(v any) ([]byte, error) {
	table, ok := v.(Table)
	if !ok {
		return nil, &serialization.Error{Wanted: "table", Got: "something else"}
	}
	var text strings.Builder
	err := csv.NewWriter(&text).WriteAll(table)
	return []byte(text.String()), err
}

func (csvCodec) Decode(data []byte, v any) error {
	table, ok := v.(*Table)
	if !ok {
		return &serialization.Error{Wanted: "table", Got: "something else"}
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	*table = rows
	return err
}

// An own codec for one type: it is asked before the default codec.
func ExampleCodec() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Codec(csvCodec{}))
	app.Subscriber("tables.transpose", func(t Table) Table {
		turned := make(Table, len(t[0]))
		for _, row := range t {
			for i, cell := range row {
				turned[i] = append(turned[i], cell)
			}
		}
		return turned
	})
	transpose := app.Publisher("tables.transpose")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := transpose.Request(ctx, Table{{"a", "b"}, {"1", "2"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n%s", answer.ContentType, answer.Body)
	// Output:
	// text/csv
	// a,1
	// b,2
}

// A ready codec as the default of an app: everything but text and bytes is
// sent with it, and JSON is still understood.
func ExampleCodec_default() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Codec(serialization.Default(cbor.Codec())))
	app.Subscriber("orders.place", PlaceOrder)
	orders := app.Publisher("orders.place")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	answer, err := orders.Request(ctx, Order{ID: "o-1", Items: []Item{{"book", 2}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.ContentType)
	json := `{"id": "o-2", "items": [{"sku": "pen", "qty": 3}]}`
	foreign := &parley.Message{ContentType: "application/json", Body: []byte(json)}
	fmt.Println(parley.Request[Receipt](ctx, orders, foreign))
	// Output:
	// application/cbor
	// {o-2 3} <nil>
}
