package parley_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// Translator is what this package needs of a translation service: a
// *parley.Client[string, string] has the method.
type Translator interface {
	Call(ctx context.Context, text string, opts ...parley.SendOption) (string, error)
}

// Signs paints signs in another language.
type Signs struct{ translator Translator }

// Paint returns the text of a sign.
func (s Signs) Paint(ctx context.Context, text string) (string, error) {
	translated, err := s.translator.Call(ctx, text)
	return strings.ToUpper(translated), err
}

// FakeTranslator stands for the service in a test of [Signs].
type FakeTranslator map[string]string

// Call looks the text up.
func (f FakeTranslator) Call(_ context.Context, text string, _ ...parley.SendOption) (string, error) {
	return f[text], nil
}

// One declaration gives typed calls that are injected, and replaced in tests by
// whatever has the same methods.
func ExampleNewClient() {
	ctx := context.Background()
	app := parley.New(memory.New())
	app.Subscriber("translate", func(text string) string { return text + "o" })
	signs := Signs{parley.NewClient[string, string](app, "translate")}
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Stop(ctx)
	fmt.Println(signs.Paint(ctx, "banc"))

	tested := Signs{FakeTranslator{"bank": "banco"}}
	fmt.Println(tested.Paint(ctx, "bank"))
	// Output:
	// BANCO <nil>
	// BANCO <nil>
}
