package parleytest

// TB is what parleytest needs of a test. A *testing.T, a *testing.B and a
// *testing.F have it, and so have the objects of other test frameworks.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	// FailNow ends the test. When it returns nevertheless, the call that failed
	// returns zero values.
	FailNow()
	// Cleanup registers a function that runs when the test ends, the last one first.
	Cleanup(f func())
}
