package binder_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

func BenchmarkCall(b *testing.B) {
	text := &transport.Message{ContentType: asText, Body: []byte("ping")}
	placed := jsonMessage(orderBody)
	for _, c := range []struct {
		name string
		fn   any
		m    *transport.Message
	}{
		{"order/reflection", priceOrder, placed},
		{"order/direct", binder.Func(priceOrder), placed},
		{"text/reflection", slowText(pong), text},
		{"text/direct", pong, text},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := binder.Compile(c.fn, binder.Config{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Call(context.Background(), c.m, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("order/codec only", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var o order
			if err := json.Unmarshal(placed.Body, &o); err != nil {
				b.Fatal(err)
			}
			r, _ := priceOrder(context.Background(), o)
			if _, err := json.Marshal(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func pong(context.Context, string) (string, error) { return "pong!", nil }

func BenchmarkWire(b *testing.B) {
	w := newWire()
	b.Run("encode/receipt", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = w.Encode(receipt{OrderID: "ord-0123456789", Accepted: true})
		}
	})
	b.Run("decode/receipt", func(b *testing.B) {
		b.ReportAllocs()
		m := jsonMessage(`{"order_id":"ord-0123456789","accepted":true,"lines":2,"total":61.47}`)
		for b.Loop() {
			var r receipt
			_ = w.Decode(m, &r)
		}
	})
	b.Run("decode/text", func(b *testing.B) {
		b.ReportAllocs()
		m := &transport.Message{ContentType: asText, Body: []byte("ping")}
		for b.Loop() {
			var s string
			_ = w.Decode(m, &s)
		}
	})
}
