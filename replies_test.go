package parley_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

type purchase struct {
	ID string `json:"id"`
}

type receipt struct {
	Order string `json:"order" validate:"ne=nonsense"`
}

// placer answers every order as its id says.
func placer(_ context.Context, o purchase) (*receipt, error) {
	switch o.ID {
	case "refused":
		return nil, parley.NewError(parley.CodeFailedPrecondition, "no stock")
	case "silent":
		return nil, nil
	default:
		return &receipt{o.ID}, nil
	}
}

// takeReplies declares the subscriber of a reply queue and returns what it gets.
func takeReplies(in parley.Declarer, queue string, opts ...parley.SubscriberOption) <-chan parley.Answer[receipt] {
	got := make(chan parley.Answer[receipt], 100)
	parley.Replies(in, queue, func(_ context.Context, a parley.Answer[receipt]) error {
		got <- a
		return nil
	}, opts...)
	return got
}

// A day later another process of the same app gets the answers, with the tokens
// of the first one.
func TestRepliesComeToTheNextProcess(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service := w.app()
		hold := make(chan struct{})
		service.Subscriber(w.at("place"), func(ctx context.Context, o purchase) (*receipt, error) {
			<-hold
			return placer(ctx, o)
		})
		w.start(service)

		first := w.app()
		takeReplies(first, w.at("receipts"))
		orders := first.Publisher(w.at("place"))
		require.NoError(w, first.Start(w.ctx()))
		for id, token := range map[string]string{"o1": "invoice-17", "refused": "invoice 18 \x00 ü", "silent": "", "o4": strings.Repeat("x", parley.MaxToken)} {
			require.NoError(w, orders.Publish(w.ctx(), purchase{id}, parley.ReplyTo(w.at("receipts")), parley.Token(token)))
		}
		require.NoError(w, first.Stop(w.ctx()))
		close(hold)

		second := w.app()
		got := takeReplies(second, w.at("receipts"))
		w.start(second)
		answers := map[string]parley.Answer[receipt]{}
		for range 4 {
			a := next(w, got)
			answers[a.Token] = a
		}
		require.Equal(w, receipt{"o1"}, answers["invoice-17"].Value)
		require.NoError(w, answers["invoice-17"].Err)
		require.Equal(w, receipt{"o4"}, answers[strings.Repeat("x", parley.MaxToken)].Value)
		require.ErrorIs(w, answers[""].Err, parley.ErrNoValue)
		remote, ok := errors.AsType[*parley.RemoteError](answers["invoice 18 \x00 ü"].Err)
		require.True(w, ok)
		require.Equal(w, parley.CodeFailedPrecondition, remote.Code)
		require.Equal(w, "no stock", remote.Message)
		for _, a := range answers {
			require.Equal(w, transport.Persistent, a.Message.Persistence)
			require.Zero(w, a.Message.Expiration)
		}
	})
}

// A failed message is told to its caller and kept where it failed, once each.
func TestFailureIsToldAndKept(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("place"), placer)
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		w.start(app)
		failed := w.collect(w.at("place.error"))
		require.NoError(w, orders.Publish(w.ctx(), purchase{"refused"}, parley.ReplyTo(w.at("receipts")), parley.Token("t")))
		a := next(w, got)
		require.Equal(w, "t", a.Token)
		require.Equal(w, parley.CodeFailedPrecondition, parley.CodeOf(a.Err))
		m := next(w, failed)
		require.Equal(w, string(parley.CodeFailedPrecondition), m.Header(parley.HeaderFailureCode))
		require.Equal(w, a.Message.CorrelationID, m.CorrelationID)

		// Without a token the caller would take an error for a result.
		require.NoError(w, orders.Publish(w.ctx(), purchase{"refused"}, parley.ReplyTo(w.at("receipts"))))
		next(w, failed)
		// Nobody is at the address: that is no reason to lose the message.
		require.NoError(w, orders.Publish(w.ctx(), purchase{"refused"}, parley.ReplyTo(w.at("nowhere")), parley.Token("t")))
		require.Equal(w, "no stock", next(w, failed).Header(parley.HeaderFailureReason))
		require.NoError(w, orders.Publish(w.ctx(), purchase{"last"}, parley.ReplyTo(w.at("receipts")), parley.Token("last")))
		require.Equal(w, "last", next(w, got).Token, "nothing else came")
		nothing(w, failed)
	})
}

