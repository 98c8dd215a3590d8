package parleytest

import (
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// EnvURL names the environment variable with the AMQP URL of a RabbitMQ on
// which tests run in place of memory.
const EnvURL = "PARLEY_TEST_URL"

// DefaultPatience bounds waiting on the real clock, see [Patience].
const DefaultPatience = 30 * time.Second

// virtualPatience bounds waiting in a synctest bubble, where it takes no time.
// It exceeds the longest delay of a retry.
const virtualPatience = 30 * 24 * time.Hour

// Option changes what [Start] does.
type Option interface {
	// String returns the option as it is written.
	String() string
	apply(s *settings)
}

type settings struct {
	below    transport.Transport
	plain    bool
	patience time.Duration
	peer     []parley.Option
	ignored  []string
	stubs    []stub
}

type stub struct {
	address string
	fn      any
	opts    []parley.SubscriberOption
}

type option struct {
	text string
	set  func(*settings)
}

func (o option) String() string    { return o.text }
func (o option) apply(s *settings) { o.set(s) }

// On runs the test on t whatever [EnvURL] says: on a memory broker that the test
// wants to look into, or on RabbitMQ with options of the test's own. On anything
// but a memory broker each test gets names of its own.
func On(t transport.Transport) Option {
	return option{fmt.Sprintf("parleytest.On(%s)", t), func(s *settings) { s.below = t }}
}

// PlainNames leaves the names of queues and exchanges as they are. Tests that
// share a broker then meet, and nothing is deleted at the end.
func PlainNames() Option {
	return option{"parleytest.PlainNames()", func(s *settings) { s.plain = true }}
}

// Patience bounds every wait on the real clock, [DefaultPatience] by default. It
// is no expectation about speed. In a synctest bubble waits are bounded by 30
// days of virtual time.
func Patience(d time.Duration) Option {
	return option{fmt.Sprintf("parleytest.Patience(%v)", d), func(s *settings) { s.patience = d }}
}

// PeerOptions are options of the app that stands for the others: it sends what
// the test sends and serves its stubs. Codecs of stubs are given here.
func PeerOptions(opts ...parley.Option) Option {
	return option{"parleytest.PeerOptions(…)", func(s *settings) { s.peer = append(s.peer, opts...) }}
}

// WithStub is [Service.Stub] before the app starts, for what its hooks call.
func WithStub(address string, fn any, opts ...parley.SubscriberOption) Option {
	return option{
		fmt.Sprintf("parleytest.WithStub(%q, …)", address),
		func(s *settings) { s.stubs = append(s.stubs, stub{address, fn, opts}) },
	}
}

// IgnoreGoroutines tolerates goroutines that the app leaves behind when their
// stack names one of these functions, as "net/http.(*persistConn)".
func IgnoreGoroutines(functions ...string) Option {
	return option{
		fmt.Sprintf("parleytest.IgnoreGoroutines(%q)", functions),
		func(s *settings) { s.ignored = append(s.ignored, functions...) },
	}
}
