package manual_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// User is who sent a message.
type User struct{ Name string }

// CurrentUser knows the sender of a message by a header.
func CurrentUser(m *parley.Message) (User, error) {
	if m.Header("x-user") == "" {
		return User{}, parley.NewError(parley.CodeUnauthenticated, "who are you?")
	}
	return User{Name: m.Header("x-user")}, nil
}

func TestParameter(t *testing.T) {
	t.Parallel()
	_, broker := newApp()
	app := parley.New(broker, parley.Param(CurrentUser))
	app.Subscriber("orders.mine", func(_ context.Context, o Order, u User) string {
		return u.Name + " ordered " + o.ID
	})
	mine := app.Publisher("orders.mine")
	start(t, app)
	said, err := parley.Request[string](t.Context(), mine, order, parley.Header("x-user", "ada"))
	require.NoError(t, err)
	require.Equal(t, "ada ordered o1", said)
	_, err = mine.Request(t.Context(), order)
	require.EqualError(t, err, "remote error: unauthenticated: who are you?")
}
