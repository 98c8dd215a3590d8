package binder_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/cbor"
	"github.com/parley-go/parley/serialization/msgpack"
	"github.com/parley-go/parley/serialization/protobuf"
	"github.com/parley-go/parley/transport"
)

// FuzzInput gives arbitrary messages to handlers of many types: none panics,
// every refusal is an *InputError without Go types, and the verdict is the same
// each time.
func FuzzInput(f *testing.F) {
	for _, body := range []string{"", "null", "41", `"red"`, "hi", orderBody, `{"color":"red","children":[{}]}`, "[[[[", "\xff", "\xc0", "\xf6", "\x81\xa1a\x01"} {
		for _, contentType := range []string{"", asText, asJSON, "application/cbor", "application/msgpack", "application/x-protobuf", "a/b"} {
			f.Add(contentType, []byte(body), body)
		}
	}
	plans := fuzzPlans(f)
	f.Fuzz(func(t *testing.T, contentType string, body []byte, word string) {
		m := &transport.Message{ContentType: contentType, Body: body, Headers: transport.Headers{"h": word, "n": body}}
		for _, p := range plans {
			_, err := p.Call(context.Background(), m, []string{word})
			_, again := p.Call(context.Background(), m, []string{word})
			if (err == nil) != (again == nil) {
				t.Fatalf("verdict changed from %v to %v", err, again)
			}
			if err == nil {
				continue
			}
			input, ok := err.(*binder.InputError)
			if !ok {
				t.Fatalf("wanted an InputError, got %T: %v", err, err)
			}
			if len(input.Error()) > 700 {
				t.Fatalf("error of %d bytes", len(input.Error()))
			}
		}
	})
}

func fuzzPlans(f *testing.F) []*binder.Plan {
	w := binder.NewWire(serialization.NewRegistry(protobuf.Codec(), msgpack.Codec(), cbor.Codec()))
	var plans []*binder.Plan
	for _, fn := range []any{
		func(string) {}, func(title) {}, func([]byte) {}, func(any) {}, func(json.RawMessage) {},
		func(int) {}, func(uint8) {}, func(float32) {}, func(bool) {}, func(time.Time) {},
		func(order) {}, func(*order) {}, func(everything) {}, func(node) {}, func(fence) {},
		func([]item) {}, func(map[string]any) {}, func(map[int]color) {}, func([3]level) {}, func(shout) {}, func(hex) {},
		func(*structpb.Struct) {}, func(page[page[string]]) {}, func(*transport.Message) {}, func(binder.NoBody) {},
		func(struct {
			Word  string     `path:"word"`
			Text  *color     `header:"h"`
			Bytes []byte     `header:"n"`
			Time  *time.Time `header:"t"`
			Body  any        `body:""`
		}) {
		},
		func(struct {
			N *int   `path:"word"`
			B *hex   `header:"n"`
			I []item `body:""`
		}) {
		},
	} {
		p, err := binder.Compile(fn, binder.Config{Wire: w, PathNames: []string{"word"}})
		if err != nil {
			f.Fatal(err)
		}
		plans = append(plans, p)
	}
	return plans
}
