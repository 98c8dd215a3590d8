package binder_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

type third struct{ text string }

func run(t *testing.T, fn any, c binder.Config) (*transport.Message, error) {
	t.Helper()
	return compile(t, fn, c).Call(context.Background(), &transport.Message{ID: "m1"}, nil)
}

func TestResolversGetWhatTheyTake(t *testing.T) {
	t.Parallel()
	type key struct{}
	runs := map[string]int{}
	supplied, err := binder.Constant(reflect.TypeFor[io.Reader](), strings.NewReader("x"))
	require.NoError(t, err)
	p := compile(t, func(_ binder.NoBody, c third, a first) string { return c.text + "|" + string(a) }, resolving(
		resolver(t, func(ctx context.Context, m *transport.Message, b second, a first, r io.Reader) third {
			runs["third"]++
			text, _ := io.ReadAll(r)
			found, _ := ctx.Value(key{}).(string)
			return third{strings.Join([]string{found, m.ID, strings.Repeat("b", int(b)), string(a), string(text)}, " ")}
		}),
		resolver(t, func(a first) (second, error) { runs["second"]++; return second(len(a)), nil }),
		resolver(t, func() first { runs["first"]++; return "AA" }),
		supplied,
	))
	m, err := p.Call(context.WithValue(context.Background(), key{}, "ctx"), &transport.Message{ID: "m1"}, nil)
	require.NoError(t, err)
	require.Equal(t, "ctx m1 bb AA x|AA", string(m.Body))
	require.Equal(t, map[string]int{"first": 1, "second": 1, "third": 1}, runs, "shared by those that need it")
}

func TestResolversRunInOrderAndCleanupsInReverse(t *testing.T) {
	t.Parallel()
	s := &script{}
	cleanup := func(name string) func(error) error {
		s.addf("open %s", name)
		return func(outcome error) error { s.addf("close %s: %v", name, outcome); return nil }
	}
	_, err := run(t, func(binder.NoBody, third, second) { s.addf("run") }, resolving(
		resolver(t, func(second) (third, func(error) error) { return third{}, cleanup("third") }),
		resolver(t, func(first) (second, func(error) error) { return 0, nil }),
		resolver(t, func() (first, func(error) error) { return "", cleanup("first") }),
	))
	require.NoError(t, err)
	require.Equal(t, []string{"open first", "open third", "run", "close third: <nil>", "close first: <nil>"}, s.lines)
}

func TestTheFirstResolverOfATypeIsTaken(t *testing.T) {
	t.Parallel()
	m, err := run(t, func(_ binder.NoBody, b second) int { return int(b) }, resolving(
		resolver(t, func() first { return "near" }),
		resolver(t, func() first { return "further away" }),
		resolver(t, func(a first) second { return second(len(a)) }),
	))
	require.NoError(t, err)
	require.Equal(t, "4", string(m.Body), "also for a resolver that was registered further away")
}

func TestCleanupsSeeAPanic(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		handler  func(binder.NoBody, first, second)
		resolver func(first) second
	}{
		"of the handler":  {func(binder.NoBody, first, second) { panic(broken) }, func(first) second { return 1 }},
		"of a resolver":   {func(binder.NoBody, first, second) {}, func(first) second { panic(broken) }},
		"of a dependency": {func(binder.NoBody, first, second) {}, func(first) second { panic(broken) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var outcome error
			p := compile(t, c.handler, resolving(
				resolver(t, func() (first, func(error) error) {
					return "", func(err error) error { outcome = err; return nil }
				}),
				resolver(t, c.resolver),
			))
			require.PanicsWithValue(t, broken, func() { _, _ = p.Call(context.Background(), &transport.Message{}, nil) })
			require.EqualError(t, outcome, "panic: broken")
			require.ErrorIs(t, outcome, broken)
		})
	}
}

