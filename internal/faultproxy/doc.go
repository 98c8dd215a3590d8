// Package faultproxy is a network between clients and one server that can be
// broken on demand: ended, reset, held in one direction or both, delayed and
// throttled. It counts what it did.
package faultproxy
