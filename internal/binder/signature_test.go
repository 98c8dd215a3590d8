package binder_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

//nolint:recvcheck // handlers may be methods of either kind
type service struct{ prefix string }

func (s *service) Greet(_ context.Context, name string) (string, error) {
	return s.prefix + name, nil
}

func (s service) Plain(name string) string { return s.prefix + name }

func generic[T any](v T) T { return v }

// shared.Context looks like context.Context and is not.
type lookalike interface{ context.Context }

type requestContext struct{ context.Context }

type orderError struct{}

func (*orderError) Error() string { return "order" }

type selfRef *selfRef

// returning makes a function with results that are out of order.
func returning[A, B any]() any {
	t := reflect.FuncOf(nil, []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()}, false)
	return reflect.MakeFunc(t, nil).Interface()
}

func TestLegalSignatures(t *testing.T) {
	t.Parallel()
	s := &service{"hello "}
	local := "closure "
	cases := []struct {
		name string
		fn   any
		body string
		want string // "" is no value
	}{
		{"nothing", func() {}, "x", ""},
		{"context only", func(context.Context) {}, "x", ""},
		{"error only", func() error { return nil }, "x", ""},
		{"context and error", func(context.Context) error { return nil }, "x", ""},
		{"result only", func() string { return "out" }, "x", "out"},
		{"result and error", func() (string, error) { return "out", nil }, "x", "out"},
		{"input only", func(string) {}, "x", ""},
		{"input and error", func(string) error { return nil }, "x", ""},
		{"input and result", func(s string) string { return s + "!" }, "x", "x!"},
		{"all", func(_ context.Context, s string) (string, error) { return s + "!", nil }, "x", "x!"},
		{"bytes", func(_ context.Context, b []byte) ([]byte, error) { return b, nil }, "x", "x"},
		{"message", func(_ context.Context, m *transport.Message) (*transport.Message, error) { return m, nil }, "x", "x"},
		{"message without context", func(m *transport.Message) string { return m.ContentType }, "x", "text/plain"},
		{"method value", s.Greet, "joe", "hello joe"},
		{"method of a value", s.Plain, "joe", "hello joe"},
		{"closure", func(in string) string { return local + in }, "x", "closure x"},
		{"generic instance", generic[string], "x", "x"},
		{"any", func(v any) any { return v }, "x", "x"},
		{"interface result", func(string) fmt.Stringer { return nil }, "x", ""},
		{"nil interface", func(string) any { return nil }, "x", ""},
		{"nil pointer", func(string) *item { return nil }, "x", ""},
		{"nil bytes", func(string) []byte { return nil }, "x", ""},
		{"nil slice", func(string) []int { return nil }, "x", "[]"},
		{"nil map", func(string) map[string]int { return nil }, "x", "{}"},
		{"no body", func(binder.NoBody) string { return "out" }, "\xff", "out"},
		{"response", func(s string) response[string] { return response[string]{Value: s} }, "x", "x"},
		{"native result", func(s string) publishing { return publishing{Body: []byte(s)} }, "x", "x"},
		{"native pointer result", func(s string) *publishing { return &publishing{Body: []byte(s)} }, "x", "x"},
		{"typed", binder.Func(func(_ context.Context, in title) (title, error) { return in + "!", nil }), "x", "x!"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := binder.Compile(c.fn, binder.Config{Wire: newWire()})
			require.NoError(t, err)
			m, err := p.Call(context.Background(), &transport.Message{ContentType: asText, Body: []byte(c.body)}, nil)
			require.NoError(t, err)
			if c.want == "" {
				require.Nil(t, m)
				return
			}
			require.Equal(t, c.want, string(m.Body))
		})
	}
}

