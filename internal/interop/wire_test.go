package interop_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

const (
	direct = "amq.rabbitmq.reply-to."
	inbox  = "amq.gen-"
)

// requireReply checks the form of a parley reply to a foreign caller. What the
// caller did not put there itself must not come back to it.
func requireReply(t *testing.T, contentType string, correlationID any, o outcome) {
	t.Helper()
	require.Equal(t, "reply", o.Outcome, o.ID)
	requireContentType(t, contentType, o.message)
	require.Equal(t, correlationID, o.Properties["correlation_id"])
	require.NotEmpty(t, o.Properties["message_id"])
	require.Empty(t, o.Properties["headers"])
	requireOnly(t, o.message, "content_type", "correlation_id", "message_id", "headers", "delivery_mode", "priority", "timestamp", "app_id")
}

// requireRequest checks the form of a parley request with a time limit.
func requireRequest(t *testing.T, contentType, replyPrefix string, r request) {
	t.Helper()
	require.Empty(t, r.Error, r.Kind)
	requireContentType(t, contentType, r.message)
	require.NotEmpty(t, r.Properties["correlation_id"])
	require.NotEmpty(t, r.Properties["message_id"])
	replyTo, _ := r.Properties["reply_to"].(string)
	require.True(t, strings.HasPrefix(replyTo, replyPrefix), replyTo)
	require.InDelta(t, 1, r.Properties["delivery_mode"], 0)
	limit := milliseconds(t, r)
	require.Positive(t, limit)
	require.LessOrEqual(t, limit, int(parley.DefaultTimeout.Milliseconds()))
	headers, _ := r.Properties["headers"].(map[string]any)
	require.Equal(t, []string{parley.HeaderDeadline}, slices.Collect(maps.Keys(headers)))
	require.InDelta(t, limit, headers[parley.HeaderDeadline], 1)
	requireOnly(
		t, r.message, "content_type", "correlation_id", "message_id", "reply_to", "headers", "delivery_mode",
		"expiration", "priority", "timestamp", "app_id",
	)
}

// milliseconds reads the expiration: whole milliseconds as text.
func milliseconds(t *testing.T, r request) int {
	t.Helper()
	text, _ := r.Properties["expiration"].(string)
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// requireOnly wants no properties but those.
func requireOnly(t *testing.T, m message, known ...string) {
	t.Helper()
	for name := range m.Properties {
		require.Contains(t, known, name)
	}
}
