package rabbitnode

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// size of a cluster: the least that outlives one of its nodes.
const size = 3

// Cluster is three nodes that know each other: quorum queues have a replica on
// each. A node that sees no other pauses (pause_minority); one that says
// nothing is missed after about ten seconds. Its methods may be called by one
// goroutine at a time; Nodes, URLs and Leader by any number.
type Cluster struct {
	dir   string
	nodes []*Node
	guard *guard
	epmd  *process
	// cookie is the secret that the nodes share.
	cookie string
}

// StartCluster starts three nodes and returns when all are members and
// complete AMQP handshakes, in about twenty seconds. When ctx ends first,
// nothing is left behind.
func StartCluster(ctx context.Context, o Options) (*Cluster, error) {
	install, err := locate()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-rabbit-")
	if err != nil {
		return nil, fmt.Errorf("rabbitnode: %w", err)
	}
	c := &Cluster{dir: dir, cookie: "C" + rand.Text()}
	for i := range size {
		name := fmt.Sprintf("c%d", i+1)
		c.nodes = append(c.nodes, &Node{install: install, name: name + "@localhost", dir: filepath.Join(dir, name), home: dir})
	}
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options) (err error) {
	if err := os.WriteFile(filepath.Join(c.dir, ".erlang.cookie"), []byte(c.cookie), 0o400); err != nil {
		return fmt.Errorf("rabbitnode: %w", err)
	}
	o.Config = append([]string{"cluster_partition_handling = pause_minority", "cluster_formation.peer_discovery_backend = classic_config"}, o.Config...)
	for i, n := range c.nodes {
		o.Config = append(o.Config, fmt.Sprintf("cluster_formation.classic_config.nodes.%d = %s", i+1, n.name))
	}
	for _, n := range c.nodes {
		if err := c.prepare(n, o); err != nil {
			return err
		}
	}
	if c.guard, err = newGuard(c.dir); err != nil {
		return err
	}
	first, others := c.nodes[0], c.nodes[1:]
	if c.epmd, err = first.mapPorts(c.dir); err != nil {
		return err
	}
	// The first is there when the others look for somebody to join.
	if err := first.launch(ctx); err != nil {
		return err
	}
	if err := together(others, func(n *Node) error { return n.launch(ctx) }); err != nil {
		return err
	}
	return c.Await(ctx, first)
}

// Await returns when via sees all nodes as running members.
func (c *Cluster) Await(ctx context.Context, via *Node) error {
	_, err := via.Ctl(ctx, "await_online_nodes", fmt.Sprint(size))
	return err
}

// Other returns the first node that is not n.
func (c *Cluster) Other(n *Node) *Node {
	if c.nodes[0] == n {
		return c.nodes[1]
	}
	return c.nodes[0]
}

// prepare writes what n needs; all share the first one's port mapper.
func (c *Cluster) prepare(n *Node, o Options) (err error) {
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		return fmt.Errorf("rabbitnode: %w", err)
	}
	if n.ports, err = freePorts(); err != nil {
		return err
	}
	n.ports.epmd = c.nodes[0].ports.epmd
	n.env = n.environment()
	return n.writeConfig(o)
}

// together calls f for all nodes at once and waits for all.
func together(nodes []*Node, f func(*Node) error) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = f(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Nodes are the members, whether or not they run now. Each can be killed,
// halted, paused and started again; only the cluster stops them for good.
func (c *Cluster) Nodes() []*Node { return c.nodes }

// URLs are the addresses of all nodes.
func (c *Cluster) URLs() (all []string) {
	for _, n := range c.nodes {
		all = append(all, n.URL())
	}
	return all
}

// Leader returns the node that leads the quorum queue of that name, or has the
// classic one, as asked of via, which must run.
func (c *Cluster) Leader(ctx context.Context, queue string, via *Node) (*Node, error) {
	out, err := via.Ctl(ctx, "list_queues", "--quiet", "--no-table-headers", "name", "leader", "pid")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		leader, pid, _ := strings.Cut(rest, "\t")
		if name != queue {
			continue
		}
		for _, n := range c.nodes {
			// A classic queue has a process and no leader.
			if n.name == leader || leader == "" && strings.Contains(pid, n.name) {
				return n, nil
			}
		}
	}
	return nil, fmt.Errorf("rabbitnode: wanted the node of the queue %q, got: %q", queue, strings.TrimSpace(out))
}

// Partition cuts n off from the other nodes; its clients stay connected until
// it pauses. It lasts until [Cluster.Heal].
func (c *Cluster) Partition(ctx context.Context, n *Node) error {
	// A node that has another cookie for its peers neither reaches them nor is
	// reached. The tools keep theirs.
	return c.eval(ctx, n, "erlang:set_cookie(N, 'partitioned'), erlang:disconnect_node(N)")
}

// Heal ends Partition.
func (c *Cluster) Heal(ctx context.Context, n *Node) error {
	return c.eval(ctx, n, fmt.Sprintf("erlang:set_cookie(N, '%s')", c.cookie))
}

// eval runs an expression on n for each of the others, N.
func (c *Cluster) eval(ctx context.Context, n *Node, expression string) error {
	var others []string
	for _, other := range c.nodes {
		if other != n {
			others = append(others, "'"+other.name+"'")
		}
	}
	_, err := n.Ctl(ctx, "eval", fmt.Sprintf("[begin %s end || N <- [%s]].", expression, strings.Join(others, ", ")))
	return err
}

// Stop ends all nodes and everything that belongs to them and removes their
// data.
func (c *Cluster) Stop() error {
	_ = together(c.nodes, func(n *Node) error { n.Halt(); return nil })
	c.epmd.stop()
	c.guard.release()
	return os.RemoveAll(c.dir)
}
