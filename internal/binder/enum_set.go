package binder

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// enumSet holds the legal values of one type. Values of basic kinds are
// compared without boxing them.
type enumSet struct {
	strings []string
	ints    []int64
	uints   []uint64
	floats  []float64
	others  []any
	// wanted lists the values for an error.
	wanted string
}

// newEnumSet asks a zero value of t for its legal values. Listed values may be
// of t or of a basic type of its kind; others can never be met and are left
// out. It returns nil for a struct that lists none: the method then belongs to
// a type embedded in it.
func newEnumSet(t reflect.Type) *enumSet {
	s := &enumSet{}
	var texts []string
	for _, value := range reflect.New(t).Interface().(enumerated).Enum() {
		v := reflect.ValueOf(value)
		if !v.IsValid() || !sameClass(v.Kind(), t.Kind()) || !v.CanConvert(t) {
			continue
		}
		s.add(v.Convert(t))
		if v.Kind() == reflect.String {
			texts = append(texts, fmt.Sprintf("%q", v.String()))
		} else {
			texts = append(texts, fmt.Sprint(value))
		}
	}
	if len(texts) == 0 && t.Kind() == reflect.Struct {
		return nil
	}
	s.wanted = "one of " + listed(texts)
	return s
}

// listed joins texts and stops where an error would become long.
func listed(texts []string) string {
	const most = 12
	if len(texts) == 0 {
		return "no values at all"
	}
	if len(texts) > most {
		texts = append(slices.Clone(texts[:most]), "…")
	}
	return strings.Join(texts, ", ")
}

// sameClass keeps conversions away that change the meaning, such as int to string.
func sameClass(a, b reflect.Kind) bool {
	return a == b || classOf(a) == classOf(b) && classOf(a) != reflect.Invalid
}

func classOf(k reflect.Kind) reflect.Kind {
	switch k {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return reflect.Int
	case reflect.Float32, reflect.Float64:
		return reflect.Float64
	default:
		return reflect.Invalid
	}
}

func (s *enumSet) add(v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		s.strings = append(s.strings, v.String())
	case v.CanInt():
		s.ints = append(s.ints, v.Int())
	case v.CanUint():
		s.uints = append(s.uints, v.Uint())
	case v.CanFloat():
		s.floats = append(s.floats, v.Float())
	default:
		s.others = append(s.others, v.Interface())
	}
}

func (s *enumSet) has(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.String:
		return slices.Contains(s.strings, v.String())
	case v.CanInt():
		return slices.Contains(s.ints, v.Int())
	case v.CanUint():
		return slices.Contains(s.uints, v.Uint())
	case v.CanFloat():
		return slices.Contains(s.floats, v.Float())
	case !v.CanInterface(): // an embedded struct of an unexported type
		return true
	default:
		return slices.ContainsFunc(s.others, func(o any) bool { return reflect.DeepEqual(o, v.Interface()) })
	}
}
