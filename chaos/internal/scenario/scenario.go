// Package scenario holds the fault scenarios: each a file that says what is
// broken, what must hold, and which protection is left out to see it fail.
package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// Scenario is one fault and what must hold under it.
type Scenario struct {
	// Number is that of the list of scenarios.
	Number int
	Name   string
	// Must says what is required.
	Must string
	// Quiet runs mostly wait: they go beside one that works.
	Quiet bool
	// Cluster runs ask for three nodes.
	Cluster bool
	// Short and Full are about how long the two forms take with their controls.
	// They are for the order and the estimate only; 0 is a guess.
	Short, Full time.Duration
	// Controls are the protections that are left out, one in each negative
	// control. Each must be seen to fail.
	Controls []string
	// Act runs it and says what the oracle is to allow. An error says that the
	// run proves nothing.
	Act func(ctx context.Context, r *stage.Run) (oracle.Expect, error)
}

// All returns every scenario in the order in which they are run.
func All() []Scenario {
	return []Scenario{
		brokerKilled(),
		brokerStopped(),
		consumerKilled(),
		rollingRestart(),
		connectionsClosed(),
		blackHole(),
		brokerFrozen(),
		brokerAbsent(),
		brokerAway(),
		memoryAlarm(),
		diskAlarm(),
		queueDeleted(),
		channelError(),
		otherArguments(),
		unroutable(),
		noConsumer(),
		concurrentCalls(),
		callerCut(),
		clientRestarted(),
		serverKilled(),
		lateReplies(),
		streamBroken(),
		poisoned(),
		errorQueueGone(),
		retriesInterrupted(),
		deliveryLimit(),
		dependencyDown(),
		leaderLost(),
		soak(),
		credentialsRevoked(),
		sameResults(),
	}
}
