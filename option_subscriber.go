package parley

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/parley-go/parley/transport/topology"
)

// subscriberSettings is what the options of a subscriber add up to.
type subscriberSettings struct {
	concurrency     int
	concurrencySet  bool
	prefetch        int
	prefetchSet     bool
	maxBody         int
	handlerTimeout  time.Duration
	values          []topology.Value
	forwards        []forward
	noReply         bool
	exposeErrors    bool
	keepFailed      bool
	errorReplies    bool
	replyPatterns   []string
	replyPatternSet bool
	failure         failurePolicy
	decompression   decompression
	store           Store
	pending         PendingStore
	rate            rate
	killSwitch      *KillSwitchOptions
	params          []param // those of the nearest scope last
	codes           []Code
	document        document
}

// forward is one PublishTo: where results go besides the caller.
type forward struct {
	address string
	opts    []SendOption
}

// clone returns a copy whose slices grow on their own.
func (s subscriberSettings) clone() subscriberSettings {
	s.values = slices.Clip(s.values)
	s.forwards = slices.Clip(s.forwards)
	s.replyPatterns = slices.Clip(s.replyPatterns)
	s.params = slices.Clip(s.params)
	s.codes = slices.Clip(s.codes)
	return s
}

// malformed reports a pattern that path.Match would never match by.
func malformed(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err != nil
}

// complete fills what follows from other settings and returns what cannot be.
func (s *subscriberSettings) complete() error {
	switch {
	case s.concurrencySet && s.concurrency < 1:
		return &topology.Error{Wanted: "a concurrency of at least 1", Got: fmt.Sprint(s.concurrency), Hint: "leave parley.Concurrency out for the default of 32"}
	case s.prefetchSet && s.prefetch < 1:
		return &topology.Error{Wanted: "a prefetch of at least 1", Got: fmt.Sprint(s.prefetch), Hint: "0 would let the broker send without bound; leave parley.Prefetch out for the default"}
	case s.concurrencySet && s.prefetchSet && s.prefetch < s.concurrency:
		return &topology.Error{
			Wanted: fmt.Sprintf("a prefetch of at least the concurrency, %d", s.concurrency), Got: fmt.Sprint(s.prefetch),
			Hint: "raise parley.Prefetch or lower parley.Concurrency",
		}
	case s.maxBody < 1:
		return &topology.Error{Wanted: "a body limit of at least 1 byte", Got: fmt.Sprint(s.maxBody), Hint: "leave parley.MaxBody out for the default of 16 MiB"}
	case slices.ContainsFunc(s.replyPatterns, malformed):
		return &topology.Error{Wanted: "patterns of path.Match for parley.AllowReplyTo", Got: strings.Join(s.replyPatterns, ", "), Hint: `close each "[" with a "]"`}
	case s.decompression.check() != nil:
		return s.decompression.check()
	case s.handlerTimeout < 0:
		return &topology.Error{Wanted: "a positive handler timeout", Got: s.handlerTimeout.String(), Hint: "leave parley.HandlerTimeout out for none"}
	}
	if err := s.failure.check(); err != nil {
		return err
	}
	if err := s.completeGuards(); err != nil {
		return err
	}
	if !s.concurrencySet {
		s.concurrency = DefaultConcurrency
		if s.prefetchSet {
			s.concurrency = min(s.concurrency, s.prefetch)
		}
	}
	if !s.prefetchSet {
		s.prefetch = prefetchFactor * s.concurrency
	}
	return nil
}

type subscriberOption struct {
	text  string
	apply func(*subscriberSettings)
}

func (o subscriberOption) String() string                        { return o.text }
func (o subscriberOption) applyApp(s *appSettings)               { o.apply(&s.subscriber) }
func (o subscriberOption) applySubscriber(s *subscriberSettings) { o.apply(s) }

// Concurrency is how many messages of a subscriber are handled at once, at
// least 1 and [DefaultConcurrency] by default. Queue order is kept only with Concurrency(1) and one instance of
// the service; each message is then settled before the next one is handled.
func Concurrency(n int) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.Concurrency(%d)", n),
		func(s *subscriberSettings) { s.concurrency, s.concurrencySet = n, true },
	}
}

