package parleyfx

import (
	"reflect"
	"sync/atomic"

	"go.uber.org/fx"
)

// orders counts the calls that make registrations.
var orders atomic.Int64

func nextOrder() int64 { return orders.Add(1) }

// ask returns a constructor of a registration that asks the container for
// values of the wanted types. A type that the container does not know, or cannot
// build, comes as its zero value: fx would report a missing one at a place
// inside package reflect, parley reports it at the user's.
func ask(wanted []reflect.Type, answer func(got []reflect.Value) registration) any {
	made := reflect.FuncOf(wanted, []reflect.Type{reflect.TypeFor[registration]()}, false)
	constructor := reflect.MakeFunc(made, func(got []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(answer(got))}
	})
	tags := make([]string, len(wanted))
	for i := range tags {
		tags[i] = `optional:"true"`
	}
	return fx.Annotate(constructor.Interface(), fx.ParamTags(tags...), fx.ResultTags(group))
}
