package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/victim"
	"github.com/parley-go/parley/internal/faultproxy"
	"github.com/parley-go/parley/transport/topology"
)

const killBroker = "broker killed"

// faultKinds are those of scenarios 1 to 13; 8 and 9 are one here.
var faultKinds = []string{
	killBroker, "broker stopped", "consumer killed", "consumer terminated", "connections closed", "black hole",
	"broker frozen", "broker away", "memory alarm", "disk alarm", "queue deleted", "channel error",
}

// soaking is traffic from one child to two others. The publisher and the first
// consumer live through everything, so that they show what piles up.
type soaking struct {
	*bench

	network           *faultproxy.Proxy
	url               string
	publisher, doomed *victim.Child
	mate              *parley.App
	toWork, toNowhere *parley.Publisher
	lives             int
	kinds             map[string]int
}

func (s *soaking) begin(ctx context.Context) (err error) {
	if s.network, s.url, err = s.Network(); err != nil {
		return err
	}
	if _, err = s.Spawn(ctx, s.consumer("steady")); err != nil {
		return err
	}
	if s.doomed, err = s.Spawn(ctx, s.consumer("doomed0")); err != nil {
		return err
	}
	// An app of the driver's own has the queue that is deleted and the channel
	// that breaks; its messages are few.
	s.mate = s.app(s.url)
	s.mate.Subscriber(s.Queue("side"), func(string) {})
	s.toWork = s.mate.Publisher(s.Queue("work"))
	s.toNowhere = s.mate.Publisher("key", parley.To(topology.Topic(s.Queue("exchange"))))
	if err := s.mate.Start(ctx); err != nil {
		return err
	}
	j := s.Job(victim.Publisher, "publisher", "work")
	j.URL, j.Flavor, j.Concurrency, j.Pace, j.Heartbeat = s.url, victim.Flavor(s.Control), soakWindow, 20*time.Millisecond, 4*time.Second
	switch {
	case s.Control != "":
	case s.Short:
		j.Pace *= 5
	default:
		// While a fault lasts nothing is sent: the rest of the time makes up for it.
		j.Pace /= 2
	}
	j.First, j.Count = s.IDs(1<<32), 1<<32
	s.publisher, err = s.Spawn(ctx, j)
	return err
}

func (s *soaking) consumer(name string) victim.Job {
	j := s.Job(victim.Consumer, name, "work")
	// A backlog, of which a dead broker forgets what it had not stored.
	j.URL, j.Concurrency, j.Prefetch, j.Work, j.Heartbeat = s.url, 32, soakPrefetch, 5*time.Millisecond, 4*time.Second
	return j
}

// inject makes one fault and ends it.
func (s *soaking) inject(ctx context.Context, f step) error {
	some := 2*time.Second + time.Duration(f.chance.Int64N(int64(6*time.Second)))
	switch f.kind {
	case killBroker:
		if err := s.Flush(ctx); err != nil {
			return err
		}
		return s.KillBroker(ctx)
	case "broker stopped":
		return s.RestartApp(ctx)
	case "consumer killed":
		s.doomed.Kill()
		return s.replace(ctx)
	case "consumer terminated":
		if err := s.doomed.Terminate(endOfConsumer); err != nil {
			s.Wrongf("a consumer did not stop: %v", err)
		}
		return s.replace(ctx)
	case "connections closed":
		return s.CloseConnections(ctx)
	case "black hole":
		s.network.Freeze([]faultproxy.Direction{faultproxy.Both, faultproxy.ToServer, faultproxy.ToClient}[f.chance.IntN(3)])
		s.Injected()
		s.Wait(ctx, some)
		s.network.Thaw()
		return nil
	case "broker frozen":
		return s.during(ctx, some, s.Node.Pause, s.Node.Continue)
	case "broker away":
		return s.during(ctx, some, s.Node.Kill, func() error { return s.StartBroker(ctx) })
	case "memory alarm":
		return s.alarm(ctx, some, "set_vm_memory_high_watermark", "0.000001", "0.4")
	case "disk alarm":
		return s.alarm(ctx, some, "set_disk_free_limit", "900GB", "50MB")
	case "queue deleted":
		return s.deleteQueue(ctx)
	case "channel error":
		return s.breakChannel(ctx)
	}
	return fmt.Errorf("no such fault")
}

// endOfConsumer is what a consumer may take to stop.
const endOfConsumer = 40 * time.Second

func (s *soaking) replace(ctx context.Context) (err error) {
	s.Injected()
	s.lives++
	s.doomed, err = s.Spawn(ctx, s.consumer(fmt.Sprintf("doomed%d", s.lives)))
	return err
}

func (s *soaking) during(ctx context.Context, d time.Duration, begin, end func() error) error {
	if err := begin(); err != nil {
		return err
	}
	s.Injected()
	s.Wait(ctx, d)
	return end()
}

func (s *soaking) alarm(ctx context.Context, d time.Duration, command, on, off string) error {
	return s.during(ctx, d, func() error { return s.Ctl(ctx, command, on) }, func() error { return s.Ctl(ctx, command, off) })
}

func (s *soaking) deleteQueue(ctx context.Context) error {
	if err := s.Ctl(ctx, "delete_queue", s.Queue("side")); err != nil {
		return err
	}
	s.Injected()
	s.Requiref(s.Until(ctx, s.Within(recoverWithin), func() bool { _, err := s.Depth(s.Queue("side")); return err == nil }),
		"wanted the deleted queue to be declared again")
	return nil
}

// breakChannel publishes to an exchange that is gone, among messages of the
// same channel.
func (s *soaking) breakChannel(ctx context.Context) error {
	const mates = 200
	s.Injected()
	spoilt := make(chan error, 1)
	go func() { spoilt <- spoil(ctx, s.Run, s.toNowhere, s.Queue("exchange")) }()
	crowd(mates, 20, s.IDs(mates), func(id uint64) {
		s.journal.Note(journal.Attempted, id)
		s.settle(id, s.toWork.Publish(ctx, text(id)), nil)
	})
	return <-spoilt
}