// Prefetch is how many unacknowledged messages the broker hands out at once, at
// least the concurrency. The default is 4 times that. Given alone it also
// lowers a default concurrency that is above it.
func Prefetch(n int) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.Prefetch(%d)", n),
		func(s *subscriberSettings) { s.prefetch, s.prefetchSet = n, true },
	}
}

// MaxBody is the largest body in bytes that is decoded, at least 1 and
// [DefaultMaxBody] by default; a larger one is refused with
// [CodeInvalidArgument]. Given to [New] it also bounds replies.
func MaxBody(bytes int) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.MaxBody(%d)", bytes),
		func(s *subscriberSettings) { s.maxBody = bytes },
	}
}

// HandlerTimeout ends the handler's context after d. The default, 0, is none;
// the time that a caller has left bounds it in any case. It must stay below the broker's consumer timeout, 30 minutes by default.
//
// Source: https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout
func HandlerTimeout(d time.Duration) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.HandlerTimeout(%v)", d),
		func(s *subscriberSettings) { s.handlerTimeout = d },
	}
}

// From says where messages come from: an exchange, a queue and its properties,
// bindings. See package topology.
func From(values ...topology.Value) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.From(%d values)", len(values)),
		func(s *subscriberSettings) { s.values = append(slices.Clip(s.values), values...) },
	}
}

// Broadcast gives every instance of the service each message, through an
// exclusive queue of its own. It needs an exchange, see [From].
func Broadcast() SubscriberOption {
	return subscriberOption{"parley.Broadcast()", func(s *subscriberSettings) {
		s.values = append(slices.Clip(s.values), topology.Broadcast())
	}}
}

// PublishTo forwards every result that is not nil to address, besides
// answering the caller. Send options such as [To] say how. The message is
// acknowledged when all of it is confirmed; a queue that does not exist, a result
// that no message can carry, and an error of send middleware's own are failures
// of the message. What is wrong with every result, such as a missing [Path], is a
// registration error, and so is a handler without a result, unless PublishTo was
// given to the router or the app. Several PublishTo add up.
func PublishTo(address string, opts ...SendOption) SubscriberOption {
	return subscriberOption{
		fmt.Sprintf("parley.PublishTo(%q)", address),
		func(s *subscriberSettings) {
			s.forwards = append(slices.Clip(s.forwards), forward{address, opts})
		},
	}
}

// NoReply keeps results in: nothing is sent to the caller's reply address. A
// caller that waits gets an empty answer.
func NoReply() SubscriberOption {
	return subscriberOption{"parley.NoReply()", func(s *subscriberSettings) { s.noReply = true }}
}

// ExposeErrors sends the texts of all errors to callers and error queues, also
// of those that were not made with [NewError]. For development and tests.
func ExposeErrors() SubscriberOption {
	return subscriberOption{"parley.ExposeErrors()", func(s *subscriberSettings) { s.exposeErrors = true }}
}

// KeepFailedRequests puts a copy of a failed request into the error queue also
// when its caller was told of the failure.
func KeepFailedRequests() SubscriberOption {
	return subscriberOption{"parley.KeepFailedRequests()", func(s *subscriberSettings) { s.keepFailed = true }}
}

// ErrorReplies sends error replies also to callers that did not say that they
// understand them: a JSON body {"code", "message", "details"} that such a
// caller takes for a result unless it looks at the header [HeaderError].
func ErrorReplies() SubscriberOption {
	return subscriberOption{"parley.ErrorReplies()", func(s *subscriberSettings) { s.errorReplies = true }}
}

// AllowReplyTo narrows or widens the queues that a message may name as its
// reply address: those that match one of the patterns of path.Match, besides
// addresses of callers that wait. Without it, every ordinary queue is allowed
// and error queues and reserved names are not. A service that the public may
// call should name what it means: it sends replies with its own rights. A
// malformed pattern is a registration error.
func AllowReplyTo(patterns ...string) SubscriberOption {
	return subscriberOption{
		"parley.AllowReplyTo(" + strings.Join(patterns, ", ") + ")",
		func(s *subscriberSettings) {
			s.replyPatterns = append(slices.Clip(s.replyPatterns), patterns...)
			s.replyPatternSet = true
		},
	}
}
