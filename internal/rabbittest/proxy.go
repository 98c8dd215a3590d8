package rabbittest

import (
	"net/url"
	"testing"

	"github.com/parley-go/parley/internal/faultproxy"
)

// Proxy is a network between one test and a broker, which the test can break
// without harm to others.
type Proxy struct {
	address string
	network *faultproxy.Proxy
}

// NewProxy listens on a port of its own and passes on to the broker at
// address, an AMQP URL, until the test ends.
func NewProxy(tb testing.TB, address string) *Proxy {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal("rabbittest: malformed address")
	}
	network, err := faultproxy.New(u.Host)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = network.Close() })
	u.Host = network.Address()
	return &Proxy{u.String(), network}
}

// URL is the broker's address through the proxy.
func (p *Proxy) URL() string { return p.address }

// Cut ends every connection at once (RST). New ones are accepted.
func (p *Proxy) Cut() { p.network.Reset() }

// Freeze lets connections stay open and nothing through.
func (p *Proxy) Freeze() { p.network.Freeze(faultproxy.Both) }

// Thaw ends Freeze; what was sent meanwhile arrives.
func (p *Proxy) Thaw() { p.network.Thaw() }
