// Package transporttest is the conformance suite that every transport passes.
//
// A transport calls [Test] from a test of its own:
//
//	func TestTransport(t *testing.T) {
//		transporttest.Test(t, func(t *testing.T) transporttest.Broker {
//			return transporttest.Broker{
//				Transport: mytransport.New(address),
//				Features:  transporttest.Everything(),
//			}
//		})
//	}
//
// Each case carries the sentence of the contract that it enforces and prints it
// when it fails. The contract itself is package transport. What a broker lacks
// is switched off by [Features]; a case that needs it is skipped.
//
// The suite waits for events and never for time to pass, so it runs against a
// real broker. A case gives up after 30 seconds.
package transporttest
