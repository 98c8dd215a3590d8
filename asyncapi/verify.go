package asyncapi

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"

	"github.com/parley-go/parley"
)

// TB is what a helper needs of a *testing.T.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Figures count the verdicts of a schema and of a service on the same bodies.
type Figures struct {
	// Instances are the bodies tried. Agreed of them got one verdict.
	Instances, Agreed int
	// Unsound bodies are accepted by the schema and refused by the service.
	Unsound int
	// Listed are bodies like that whose schema names the rule which it cannot
	// say, see [ExtValidate] and [ExtGoType].
	Listed int
	// Strict bodies are refused by the schema and accepted by the service.
	Strict int
	// Written are values that were written and held against their schema.
	Written, Untrue int
}

func (f *Figures) add(o Figures) {
	f.Instances += o.Instances
	f.Agreed += o.Agreed
	f.Unsound += o.Unsound
	f.Listed += o.Listed
	f.Strict += o.Strict
	f.Written += o.Written
	f.Untrue += o.Untrue
}

// String is the figures on one line.
func (f Figures) String() string {
	share := func(n int) float64 { return 100 * float64(n) / float64(max(f.Instances, 1)) }
	return fmt.Sprintf("%d bodies: %.2f %% agreed, %d unsound, %d listed, %.2f %% too strict; %d values written, %d against their schema",
		f.Instances, share(f.Agreed), f.Unsound, f.Listed, share(f.Strict), f.Written, f.Untrue)
}

// VerifyOption changes what [VerifySchemas] does.
type VerifyOption interface{ applyVerify(v *verifier) }

type verifyOption func(*verifier)

func (o verifyOption) applyVerify(v *verifier) { o(v) }

// Instances is how many bodies are tried for each operation, 2000 by default.
func Instances(n int) VerifyOption { return verifyOption(func(v *verifier) { v.instances = n }) }

// Seed begins another sequence of bodies; the default is always the same.
func Seed(seed uint64) VerifyOption { return verifyOption(func(v *verifier) { v.seed = seed }) }

// VerifySchemas holds the schemas of an app against the app. For each message
// that it receives as JSON, bodies are made, valid ones and ones that are spoilt
// in one place, and given to the schema and to the service's own decoding and
// validation; no handler is called. A body that the schema accepts and the
// service refuses fails the test, unless the schema says that it does not know
// the rule. For each message that it sends, values are written and held against
// the schema. It logs the figures and returns them.
func VerifySchemas(tb TB, app App, opts ...VerifyOption) Figures {
	tb.Helper()
	g, err := generate(app, nil)
	if err != nil {
		tb.Errorf("%v", err)
		return Figures{}
	}
	v := &verifier{tb: tb, doc: g.doc, instances: 2000, seed: 1}
	for _, o := range opts {
		o.applyVerify(v)
	}
	if v.checker, err = newChecker(g.doc); err != nil {
		tb.Errorf("asyncapi: %v", err)
		return Figures{}
	}
	var all Figures
	for _, op := range g.operations {
		figures := v.operation(op)
		tb.Logf("%s: %s", op.id, figures)
		all.add(figures)
	}
	return all
}

type verifier struct {
	tb        TB
	doc       *Document
	checker   *checker
	instances int
	seed      uint64
}

func (v *verifier) operation(op *operationPlan) Figures {
	random := rand.New(rand.NewPCG(v.seed, 0)) //nolint:gosec // test data
	f := Figures{}
	if op.Action == parley.Receive && op.Body != nil && op.message.contentType == contentJSON {
		f = v.received(op, &maker{random: random, rule: op.Rule})
	}
	if op.message.view == output {
		f.add(v.written(op.Payload, op.message, random))
	}
	for _, m := range op.answers {
		f.add(v.written(m.goType, m, random))
	}
	return f
}

// received compares verdicts on bodies that the app might get.
func (v *verifier) received(op *operationPlan, m *maker) Figures {
	pointer := "/components/messages/" + op.message.key + "/payload"
	f, strict := Figures{}, map[string]int{}
	defer func() {
		for _, place := range sortedKeys(strict) {
			v.tb.Logf("%s: too strict at %s: %d", op.id, place, strict[place])
		}
	}()
	for f.Instances < v.instances {
		value, nodes := m.body(op.Body)
		var at []any
		if f.Instances%8 != 0 {
			value, at = m.spoil(value, nodes)
		}
		data, err := encode(value)
		if err != nil {
			v.tb.Errorf("asyncapi: %v", err)
			return f
		}
		refusal := op.Check(&parley.Message{Body: data, ContentType: contentJSON, Headers: m.headers(op)}, m.path(op))
		schemaErr := v.checker.check(pointer, json.RawMessage(data))
		f.Instances++
		switch {
		case (refusal == nil) == (schemaErr == nil):
			f.Agreed++
		case refusal == nil:
			f.Strict++
			strict[placeOf(at)]++
		case v.listed(op.message.payload, at):
			f.Listed++
		default:
			f.Unsound++
			v.tb.Errorf("%s: the schema accepts %s at %v, the service does not: %v", op.id, data, at, refusal)
		}
	}
	return f
}

// written holds values of t, as they would be sent, against a schema.
func (v *verifier) written(t reflect.Type, m *messagePlan, random *rand.Rand) Figures {
	f := Figures{}
	if t == nil || m.contentType != contentJSON || m.foreign != nil {
		return f
	}
	pointer := "/components/messages/" + m.key + "/payload"
	for range v.instances / 8 {
		value := reflect.New(t).Elem()
		fill(value, random, 0)
		data, err := json.Marshal(emptied(value).Interface())
		if err != nil || value.Kind() == reflect.Pointer && value.IsNil() {
			continue
		}
		f.Written++
		if err := v.checker.check(pointer, json.RawMessage(data)); err != nil {
			f.Untrue++
			v.tb.Errorf("%s: %s is written and its schema refuses it: %v", m.key, data, err)
		}
	}
	return f
}

// emptied makes an empty slice or map of a nil one, as parley does before it
// writes a body.
func emptied(v reflect.Value) reflect.Value {
	switch {
	case v.Kind() == reflect.Slice && v.IsNil() && !codesItself(v.Type(), output):
		return reflect.MakeSlice(v.Type(), 0, 0)
	case v.Kind() == reflect.Map && v.IsNil() && !codesItself(v.Type(), output):
		return reflect.MakeMap(v.Type())
	default:
		return v
	}
}
