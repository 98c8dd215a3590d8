package serialization_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport/memory"
)

// Table is what the codec of text/csv carries.
type Table [][]string

type csvCodec struct{}

func (csvCodec) ContentType() string { return "text/csv" }

// Handles takes tables away from JSON.
func (csvCodec) Handles(t reflect.Type) bool { return t == reflect.TypeFor[Table]() }

func (csvCodec) Encode(v any) ([]byte, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.WriteAll(v.(Table))
	return []byte(b.String()), err
}

func (csvCodec) Decode(data []byte, v any) error {
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		return &serialization.Error{Wanted: "comma-separated values", Got: "something else", Err: err}
	}
	*v.(*Table) = rows
	return nil
}

func ExampleCodec() {
	ctx := context.Background()
	app := parley.New(memory.New(), parley.Codec(csvCodec{}))
	app.Subscriber("rows.count", func(t Table) int { return len(t) })
	app.Subscriber("rows.first", func(m *parley.Message) string { return m.ContentType })
	count, first := app.Publisher("rows.count"), app.Publisher("rows.first")
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)

	table := Table{{"tea", "2"}, {"cup", "1"}}
	fmt.Println(parley.Request[int](ctx, count, table))
	fmt.Println(parley.Request[string](ctx, first, table))
	// Output:
	// 2 <nil>
	// text/csv <nil>
}

func ExampleNewRegistry() {
	r := serialization.NewRegistry()
	for _, v := range []any{"hi", []byte("hi"), 41, map[string]int{"a": 1}} {
		fmt.Printf("%T %q\n", v, r.For(reflect.TypeOf(v)).ContentType())
	}
	c, ok := r.Lookup("application/problem+json; charset=utf-8")
	fmt.Println(c.ContentType(), ok)
	// Output:
	// string "text/plain"
	// []uint8 ""
	// int "application/json"
	// map[string]int "application/json"
	// application/json true
}
