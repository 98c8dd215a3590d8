// Package binder compiles a handler function into a [Plan] and turns values
// into messages and back. It is the only package that uses reflection on a
// message's path, and everything that can be learned from a type is learned
// once: a [Plan] and the caches of a [Wire] only execute.
//
// A handler is
//
//	func([context.Context], [IN], [PARAM…]) ([OUT], [error])
//
// IN is decoded from the message, or is a sequence of items that are. Each PARAM
// comes from a resolver, OUT is encoded into the answer. What else is not legal is a [*SignatureError].
package binder