func TestAPanicOfACleanupSparesTheOthers(t *testing.T) {
	t.Parallel()
	var outcome error
	p := compile(t, func(binder.NoBody, second) {}, resolving(
		resolver(t, func() (first, func(error) error) {
			return "", func(err error) error { outcome = err; return nil }
		}),
		resolver(t, func(first) (second, func(error) error) { return 0, func(error) error { panic("boom") } }),
	))
	require.PanicsWithValue(t, "boom", func() { _, _ = p.Call(context.Background(), &transport.Message{}, nil) })
	require.EqualError(t, outcome, "panic: boom")
}

func TestCleanupsRunWhenTheGoroutineEnds(t *testing.T) {
	t.Parallel()
	outcome := make(chan error, 1)
	p := compile(t, func(binder.NoBody, first) { runtime.Goexit() }, resolving(
		resolver(t, func() (first, func(error) error) {
			return "", func(err error) error { outcome <- err; return nil }
		}),
	))
	go func() { _, _ = p.Call(context.Background(), &transport.Message{}, nil) }()
	require.EqualError(t, <-outcome, "handler ended its goroutine (runtime.Goexit), as t.FailNow does")
}

func TestIllegalResolvers(t *testing.T) {
	t.Parallel()
	var nilFunc func() first
	cases := map[string]struct {
		fn   any
		want []string
	}{
		"nil":              {nil, []string{"wanted a resolver function, got nil"}},
		"nil function":     {nilFunc, []string{"wanted a resolver function, got a nil func() binder_test.first"}},
		"not a function":   {first(""), []string{"wanted a resolver function, got binder_test.first"}},
		"variadic":         {func(...first) second { return 0 }, []string{"wanted a fixed number of parameters"}},
		"nothing":          {func() {}, []string{"wanted a value, then func(error) error, then error as results, got 0 results in func()"}},
		"four results":     {func() (first, second, third, error) { return "", 0, third{}, nil }, []string{"got 4 results"}},
		"context":          {func() context.Context { return nil }, []string{"wanted a resolver for a type of your own, got one for context.Context"}},
		"a context":        {func() *requestContext { return nil }, []string{"got one for *binder_test.requestContext"}},
		"message":          {func() *transport.Message { return nil }, []string{"got one for *transport.Message"}},
		"message by value": {func() transport.Message { return transport.Message{} }, []string{"got one for transport.Message"}},
		"error":            {func() error { return nil }, []string{"got one for error"}},
		"no body":          {func() binder.NoBody { return binder.NoBody{} }, []string{"got one for binder.NoBody"}},
		"two values":       {func() (first, second) { return "", 0 }, []string{"then error as results, got binder_test.second as second one"}},
		//lint:ignore ST1008 that is the fault
		"error too early": {func() (first, error, func(error) error) { return "", nil, nil }, []string{"got error as second one"}}, //nolint:staticcheck // as above
		"plain cleanup":   {func() (first, func()) { return "", nil }, []string{"got func() as second one", "a cleanup of type func(error) error"}},
		"context second":  {func(second, context.Context) first { return "" }, []string{"wanted context.Context as first parameter, got it as second one"}},
		"message second":  {func(second, *transport.Message) first { return "" }, []string{"wanted *parley.Message before the resolved parameters, got it as second one"}},
		"two messages":    {func(context.Context, *transport.Message, *transport.Message) first { return "" }, []string{"got it as third one"}},
		"message copied":  {func(transport.Message) first { return "" }, []string{"wanted a resolved type, context.Context or *parley.Message as first parameter, got transport.Message"}},
		"no body taken":   {func(binder.NoBody) first { return "" }, []string{"got binder.NoBody"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := binder.NewResolver(c.fn, "main.go:1")
			require.Error(t, err)
			requireInOrder(t, err.Error(), c.want)
		})
	}
}

