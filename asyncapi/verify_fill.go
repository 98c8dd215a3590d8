package asyncapi

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"time"
)

// fill sets v to a value that a program might send.
func fill(v reflect.Value, r *rand.Rand, depth int) {
	t := v.Type()
	switch {
	case !v.CanSet():
		return
	case t == timeType:
		v.Set(reflect.ValueOf(time.Unix(r.Int64N(4_000_000_000), r.Int64N(1e9)).UTC()))
		return
	case t == rawMessageType:
		v.SetBytes([]byte(pick(r, []string{`{}`, `1`, `"x"`, `null`})))
		return
	case t == reflect.TypeFor[json.Number]():
		v.SetString(pick(r, []string{"1", "-2.5", "1e9"}))
		return
	case isEnum(t):
		v.Set(pick(r, enumValues(t)))
		return
	case codesItself(t, output) && !isUUID(t):
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if depth < deepest && r.IntN(3) > 0 {
			v.Set(reflect.New(t.Elem()))
			fill(v.Elem(), r, depth+1)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			fill(v.Field(i), r, depth+1)
		}
	case reflect.Slice:
		if n := r.IntN(4) - 1; n >= 0 && depth < deepest {
			v.Set(reflect.MakeSlice(t, n, n))
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), r, depth+1)
		}
	case reflect.Map:
		fillMap(v, r, depth)
	default:
		fillScalar(v, r)
	}
}

func fillMap(v reflect.Value, r *rand.Rand, depth int) {
	n := r.IntN(4) - 1
	if n < 0 || depth >= deepest {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, r, depth+1)
		fill(elem, r, depth+1)
		v.SetMapIndex(key, elem)
	}
}

func fillScalar(v reflect.Value, r *rand.Rand) {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(pick(r, texts))
	case v.Kind() == reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(int64(r.Uint64()) >> r.IntN(64)) //nolint:gosec // any bits will do
	case v.CanUint():
		v.SetUint(r.Uint64() >> r.IntN(64))
	case v.CanFloat():
		v.SetFloat(pick(r, []float64{0, 1, -1.5, 1e30, float64(r.Int32())}))
	case v.Kind() == reflect.Interface && v.NumMethod() == 0:
		v.Set(reflect.ValueOf(pick(r, []any{1, "x", true, []int{1}})))
	}
}
