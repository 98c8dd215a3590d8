package scenario

import (
	"context"
	"net/url"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// credentialsRevoked changes the password of an app that runs.
func credentialsRevoked() Scenario {
	const secret = "s3cr3t-and-rare"
	return Scenario{
		Number: 30, Name: "credentials revoked under a running app",
		Quiet: true, Short: 25 * time.Second, Full: 40 * time.Second,
		Must:     "the refusal is shown; no hot reconnect; the secret in no log; recovers when access is back",
		Controls: []string{"refused login treated as transient"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			r.Faults(1)
			b, err := newBench(r)
			if err != nil {
				return oracle.Expect{}, err
			}
			defer b.close()
			network, address, err := r.Network()
			if err != nil {
				return oracle.Expect{}, err
			}
			user := r.Queue("user")
			for _, args := range [][]string{
				{"add_user", user, secret},
				{"set_permissions", user, ".*", ".*", ".*"},
			} {
				if err := r.Ctl(ctx, args...); err != nil {
					return oracle.Expect{}, err
				}
			}
			u, err := url.Parse(address)
			if err != nil {
				return oracle.Expect{}, err
			}
			u.User = url.UserPassword(user, secret)
			app := b.app(u.String())
			app.Subscriber(r.Queue("work"), b.echo(0))
			target := app.Publisher(r.Queue("work"))
			if err := app.Start(ctx); err != nil {
				return oracle.Expect{}, err
			}
			if err := r.Ctl(ctx, "change_password", user, "another"); err != nil {
				return oracle.Expect{}, err
			}
			r.Injected()
			before := network.Counters().Accepted
			if r.Control != "" {
				// The broker answers a refused login late: many try at once.
				for range 20 {
					go hammer(ctx, u.String(), 5*time.Second)
				}
			}
			network.Reset()
			r.Wait(ctx, 6*time.Second)
			attempts := network.Counters().Accepted - before
			r.Note("%d attempts in 6 s", attempts)
			r.Requiref(attempts <= 30, "wanted at most 30 attempts to log in within 6 s, got %d", attempts)
			r.Requiref(logged(r, "ACCESS_REFUSED"), "wanted the log to tell of the refusal")
			r.Requiref(!logged(r, secret), "the secret is in a log")
			if r.Seen() {
				return oracle.Expect{}, nil
			}
			if err := r.Ctl(ctx, "change_password", user, secret); err != nil {
				return oracle.Expect{}, err
			}
			began := time.Now()
			id := r.IDs(1)
			b.journal.Note(journal.Attempted, id)
			_, err = target.Request(ctx, text(id))
			b.settle(id, err, nil)
			r.Requiref(err == nil, "wanted a call to be answered when access is back, got: %v", err)
			r.Took(time.Since(began))
			return oracle.Expect{}, nil
		},
	}
}

// hammer logs in again and again without a pause.
func hammer(ctx context.Context, address string, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for ctx.Err() == nil {
		if conn, err := amqp.Dial(address); err == nil {
			_ = conn.Close()
		}
	}
}
