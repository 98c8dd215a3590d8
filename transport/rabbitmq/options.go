package rabbitmq

import (
	"crypto/tls"
	"slices"
	"time"
)

// Defaults, each changed by an option.
const (
	DefaultHeartbeat   = 10 * time.Second       // see [Heartbeat]
	DefaultDialTimeout = 10 * time.Second       // see [DialTimeout]
	DefaultBackoffMin  = 100 * time.Millisecond // the shortest pause, see [Backoff]
	DefaultBackoffMax  = 10 * time.Second       // the longest pause, see [Backoff]
)

// Option is a setting of a [Transport].
type Option interface {
	apply(c *config)
	// String names the option, without its values.
	String() string
}

type option struct {
	name string
	set  func(*config)
}

func (o option) apply(c *config) { o.set(c) }
func (o option) String() string  { return "rabbitmq." + o.name }

// config is what the options and the URL say. It is not changed after [New].
type config struct {
	urls        []string
	tls         *tls.Config
	certificate *tls.Certificate
	insecure    bool
	heartbeat   time.Duration
	dialTimeout time.Duration
	backoffMin  time.Duration
	backoffMax  time.Duration
	name        string
	vhost       *string
	login       *login
	direct      bool
	replyQueue  string
	passive     bool
}

type login struct{ user, password string }

func newConfig(url string, options []Option) *config {
	c := &config{
		urls:        []string{url},
		heartbeat:   DefaultHeartbeat,
		dialTimeout: DefaultDialTimeout,
		backoffMin:  DefaultBackoffMin,
		backoffMax:  DefaultBackoffMax,
	}
	for _, o := range options {
		o.apply(c)
	}
	return c
}

// Hosts adds URLs of further nodes of the same cluster. Each attempt to
// connect goes through all nodes in random order.
func Hosts(urls ...string) Option {
	urls = slices.Clone(urls)
	return option{"Hosts", func(c *config) { c.urls = append(c.urls, urls...) }}
}

// TLS sets how amqps addresses are verified. The settings are cloned for
// every dial: at least TLS 1.2 is required, and without a ServerName each
// host's certificate must carry that host's name.
func TLS(settings *tls.Config) Option {
	return option{"TLS", func(c *config) { c.tls = settings.Clone() }}
}

// ClientCertificate shows cert to the broker and logs in with it (SASL
// EXTERNAL) instead of a password. The broker needs its plug-in
// rabbitmq_auth_mechanism_ssl.
func ClientCertificate(cert tls.Certificate) Option {
	return option{"ClientCertificate", func(c *config) { c.certificate = &cert }}
}

// InsecureSkipTLSVerification accepts any certificate, and so anybody between
// this process and the broker. For experiments only.
func InsecureSkipTLSVerification() Option {
	return option{"InsecureSkipTLSVerification", func(c *config) { c.insecure = true }}
}

// Heartbeat is how often the broker must be heard, in whole seconds, at least
// one; [DefaultHeartbeat] by default. A dead connection is noticed after one
// and a half times that. The parameter heartbeat of a URL wins over it.
func Heartbeat(d time.Duration) Option {
	return option{"Heartbeat", func(c *config) { c.heartbeat = max(d.Truncate(time.Second), time.Second) }}
}

// ConnectionName names the connections in the broker's listings; the name of
// the app by default.
func ConnectionName(name string) Option {
	return option{"ConnectionName", func(c *config) { c.name = name }}
}

// VHost is the virtual host, instead of the one in the URLs.
func VHost(name string) Option {
	return option{"VHost", func(c *config) { c.vhost = &name }}
}

// Login is the account, instead of the one in the URLs. It keeps a password
// out of them.
func Login(user, password string) Option {
	return option{"Login", func(c *config) { c.login = &login{user, password} }}
}

// DialTimeout bounds one attempt to connect to one host, handshakes included;
// [DefaultDialTimeout] by default.
func DialTimeout(d time.Duration) Option {
	return option{"DialTimeout", func(c *config) { c.dialTimeout = max(d, time.Millisecond) }}
}

// Backoff bounds the pause between attempts to connect or to consume, which
// doubles from shortest to longest and is varied at random;
// [DefaultBackoffMin] and [DefaultBackoffMax] by default.
func Backoff(shortest, longest time.Duration) Option {
	return option{"Backoff", func(c *config) {
		c.backoffMin = max(shortest, time.Millisecond)
		c.backoffMax = max(longest, c.backoffMin)
	}}
}

// DirectReplies receives replies through RabbitMQ's direct reply-to, without
// a queue: the lowest latency when few calls are in flight, and no configure
// right is needed. Replies are lost with the connection, and unlike with an
// inbox a server cannot tell whether the caller is still there.
//
// Source: https://www.rabbitmq.com/docs/direct-reply-to
func DirectReplies() Option {
	return option{"DirectReplies", func(c *config) { c.direct, c.replyQueue = true, "" }}
}

// ReplyQueue receives replies in a durable queue of that name, so that they
// survive a lost connection. The queue goes away when it was unused for five
// minutes. One connection at a time may hold it: use the instance's name.
func ReplyQueue(name string) Option {
	return option{"ReplyQueue", func(c *config) { c.direct, c.replyQueue = false, name }}
}

// Passive makes the whole connection declare nothing: exchanges and queues are
// only checked. It is for accounts without the configure right. Such accounts
// need [DirectReplies] or [ReplyQueue] for requests.
func Passive() Option {
	return option{"Passive", func(c *config) { c.passive = true }}
}