func TestIllegalSignatures(t *testing.T) {
	t.Parallel()
	var nilFunc func(string)
	cases := []struct {
		name string
		fn   any
		want []string // fragments of one fault, in order
	}{
		{"nil", nil, []string{"wanted a handler function", "got nil"}},
		{"nil func", nilFunc, []string{"wanted a handler function", "got a nil func(string)"}},
		{"nil typed func", binder.Func[string, string](nil), []string{"wanted a handler function", "got a nil func("}},
		{"not a function", 41, []string{"wanted a handler function", "got int", "hint: give the function itself"}},
		{"pointer to function", &nilFunc, []string{"wanted a handler function", "got *func(string)"}},
		{"variadic", func(...string) {}, []string{"wanted a fixed number of parameters", "in func(...string)", "take a slice"}},
		{
			"context second", func(string, context.Context) {},
			[]string{"wanted context.Context as first parameter", "got it as second one in func(string, context.Context)", "move it"},
		},
		{
			"context twice", func(context.Context, context.Context) {},
			[]string{"wanted context.Context as first", "got it as second"},
		},
		{
			"context lookalike", func(lookalike, string) {},
			[]string{"wanted context.Context itself", "got binder_test.lookalike as first parameter", "declare it as context.Context"},
		},
		{
			"concrete context", func(*requestContext, string) {},
			[]string{"wanted context.Context itself", "got *binder_test.requestContext as first", "hint"},
		},
		{
			"typed nil error", func(string) (receipt, *orderError) { return receipt{}, nil },
			[]string{
				"wanted error as last result", "got *binder_test.orderError in func(string) (binder_test.receipt, *binder_test.orderError)",
				"declare it as error: a nil *binder_test.orderError would not be a nil error",
			},
		},
		{
			"only a typed nil error", func(string) *orderError { return nil },
			[]string{"wanted error itself", "got *binder_test.orderError as first result", "declare it as error"},
		},
		{
			"error first", returning[error, string](),
			[]string{"wanted error as last result", "got string", "put the error behind the result"},
		},
		{"two errors", func() (error, error) { return nil, nil }, []string{"wanted error itself, as last result only", "got error as first"}},
		{"two results", func() (int, int) { return 0, 0 }, []string{"wanted error as last result", "got int", "return one struct"}},
		{"three results", func() (int, int, error) { return 0, 0, nil }, []string{"at most a result and an error", "got 3 results"}},
		{"delivery", func(delivery) {}, []string{"wanted the input of a type", "got binder_test.delivery", "use *parley.Message"}},
		{"pointer to delivery", func(*delivery) {}, []string{"got *binder_test.delivery", "use *parley.Message"}},
		{"publishing in", func(publishing) {}, []string{"got binder_test.publishing", "use *parley.Message"}},
		{"message by value", func(transport.Message) {}, []string{"wanted the input as *parley.Message", "use exactly one *"}},
		{"interface in", func(io.Reader) {}, []string{"wanted the input of a concrete type", "got io.Reader", "or use any"}},
		{"error in", func(error) {}, []string{"of a concrete type", "got error"}},
		{"channel in", func(chan int) {}, []string{"that a message can be decoded into", "got chan int"}},
		{"function in", func(func()) {}, []string{"that a message can be decoded into", "got func()"}},
		{"slice of channels in", func([]chan int) {}, []string{"that a message can be decoded into", "got []chan int"}},
		{"endless pointer in", func(selfRef) {}, []string{"that a message can be decoded into"}},
		{"response in", func(response[int]) {}, []string{"got binder_test.response[int]", "a result only"}},
		{"channel out", func() chan int { return nil }, []string{"wanted a result that can be encoded", "got chan int", "return data"}},
		{"function out", func() func() { return nil }, []string{"wanted a result that can be encoded", "got func()"}},
		{"no body out", func() binder.NoBody { return binder.NoBody{} }, []string{"wanted a result that has a value", "leave the result out"}},
		{"response of channel", func() response[chan int] { return response[chan int]{} }, []string{"that can be encoded", "got chan int"}},
		{"iterator of pairs", func() iter.Seq2[int, string] { return nil }, []string{"wanted iter.Seq2[T, error] or iter.Seq[T]", "got iter.Seq2[int,string]"}},
		{"iterator of iterators", func() iter.Seq[iter.Seq[int]] { return nil }, []string{"wanted a value that can be encoded", "only the result as a whole"}},
		{"iterator behind a pointer", func() *iter.Seq[int] { return nil }, []string{"wanted a value that can be encoded", "got *iter.Seq[int]"}},
		{"iterator of channels", func() iter.Seq[chan int] { return nil }, []string{"wanted a result that can be encoded", "got chan int"}},
		{"iterator of our own name", func() ownSeq { return nil }, []string{"wanted a result that can be encoded", "got binder_test.ownSeq"}},
		{"outlet as input", func(push[int]) {}, []string{"wanted the input as first parameter", "parley.NoBody"}},
		{"two outlets", func(string, push[int], push[string]) {}, []string{"wanted one parameter to send through"}},
		{"outlet and result", func(string, push[int]) int { return 0 }, []string{"wanted no result but an error", "got int"}},
		{"outlet and iterator", func(string, push[int]) iter.Seq[int] { return nil }, []string{"wanted an iterator or a parameter to send through"}},
		{"outlet of a func", func(string, push[func()]) {}, []string{"wanted a result that can be encoded"}},
		{
			"parameter without resolver", func(string, *service) {},
			[]string{"wanted a parameter resolver for second parameter", "got none for *binder_test.service", "parley.Param"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := binder.Compile(c.fn, binder.Config{Wire: newWire()})
			require.Nil(t, p)
			var fault *binder.SignatureError
			require.ErrorAs(t, err, &fault)
			requireInOrder(t, err.Error(), c.want)
		})
	}
}

func TestAllFaultsAreReported(t *testing.T) {
	t.Parallel()
	fn := func(chan int, context.Context, *service) (func(), *orderError) { return nil, nil }
	_, err := binder.Compile(fn, binder.Config{})
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	require.Len(t, joined.Unwrap(), 5)
	for _, e := range joined.Unwrap() {
		var fault *binder.SignatureError
		require.ErrorAs(t, e, &fault)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	p, err := binder.Compile(func(context.Context, *transport.Message, *service) (*response[item], error) {
		return nil, nil
	}, resolving(resolver(t, func() *service { return nil })))
	require.NoError(t, err)
	require.Equal(t, binder.Description{
		HasContext: true,
		HasError:   true,
		In:         reflect.TypeFor[*transport.Message](),
		Params:     []reflect.Type{reflect.TypeFor[*service]()},
		Out:        reflect.TypeFor[item](),
		Enveloped:  true,
	}, p.Describe())

	p, err = binder.Compile(func(title) []int { return nil }, binder.Config{})
	require.NoError(t, err)
	require.Equal(t, binder.Description{
		In:            reflect.TypeFor[title](),
		Body:          reflect.TypeFor[title](),
		Out:           reflect.TypeFor[[]int](),
		EncodesResult: true,
	}, p.Describe())

	p, err = binder.Compile(func() *transport.Message { return nil }, binder.Config{})
	require.NoError(t, err)
	require.False(t, p.Describe().EncodesResult, "the handler made the message")
}
