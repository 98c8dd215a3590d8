package parley

import (
	"math"
	"time"
)

// FailedMessage is a message in an error queue with what is known of its
// failure. All of that comes from headers, which whoever may publish to the
// queue can write: what is missing or malformed there is the zero value here.
type FailedMessage struct {
	// Message is the message as it stands in the error queue, failure headers
	// included.
	Message *Message
	// Code and Reason say why it failed. Of a message that the broker itself
	// moved, Code is empty and Reason is the broker's word, such as
	// "delivery_limit" or "expired".
	Code   Code
	Reason string
	// Time is when it was moved here, in UTC.
	Time time.Time
	// Attempt is how often it was tried; 0 where no handler ran.
	Attempt int
	// Address is the routing key and Exchange the exchange that it was published
	// with; Exchange is empty for the default one.
	Address, Exchange string
	// Handler is the function that did not take it.
	Handler string
}

// headerDeath is the broker's record of what it dead-lettered, the latest first.
//
// Source: https://www.rabbitmq.com/docs/dlx#effects
const headerDeath = "x-death"

// readFailed reads the failure of m. A message without an address was
// dead-lettered by the broker from the queue called source.
func readFailed(m *Message, source string) *FailedMessage {
	f := &FailedMessage{
		Message:  m,
		Code:     Code(m.Header(HeaderFailureCode)),
		Reason:   m.Header(HeaderFailureReason),
		Time:     failureTime(m.Headers[HeaderFailureTime]),
		Attempt:  failureAttempt(m.Headers[HeaderFailureAttempt]),
		Address:  m.Header(HeaderFailureAddress),
		Exchange: m.Header(HeaderFailureExchange),
		Handler:  m.Header(HeaderFailureHandler),
	}
	if f.Address == "" && f.Exchange == "" {
		f.readDeath(source)
	}
	return f
}

// readDeath reads what the broker recorded when it took the message out of
// source; without a record the message is taken to have stood there.
func (f *FailedMessage) readDeath(source string) {
	f.Address = source
	deaths, _ := f.Message.Headers[headerDeath].([]any)
	for _, entry := range deaths {
		death, ok := entry.(map[string]any)
		if !ok || death["queue"] != source {
			continue
		}
		f.Reason = first(f.Reason, text(death["reason"]))
		if f.Time.IsZero() {
			f.Time = failureTime(death["time"])
		}
		if keys, ok := death["routing-keys"].([]any); ok && len(keys) > 0 {
			f.Address, f.Exchange = text(keys[0]), text(death["exchange"])
		}
		return
	}
}

// text returns a header's value where it is text.
func text(v any) string {
	s, _ := v.(string)
	return s
}

func failureTime(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v.UTC()
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func failureAttempt(v any) int {
	n, _ := v.(int64)
	return int(max(0, min(n, math.MaxInt32)))
}
