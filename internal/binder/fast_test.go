package binder_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// Named function types keep a handler off the path without reflection.
type (
	slowText    func(context.Context, string) (string, error)
	slowBytes   func(context.Context, []byte) ([]byte, error)
	slowMessage func(context.Context, *transport.Message) (*transport.Message, error)
	slowOrder   func(context.Context, order) (receipt, error)
)

var errRefused = errors.New("refused")

func echo[T any](_ context.Context, in T) (T, error) {
	if b, _ := json.Marshal(in); string(b) == `"fail"` {
		return in, errRefused
	}
	return in, nil
}

func priceOrder(_ context.Context, o order) (receipt, error) {
	r := receipt{OrderID: o.ID, Accepted: true, Lines: len(o.Items)}
	for _, i := range o.Items {
		r.Total += float64(i.Qty) * i.Price
	}
	return r, nil
}

// twins are handlers without and with reflection.
func twins() [][2]any {
	return [][2]any{
		{echo[string], slowText(echo[string])},
		{echo[[]byte], slowBytes(echo[[]byte])},
		{echo[*transport.Message], slowMessage(echo[*transport.Message])},
		{binder.Func(priceOrder), slowOrder(priceOrder)},
	}
}

func TestFastPathEqualsSlowPath(t *testing.T) {
	t.Parallel()
	messages := []*transport.Message{
		{},
		{ContentType: asText},
		{ContentType: asText, Body: []byte("hi")},
		{ContentType: asText, Body: []byte("fail")},
		{ContentType: asText, Body: []byte("\xff")},
		{Body: []byte("raw")},
		{ContentType: asJSON, Body: []byte(`"quoted"`)},
		{ContentType: asJSON, Body: []byte(`null`)},
		{ContentType: asJSON, Body: []byte(orderBody)},
		{ContentType: asJSON, Body: []byte(`{"items":[{"qty":"x"}]}`)},
		{ContentType: "image/png", Body: []byte("x")},
	}
	for _, pair := range twins() {
		fast, slow := compile(t, pair[0], binder.Config{}), compile(t, pair[1], binder.Config{})
		for _, m := range messages {
			wantOut, wantErr := slow.Call(context.Background(), m, nil)
			out, err := fast.Call(context.Background(), m, nil)
			require.Equal(t, wantErr, err, "%T from %q %q", pair[1], m.ContentType, m.Body)
			require.Equal(t, wantOut, out, "%T from %q %q", pair[1], m.ContentType, m.Body)
		}
	}
}

// What a call needs beyond the same work by hand: decoding into a fresh input,
// the handler, encoding, and the message around the body.
func TestAllocationsOfACall(t *testing.T) {
	const (
		byReflection = 4 // context, arguments, results, their list
		direct       = 0
	)
	// Of many calls, since the race detector makes the codec's pool forget at
	// random: one allocation more shows as 1.
	allocations := func(f func()) float64 {
		const calls = 2000
		return testing.AllocsPerRun(1, func() {
			for range calls {
				f()
			}
		}) / calls
	}
	m := jsonMessage(orderBody)
	codec := allocations(func() {
		var o order
		if json.Unmarshal(m.Body, &o) != nil {
			t.Fatal("order is not decoded")
		}
		r, _ := priceOrder(context.Background(), o)
		body, _ := json.Marshal(r)
		sink = &transport.Message{Body: body}
	})
	for _, c := range []struct {
		name string
		fn   any
		most float64
	}{
		{"reflection", priceOrder, byReflection},
		{"direct", binder.Func(priceOrder), direct},
	} {
		p := compile(t, c.fn, binder.Config{})
		all := allocations(func() {
			out, err := p.Call(context.Background(), m, nil)
			if err != nil {
				t.Fatal(err)
			}
			sink = out
		})
		t.Logf("%s: %v allocations, %v of them the codec's", c.name, all, codec)
		require.Less(t, all-codec, c.most+0.5, c.name)
	}
}

var sink *transport.Message