func TestAFaultyResolverIsNotMissing(t *testing.T) {
	t.Parallel()
	r, err := binder.NewResolver(func(second, context.Context) first { return "" }, "main.go:1")
	require.Error(t, err)
	_, err = binder.Compile(func(binder.NoBody, first) {}, resolving(r))
	require.ErrorContains(t, err, "wanted a parameter resolver for second parameter, got a faulty one for binder_test.first (main.go:1) in func(")
}

func TestReservedTypes(t *testing.T) {
	t.Parallel()
	reserved := reflect.TypeFor[third]()
	_, err := binder.NewResolver(func() third { return third{} }, "", reserved)
	require.ErrorContains(t, err, "wanted a resolver for a type of your own, got one for binder_test.third")
	_, err = binder.NewResolver(func(third) first { return "" }, "", reserved)
	require.ErrorContains(t, err, "got binder_test.third")
	_, err = binder.Constant(reserved, third{}, reserved)
	require.ErrorContains(t, err, "got one for binder_test.third")
}

func TestUnresolvableParameters(t *testing.T) {
	t.Parallel()
	at := func(fn any, site string) *binder.Resolver {
		r, err := binder.NewResolver(fn, site)
		require.NoError(t, err)
		return r
	}
	cases := map[string]struct {
		fn        any
		resolvers []*binder.Resolver
		want      []string
	}{
		"missing": {
			func(context.Context, item, third) {},
			[]*binder.Resolver{at(func() second { return 0 }, "a.go:1"), at(func() first { return "" }, "a.go:2"), at(func() int { return 0 }, "")},
			[]string{
				"wanted a parameter resolver for third parameter, got none for binder_test.third in func(context.Context, binder_test.item, binder_test.third)",
				"hint: register one with parley.Param", "; resolved here: binder_test.first, binder_test.second",
			},
		},
		"missing behind others": {
			func(item, third) {},
			[]*binder.Resolver{at(func(second) third { return third{} }, "a.go:1"), at(func(first) second { return 0 }, "a.go:2")},
			[]string{
				"wanted a parameter resolver for what second parameter needs: ",
				"binder_test.third (a.go:1) needs binder_test.second (a.go:2) needs binder_test.first, got none for binder_test.first in func(",
			},
		},
		"circle": {
			func(item, second) {},
			[]*binder.Resolver{
				at(func(third) first { return "" }, "a.go:1"), at(func(first) second { return 0 }, "a.go:2"),
				at(func(second) third { return third{} }, "a.go:3"),
			},
			[]string{
				"wanted parameter resolvers that do not wait for one another for second parameter, got a circle, ",
				"binder_test.second (a.go:2) needs binder_test.first (a.go:1) needs binder_test.third (a.go:3) needs binder_test.second (a.go:2)", "hint",
			},
		},
		"a circle of one": {
			func(item, second) {},
			[]*binder.Resolver{at(func(second) second { return 0 }, "a.go:1")},
			[]string{"got a circle, binder_test.second (a.go:1) needs binder_test.second (a.go:1)"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := binder.Compile(c.fn, resolving(c.resolvers...))
			require.Error(t, err)
			requireInOrder(t, err.Error(), c.want)
		})
	}
}

func TestIllegalConstants(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		t    reflect.Type
		v    any
		want string
	}{
		"no type":       {nil, 1, "wanted the type of the parameter, got nil"},
		"nil":           {reflect.TypeFor[*third](), nil, "wanted a value of type *binder_test.third, got nil"},
		"nil pointer":   {reflect.TypeFor[*third](), (*third)(nil), "got nil"},
		"nil function":  {reflect.TypeFor[func()](), (func())(nil), "got nil"},
		"nil interface": {reflect.TypeFor[io.Reader](), (*strings.Reader)(nil), "got nil"},
		"another type":  {reflect.TypeFor[first](), "x", "wanted a value of type binder_test.first, got string"},
		"message":       {reflect.TypeFor[*transport.Message](), &transport.Message{}, "got one for *transport.Message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := binder.Constant(c.t, c.v)
			require.Nil(t, r)
			require.ErrorContains(t, err, c.want)
		})
	}
}
