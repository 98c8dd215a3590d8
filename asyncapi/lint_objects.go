package asyncapi

import (
	"mime"
	"regexp"
	"slices"
	"strings"
)

var (
	componentKey = regexp.MustCompile(`^[a-zA-Z0-9.\-_]+$`)
	narrowKey    = regexp.MustCompile(`^[A-Za-z0-9_\-]+$`)
	programName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	inBraces     = regexp.MustCompile(`\{([^{}]*)\}`)
)

func (l *linter) root() {
	if l.doc.AsyncAPI != Version && l.doc.AsyncAPI != "3.1.0" {
		l.errorf("/asyncapi", "version", "wanted %s, got %q", Version, l.doc.AsyncAPI)
	}
	if l.doc.Info.Version == "" {
		l.errorf("/info/version", "info-version", "wanted a version, got an empty one")
	}
	if c := l.doc.DefaultContentType; c != "" && !isMediaType(c) {
		l.errorf("/defaultContentType", "content-type", "wanted a media type, got %q", c)
	}
}

func isMediaType(s string) bool {
	t, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Contains(t, "/")
}

func (l *linter) server(at, key string, s *Server) {
	if !narrowKey.MatchString(key) {
		l.errorf(at, "key", "wanted a key of letters, digits, - and _, got %q", key)
	}
	if strings.ContainsAny(s.Host, "@/?#") {
		l.errorf(at+"/host", "host", "wanted a host and a port, got more; hint: no user, scheme or path")
	}
	for protocol, b := range s.Bindings {
		if protocol == "amqp" && len(b) > 0 {
			l.errorf(at+"/bindings/amqp", "binding", "wanted an empty binding, got fields")
		}
	}
}

func (l *linter) channel(at, key string, c *Channel) {
	if !programName.MatchString(key) {
		l.errorf(at, "key", "wanted a name such as a program has, got %q", key)
	}
	if c.Address != nil {
		l.address(at, c)
	}
	for name, p := range c.Parameters {
		if !narrowKey.MatchString(name) {
			l.errorf(at+pointer("parameters", name), "key", "wanted a key of letters, digits, - and _, got %q", name)
		}
		if p.Default != "" && len(p.Enum) > 0 && !slices.Contains(p.Enum, p.Default) {
			l.errorf(at+pointer("parameters", name, "default"), "parameter-default", "wanted one of the enum, got %q", p.Default)
		}
	}
	l.distinct(at+"/messages", c.Messages)
	if c.Bindings != nil && c.Bindings.AMQP != nil {
		l.channelBinding(at, c)
	}
}

func (l *linter) address(at string, c *Channel) {
	address := *c.Address
	switch {
	case address == "":
		l.errorf(at+"/address", "address", "wanted an address, got an empty one")
	case strings.ContainsAny(address, "#?"):
		l.errorf(at+"/address", "address", "wanted an address without # and ?, got %q", address)
	case len(address) > 255:
		l.errorf(at+"/address", "address", "wanted at most 255 bytes, got %d", len(address))
	}
	var names []string
	for _, m := range inBraces.FindAllStringSubmatch(address, -1) {
		names = append(names, m[1])
		if c.Parameters[m[1]] == nil {
			l.errorf(at+"/parameters", "parameters", "wanted the parameter {%s} of the address, got none", m[1])
		}
	}
	for _, name := range sortedKeys(c.Parameters) {
		if !slices.Contains(names, name) {
			l.errorf(at+pointer("parameters", name), "parameters", "wanted {%s} in the address, got %q", name, address)
		}
	}
}

func (l *linter) channelBinding(at string, c *Channel) {
	b, at := c.Bindings.AMQP, at+"/bindings/amqp"
	if b.BindingVersion != BindingVersion {
		l.errorf(at+"/bindingVersion", "binding-version", "wanted %s, got %q", BindingVersion, b.BindingVersion)
	}
	if (b.Queue == nil) == (b.Exchange == nil) {
		l.errorf(at, "binding", "wanted a queue or an exchange, got both or neither")
	}
	if q := b.Queue; q != nil {
		l.onlyKnown(at+"/queue", q.Extensions)
		if b.Is != "queue" || c.Address == nil || q.Name != *c.Address {
			l.errorf(at+"/queue/name", "queue-name", "wanted the channel's address, got %q", q.Name)
		}
	}
	if e := b.Exchange; e != nil {
		l.onlyKnown(at+"/exchange", e.Extensions)
	}
}

func (l *linter) onlyKnown(at string, more Extensions) {
	for _, name := range sortedKeys(more) {
		l.errorf(at+pointer(name), "binding", "wanted a field of the binding, got %q; hint: extensions belong to the channel", name)
	}
}

func (l *linter) operation(at, key string, op *Operation) {
	if !programName.MatchString(key) {
		l.errorf(at, "key", "wanted a name such as a program has, got %q", key)
	}
	if _, c := l.doc.Channel(op.Channel); c == nil {
		l.errorf(at+"/channel", "channel", "wanted a reference to a channel of the document, got %q", op.Channel.Ref)
	}
	l.messages(at+"/messages", op.Channel.Ref, op.Messages, "operation-messages")
	if items := itemsOf(op); items != "" || op.Extensions[ExtItems] != nil {
		if _, c := l.doc.Channel(Ref{items}); c == nil {
			l.errorf(at+pointer(ExtItems), "items", "wanted a reference to a channel of the document, got %q", items)
		}
	}
	if op.Reply != nil {
		l.reply(at+"/reply", op.Reply)
	}
}

// messages checks that references lead through a channel, each once.
func (l *linter) messages(at, channel string, refs []Ref, rule string) {
	named := map[string]*Message{}
	for _, r := range refs {
		key, m := l.doc.Message(r)
		if !strings.HasPrefix(r.Ref, channel+"/messages/") || m == nil {
			l.errorf(at, rule, "wanted messages of the channel %q, got %q", channel, r.Ref)
			continue
		}
		if named[key] != nil {
			l.errorf(at, rule, "wanted each message once, got %q twice", key)
		}
		named[key] = m
	}
	l.distinct(at, named)
}

func (l *linter) reply(at string, r *Reply) {
	if r.Channel == nil {
		if r.Address == nil && len(r.Messages) == 0 {
			l.errorf(at, "reply", "wanted a reply that says something, got an empty one")
		}
		return
	}
	_, c := l.doc.Channel(*r.Channel)
	if c == nil {
		l.errorf(at+"/channel", "reply-channel", "wanted a reference to a channel of the document, got %q", r.Channel.Ref)
		return
	}
	if r.Address != nil && c.Address != nil {
		l.errorf(at+"/address", "reply-address", "wanted a reply channel without an address of its own, got %q", *c.Address)
	}
	l.messages(at+"/messages", r.Channel.Ref, r.Messages, "reply-messages")
}

// sameAddress finds channels that are one.
func (l *linter) sameAddress() {
	seen := map[string]string{}
	for _, key := range sortedKeys(l.doc.Channels) {
		c := l.doc.Channels[key]
		if c.Address == nil {
			continue
		}
		id := *c.Address
		if b := c.Bindings; b != nil && b.AMQP != nil && b.AMQP.Exchange != nil {
			id += "@" + b.AMQP.Exchange.Name
		}
		if other, taken := seen[id]; taken {
			l.warnf(pointer("channels", key), "one-channel", "wanted one channel for an address, got %q too", other)
			continue
		}
		seen[id] = key
	}
}
