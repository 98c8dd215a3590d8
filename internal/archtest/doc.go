// Package archtest holds the tests that keep the house in order: which package
// may import which, what a user of the library links, and how long a file may be.
package archtest