// What is tried again, by the service or from its error queue, is still
// answered.
func TestTokenSurvivesAttemptsAndReplay(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		runs := make(chan int, 10)
		app.Subscriber(w.at("place"), func(ctx context.Context, _ purchase) error {
			a, _ := parley.AttemptFrom(ctx)
			runs <- a.Number
			return errors.New("not yet")
		}, parley.Retry(parley.Delayed(time.Millisecond)))
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		w.start(app)
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o"}, parley.ReplyTo(w.at("receipts")), parley.Token("t")))
		require.Equal(w, []int{1, 2}, []int{next(w, runs), next(w, runs)})
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(next(w, got).Err))
		nothing(w, got)

		failed, err := app.ErrorQueue(w.at("place"))
		require.NoError(w, err)
		require.Eventually(w, func() bool {
			n, err := failed.Replay(w.ctx(), nil)
			return err == nil && n == 1
		}, patience, time.Millisecond)
		require.Equal(w, []int{1, 2}, []int{next(w, runs), next(w, runs)})
		again := next(w, got)
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(again.Err))
		require.Equal(w, "t", again.Token)
	})
}

// A message that comes back for ever has no final failure to tell.
func TestRequeuedFailureIsNotTold(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		n := 0
		app.Subscriber(w.at("place"), func(_ context.Context, o purchase) (*receipt, error) {
			if n++; n == 1 {
				return nil, errors.New("not yet")
			}
			return &receipt{o.ID}, nil
		}, parley.OnFailure(parley.Requeue), parley.Concurrency(1))
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		w.start(app)
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o"}, parley.ReplyTo(w.at("receipts")), parley.Token("t")))
		require.NoError(w, next(w, got).Err)
		nothing(w, got)
	})
}

// Replies of others come too, and what does not fit is kept.
func TestRepliesOfForeignServices(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		router := parley.NewRouter("shop")
		got := takeReplies(router, w.at("receipts"))
		app := w.app()
		app.Include(router)
		w.start(app)
		unfit := w.collect(w.at("receipts.error"))
		conn, _ := w.client()
		reply := func(id, body string) {
			w.publish(conn, w.at("receipts"), &parley.Message{Body: []byte(body), ContentType: "application/json", CorrelationID: id})
		}
		for _, id := range []string{"", "order-7", "parley-token.x", "parley-token.x.%%"} {
			reply(id, `{"order":"o7"}`)
			a := next(w, got)
			require.Equal(w, receipt{"o7"}, a.Value)
			require.Empty(w, a.Token)
			require.Equal(w, id, a.Message.CorrelationID)
		}
		for _, body := range []string{"{", `{"order":"nonsense"}`} {
			reply("parley-token.x.dA", body)
			m := next(w, unfit)
			require.Equal(w, string(parley.CodeInvalidArgument), m.Header(parley.HeaderFailureCode))
		}
		nothing(w, got)
	})
}

// A stream that is answered to a queue comes as its items and its end.
func TestRepliesOfAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("parts"), func(ctx context.Context, _ int, parts parley.Sender[receipt]) error {
			if err := parts.Send(ctx, receipt{"one"}); err != nil {
				return err
			}
			return parley.NewError(parley.CodeAborted, "that was all")
		})
		got := takeReplies(app, w.at("receipts"), parley.Concurrency(1))
		parts := app.Publisher(w.at("parts"))
		w.start(app)
		require.NoError(w, parts.Publish(w.ctx(), 1, parley.ReplyTo(w.at("receipts")), parley.Token("t")))
		require.Equal(w, receipt{"one"}, next(w, got).Value)
		last := next(w, got)
		require.Equal(w, parley.CodeAborted, parley.CodeOf(last.Err))
		require.Equal(w, "t", last.Token)
	})
}

func TestTokenThatDoesNotFit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		taken := make(chan purchase, 1)
		app.Subscriber(w.at("place"), func(o purchase) { taken <- o })
		orders := app.Publisher(w.at("place"))
		w.start(app)
		to := parley.ReplyTo(w.at("receipts"))
		_, request := orders.Request(w.ctx(), purchase{}, parley.Token("t"))
		var streamed error
		for _, err := range parley.Stream[int](w.ctx(), orders, purchase{}, parley.Token("t")) {
			streamed = err
		}
		for fragment, err := range map[string]error{
			"at most 160 bytes": orders.Publish(w.ctx(), purchase{}, to, parley.Token(strings.Repeat("x", parley.MaxToken+1))),
			"got both":          orders.Publish(w.ctx(), purchase{}, to, parley.Token("t"), parley.CorrelationID("c")),
			"got none":          orders.Publish(w.ctx(), purchase{}, parley.Token("t")),
			"Request":           request,
			"Stream":            streamed,
		} {
			require.ErrorContains(w, err, fragment)
			require.ErrorIs(w, err, parley.ErrNotSent)
		}
		nothing(w, taken)
	})
}

func TestRepliesRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	app := w.app()
	parley.Replies[receipt](app, "nil", nil)
	parley.Replies(app, "channels", func(context.Context, parley.Answer[chan int]) error { return nil })
	app.Publisher("place", parley.Token("t"))
	err := app.Err()
	require.ErrorContains(t, err, `subscriber "nil"`)
	require.ErrorContains(t, err, `subscriber "channels"`)
	require.ErrorContains(t, err, "wanted a token for one message")
	require.ErrorContains(t, err, "replies_test.go:")
}
