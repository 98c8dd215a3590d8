package parley

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadFailed(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	death := func(queue any, keys ...any) any {
		return map[string]any{"queue": queue, "reason": "expired", "time": at, "exchange": "x", "routing-keys": keys}
	}
	for name, c := range map[string]struct {
		headers Headers
		want    FailedMessage
	}{
		"none": {nil, FailedMessage{Address: "q"}},
		"all": {
			Headers{
				HeaderFailureCode: "internal", HeaderFailureReason: "why", HeaderFailureTime: "2024-05-06T09:08:09+02:00",
				HeaderFailureAttempt: int64(3), HeaderFailureAddress: "a", HeaderFailureExchange: "x", HeaderFailureHandler: "f",
			},
			FailedMessage{Code: CodeInternal, Reason: "why", Time: at, Attempt: 3, Address: "a", Exchange: "x", Handler: "f"},
		},
		"a fanout exchange without a key": {Headers{HeaderFailureExchange: "x"}, FailedMessage{Exchange: "x"}},
		"dead-lettered":                   {Headers{headerDeath: []any{death("q", "k")}}, FailedMessage{Reason: "expired", Time: at, Address: "k", Exchange: "x"}},
		"dead-lettered elsewhere first":   {Headers{headerDeath: []any{7, death("p", "n"), death("q", "k")}}, FailedMessage{Reason: "expired", Time: at, Address: "k", Exchange: "x"}},
		"death without keys":              {Headers{headerDeath: []any{death("q")}}, FailedMessage{Reason: "expired", Time: at, Address: "q"}},
		"malformed": {
			Headers{headerDeath: []any{death(nil)}, HeaderFailureAttempt: int64(-1), HeaderFailureTime: true, HeaderFailureCode: []any{}},
			FailedMessage{Address: "q"},
		},
		"more attempts than there can be": {Headers{HeaderFailureAttempt: int64(1) << 40}, FailedMessage{Attempt: 1<<31 - 1, Address: "q"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &Message{Headers: c.headers}
			c.want.Message = m
			require.Equal(t, &c.want, readFailed(m, "q"))
		})
	}
}

// What is read from hostile headers can be renewed and read again alike.
func FuzzReadFailed(f *testing.F) {
	f.Add("internal", "why", "2024-05-06T07:08:09Z", "a", "x", "q", "k", int64(3))
	f.Add("", "", "", "", "", "q", "k", int64(-1))
	f.Add("", "", "0000-00-00", "", "x", "", "", int64(1)<<62)
	f.Fuzz(func(t *testing.T, code, reason, at, address, exchange, queue, key string, attempt int64) {
		m := &Message{Headers: Headers{
			HeaderFailureCode: code, HeaderFailureReason: reason, HeaderFailureTime: at, HeaderFailureAttempt: attempt,
			HeaderFailureAddress: address, HeaderFailureExchange: exchange,
			headerDeath: []any{map[string]any{"queue": queue, "exchange": exchange, "routing-keys": []any{key}}},
		}}
		once := readFailed(m, "q")
		require.GreaterOrEqual(t, once.Attempt, 0)
		again := readFailed(once.renewed(), "q")
		again.Message, once.Message = nil, nil
		require.Equal(t, once, again)
	})
}
