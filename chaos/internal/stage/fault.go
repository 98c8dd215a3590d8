package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley/internal/rabbitnode"
)

// restartBudget bounds a start of the broker, which takes seconds, and minutes
// on a machine under heavy load.
const restartBudget = 4 * time.Minute

// KillBroker ends the broker as a crash would and starts it again.
func (r *Run) KillBroker(ctx context.Context) error {
	if err := r.Node.Kill(); err != nil {
		return fmt.Errorf("stage: kill the broker: %w", err)
	}
	r.Injected()
	return r.StartBroker(ctx)
}

// StartBroker starts the broker again on the same data.
func (r *Run) StartBroker(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restartBudget)
	defer cancel()
	return r.Node.Restart(ctx)
}

// Flush makes the broker write down what was declared, so that a kill that comes
// soon finds it: see [rabbitnode.Node.Flush].
func (r *Run) Flush(ctx context.Context) error { return r.Node.Flush(ctx) }

// RestartApp stops the broker in order, inside its process, and starts it.
func (r *Run) RestartApp(ctx context.Context) error {
	if err := r.Ctl(ctx, "stop_app"); err != nil {
		return err
	}
	r.Injected()
	return r.Ctl(ctx, "start_app")
}

// CloseConnections ends every connection by the broker's hand.
func (r *Run) CloseConnections(ctx context.Context) error {
	if err := r.Ctl(ctx, "close_all_connections", "chaos"); err != nil {
		return err
	}
	r.Injected()
	return nil
}

// Ctl runs rabbitmqctl.
func (r *Run) Ctl(ctx context.Context, args ...string) error {
	_, err := r.Node.Ctl(ctx, args...)
	return err
}

// Cluster gives the scenario three nodes instead of one: Node is then the
// first of them, and jobs and Depth use whichever is there.
func (r *Run) Cluster(ctx context.Context) (*rabbitnode.Cluster, error) {
	if r.Clusters == nil {
		return nil, errors.New("stage: there is no cluster here")
	}
	c, err := r.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	r.Node, r.hosts = c.Nodes()[0], c.URLs()
	return c, nil
}
