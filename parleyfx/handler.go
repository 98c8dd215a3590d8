package parleyfx

import (
	"context"
	"reflect"
	"runtime"
	"strings"
)

var contextType = reflect.TypeFor[context.Context]()

// handler is a function that the container completes.
type handler struct {
	fn reflect.Value
	// receiver is the type of the method's receiver, nil for a plain function.
	receiver reflect.Type
	// params are the types of the PARAMs that the container may be asked for.
	params []reflect.Type
}

// readHandler sorts the parameters of fn. What is no function is left to
// parley, which says so.
func readHandler(fn any) handler {
	h := handler{fn: reflect.ValueOf(fn)}
	if h.fn.Kind() != reflect.Func || h.fn.IsNil() {
		return h
	}
	t := h.fn.Type()
	next := 0
	if isMethodExpression(h.fn) {
		h.receiver = t.In(0)
		next = 1
	}
	if next < t.NumIn() && t.In(next) == contextType {
		next++
	}
	// The first parameter after the context is the input.
	for next++; next < t.NumIn(); next++ {
		if p := t.In(next); nilable(p) {
			h.params = append(h.params, p)
		}
	}
	return h
}

// isMethodExpression reports whether fn is one, such as (*Orders).Place. The
// runtime calls it "path/pkg.(*Orders).Place" or "path/pkg.Orders.Place"; its
// first parameter is then of that very type.
func isMethodExpression(fn reflect.Value) bool {
	t := fn.Type()
	f := runtime.FuncForPC(fn.Pointer())
	if f == nil || t.NumIn() == 0 {
		return false
	}
	name := strings.ReplaceAll(f.Name(), "[...]", "")
	name = name[strings.LastIndexByte(name, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	owner, method, ok := strings.Cut(name, ".")
	if !ok || strings.Contains(method, ".") || strings.HasSuffix(method, "-fm") {
		return false
	}
	receiver := t.In(0)
	if pointed := strings.HasPrefix(owner, "(*"); pointed {
		if receiver.Kind() != reflect.Pointer {
			return false
		}
		owner, receiver = strings.Trim(owner, "(*)"), receiver.Elem()
	}
	typeName, _, _ := strings.Cut(receiver.Name(), "[")
	return typeName == owner
}

// nilable reports whether a zero value of t cannot be mistaken for a given one.
func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return true
	default:
		return false
	}
}

// bound returns the function to register, with its receiver in place.
func (h handler) bound(receiver reflect.Value) any {
	switch {
	case !h.fn.IsValid():
		return nil
	case h.receiver == nil:
		return h.fn.Interface()
	}
	t := h.fn.Type()
	in := make([]reflect.Type, 0, t.NumIn()-1)
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	out := make([]reflect.Type, 0, t.NumOut())
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	call := func(args []reflect.Value) []reflect.Value {
		all := make([]reflect.Value, 0, len(args)+1)
		return h.fn.Call(append(append(all, receiver), args...))
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), call).Interface()
}
