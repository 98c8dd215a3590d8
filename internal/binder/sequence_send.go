package binder

import (
	"iter"
	"reflect"

	"github.com/parley-go/parley/transport"
)

// Sequence is a value of many items that are sent one after the other: an
// iter.Seq[T] or an iter.Seq2[T, error].
type Sequence struct {
	wire    *Wire
	value   reflect.Value
	element reflect.Type
	failing bool
}

// SequenceOf returns v as a sequence, nil when it is none. Its error is a
// [*SignatureError].
func (w *Wire) SequenceOf(v any) (*Sequence, error) {
	t := reflect.TypeOf(v)
	element, ok := ItemOf(t)
	if !ok {
		return nil, nil
	}
	s := &Sequence{wire: w, value: reflect.ValueOf(v), element: element, failing: t.In(0).NumIn() == 2}
	if s.failing && t.In(0).In(1) != errorType {
		return nil, &SignatureError{Wanted: "iter.Seq2[T, error] or iter.Seq[T]", Got: t.String(), Hint: "put both into one struct"}
	}
	return s, nil
}

// ItemOf returns the type of the items of a sequence type; false when t is none.
func ItemOf(t reflect.Type) (reflect.Type, bool) {
	if t == nil || t.Kind() != reflect.Func || !isIterator(t) {
		return nil, false
	}
	return t.In(0).In(0), true
}

// Item returns the type of the items.
func (s *Sequence) Item() reflect.Type { return s.element }

// Messages runs the iterator once and encodes what it yields, up to the first
// error: one that it yields, or one of encoding a value. A nil iterator has no
// items.
func (s *Sequence) Messages() iter.Seq2[*transport.Message, error] {
	return func(yield func(*transport.Message, error) bool) {
		if s.value.IsNil() {
			return
		}
		over := false
		take := func(v reflect.Value, err error) bool {
			if over {
				return false
			}
			var m *transport.Message
			if err == nil {
				m, err = s.wire.Encode(v.Interface())
			}
			over = !yield(m, err) || err != nil
			return !over
		}
		if !s.failing {
			s.value.Seq()(func(v reflect.Value) bool { return take(v, nil) })
			return
		}
		s.value.Seq2()(func(v, failed reflect.Value) bool {
			err, _ := failed.Interface().(error)
			return take(v, err)
		})
	}
}
