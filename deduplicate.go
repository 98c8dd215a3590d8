package parley

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/parley-go/parley/transport"
)

// Store remembers for [Deduplicate] which messages were handled, and with what
// result. [NewMemoryStore] is one for a single process; one that instances
// share keeps its records in a database. Its methods are called concurrently,
// with contexts that end after 10 seconds at the latest. A panic of one is an
// error of it.
//
// A record is either a claim, made by Begin, or done, made by Done.
//   - The check and the claim of Begin are one atomic step, for all processes
//     that share the store.
//   - A claim ends by Done or Abort. For a process that dies in between, a
//     shared store ends it after a lease; until then every delivery of the
//     message is held back. A store that is a [Renewer] keeps it going while the
//     handler runs. The lease of another one must be longer than any run (see
//     [HandlerTimeout]): behind it the message can run a second time.
//   - A done record must be kept as long as duplicates may come, and may then
//     be forgotten. How many are kept is for the store to bound.
type Store interface {
	// Begin claims key, at most 1300 bytes long, unless it has a record already.
	// With an error the handler does not run: the message waits or is given back
	// to the broker, and asked about anew, for as long as it takes.
	Begin(ctx context.Context, key string) (Claim, error)
	// Done replaces the claim of that token with a done record. reply is nil
	// when the result has no value; otherwise it belongs to the store, which
	// keeps its Body, ContentType, ContentEncoding, Headers, ID, CorrelationID,
	// Type, AppID, Timestamp, Expiration, Priority and Persistence. It must not
	// touch the claim of another token, and returns an error when its own is
	// gone. An error is logged, and the result is sent all the same: the
	// message was handled, but a duplicate may run again once the claim ends.
	Done(ctx context.Context, key, token string, reply *Message) error
	// Abort removes the claim of that token, and nothing else. An error is
	// logged; the message then waits for the end of the claim.
	Abort(ctx context.Context, key, token string) error
}

// Claim is what [Store.Begin] says about a message.
type Claim struct {
	State ClaimState
	// Token names a new claim among all claims of its key. A store whose claims
	// have no lease may leave it empty.
	Token string
	// Lease is how long a new claim lasts unless it is renewed, 0 when it does not
	// end by itself. It is used with a [Renewer] only.
	Lease time.Duration
	// Reply is the result of a message that is done, nil when it had no value.
	// It belongs to the caller, its body and headers too.
	Reply *Message
}

// ClaimState is the state in which [Store.Begin] found a message.
type ClaimState uint8

// What Begin may find.
const (
	// ClaimNew means that nobody had claimed it; the caller has now.
	ClaimNew ClaimState = iota + 1
	// ClaimInProgress means that somebody has claimed it and is not done.
	ClaimInProgress
	// ClaimDone means that it was handled, with the result in [Claim.Reply].
	ClaimDone
)

// storePatience bounds one call of a [Store].
const storePatience = 10 * time.Second

// claimKey is under what the store knows the message: a queue and an id, each
// of at most 255 bytes, so that no two pairs look alike.
func (d *delivery) claimKey() string { return d.scope + " " + d.message.ID }

// claimScope tells the receiver's messages from those of other queues. A queue
// that the broker names belongs to this run alone.
func (r *receiver) claimScope() string {
	if queue := r.topology.Queue.Name; queue != "" {
		return strconv.Quote(queue)
	}
	return newMessageID()
}

// claim asks the store whether the handler may run, which ok says; else v is
// the end of the message, or 0 when the store is to be asked again in a moment.
func (d *delivery) claim(ctx context.Context) (v transport.Verdict, ok bool) {
	if d.settings.store == nil || d.message.ID == "" {
		return 0, true
	}
	c, err := d.beginClaim(ctx)
	switch {
	case err != nil:
		d.leave()
		d.log(slog.LevelError, "store of handled messages did not answer; the message waits", slog.Any("error", err))
		return d.askLater(ctx), false
	case c.State == ClaimInProgress:
		d.leave()
		d.log(slog.LevelDebug, "duplicate of a message in progress waits")
		return d.askLater(ctx), false
	case c.State == ClaimDone:
		d.leave()
		d.app.stats.duplicates.Add(1)
		d.log(slog.LevelDebug, "duplicate gets the stored result")
		return d.succeed(ctx, c.Reply), false
	}
	d.claimed, d.token = true, c.Token
	d.renewing = d.renew(ctx, c.Lease)
	return 0, true
}

// askLater gives a message back that may not run now. Where the queue counts
// that, it waits here: it would come to its delivery limit without ever having run.
func (d *delivery) askLater(ctx context.Context) transport.Verdict {
	if d.deliveryLimit > 0 {
		return 0
	}
	return d.notNow(ctx, pause)
}

func (d *delivery) beginClaim(ctx context.Context) (c Claim, err error) {
	err = askStore(ctx, func(ctx context.Context) error {
		c, err = d.settings.store.Begin(ctx, d.claimKey())
		return err
	})
	if err == nil && (c.State < ClaimNew || c.State > ClaimDone) {
		err = fmt.Errorf("wanted ClaimNew, ClaimInProgress or ClaimDone, got state %d", c.State)
	}
	return c, err
}

// conclude ends the claim of a run. It returns the result as it is to be sent:
// with the id under which it is stored, so that it is the same message again
// when it is sent again.
func (d *delivery) conclude(ctx context.Context, out *Message, err error) *Message {
	if !d.claimed {
		return out
	}
	d.claimed = false
	d.renewing.end()
	// A delivery that is gone comes again: its result must be known by then.
	ctx = context.WithoutCancel(ctx)
	store, key, token := d.settings.store, d.claimKey(), d.token
	if err != nil {
		d.report(askStore(ctx, func(ctx context.Context) error { return store.Abort(ctx, key, token) }))
		return out
	}
	sent, kept := d.twice(out)
	d.report(askStore(ctx, func(ctx context.Context) error { return store.Done(ctx, key, token, kept) }))
	return sent
}

// twice returns a result as it is sent and a copy that shares nothing with it.
func (d *delivery) twice(out *Message) (sent, kept *Message) {
	if out == nil {
		return nil, nil
	}
	sent = d.derived(out)
	if sent.ID == "" {
		sent.ID = newMessageID()
	}
	return sent, separate(sent)
}

// separate returns a copy of m with a body and headers of its own.
func separate(m *Message) *Message {
	c := m.Clone()
	c.Body = bytes.Clone(m.Body)
	return c
}

// askStore calls a store: bounded, and with its panic as an error.
func askStore(ctx context.Context, f func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f(ctx)
}

func (d *delivery) report(err error) {
	if err != nil {
		d.log(slog.LevelError, "store of handled messages did not take an outcome", slog.Any("error", err))
	}
}
