package scenario

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
)

// PlantedEnv makes the tests of this package run the conformance suite on a
// memory transport with a planted fault.
const PlantedEnv = "PARLEY_CHAOS_PLANTED"

// The packages whose tests run one suite on each transport.
const (
	modulePath = "github.com/parley-go/parley"
	onMemory   = modulePath + "/transport/memory"
	onRabbit   = modulePath + "/transport/rabbitmq"
	onPlanted  = modulePath + "/chaos/internal/scenario"
)

// sameResults runs the tests that every transport passes, on memory and on
// RabbitMQ, and compares them case by case.
func sameResults() Scenario {
	const planted = `"#" does not match zero words`
	// The control compares with what RabbitMQ did in the run before it.
	var onBroker results
	return Scenario{
		Number: 31, Name: "one suite on memory and on RabbitMQ",
		Must:     "the same results, case by case",
		Controls: []string{planted},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			c := &comparison{Run: r}
			suite := "^TestConformance$"
			if r.Short {
				suite += "/^inbox$"
			}
			if r.Control != "" && onBroker != nil {
				tests, err := c.test(ctx, suite, onPlanted)
				if err != nil {
					return oracle.Expect{}, err
				}
				c.compare(conformance(tests, onPlanted, memoryMode), onBroker)
				return oracle.Expect{}, c.onlyTopics()
			}
			tests, err := c.test(ctx, suite, onMemory, onRabbit)
			if err != nil {
				return oracle.Expect{}, err
			}
			onBroker = conformance(tests, onRabbit, rabbitMode)
			c.compare(conformance(tests, onMemory, memoryMode), onBroker)
			r.Note("%d cases of the conformance suite, the same results", c.same)
			if r.Short || r.Control != "" {
				return oracle.Expect{}, nil
			}
			return oracle.Expect{}, c.everywhere(ctx)
		},
	}
}

// results are how tests ended, by name: "pass", "fail" or "skip".
type results map[string]string

// comparison compares the results of two transports.
type comparison struct {
	*stage.Run

	same  int
	other []string
}

// memoryMode and rabbitMode name the reply modes in which the suite runs by
// the same words. A mode that only one of them has is left out.
func memoryMode(name string) string {
	return map[string]string{"inbox": "inbox", "direct": "direct"}[name]
}

func rabbitMode(name string) string {
	return map[string]string{"inbox": "inbox", "direct_replies": "direct"}[name]
}

// conformance returns the cases of the suite as mode/case.
func conformance(all map[string]results, pkg string, mode func(string) string) results {
	cases := results{}
	for name, end := range all[pkg] {
		rest, ok := strings.CutPrefix(name, "TestConformance/")
		m, c, inside := strings.Cut(rest, "/")
		if !ok || !inside || mode(m) == "" || groups(all[pkg], name) {
			continue
		}
		cases[mode(m)+"/"+c] = end
	}
	return cases
}

// groups reports whether a test only holds others.
func groups(all results, name string) bool {
	for other := range all {
		if strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

// everywhere compares the tests of the public API, which run a part called
// memory and one called rabbitmq.
func (c *comparison) everywhere(ctx context.Context) error {
	before := c.same
	tests, err := c.test(ctx, "", modulePath)
	if err != nil {
		return err
	}
	memory, rabbit := results{}, results{}
	for name, end := range tests[modulePath] {
		switch parts := strings.Split(name, "/"); {
		case slices.Contains(parts, "memory"):
			memory[without(parts, "memory")] = end
		case slices.Contains(parts, "rabbitmq"):
			rabbit[without(parts, "rabbitmq")] = end
		}
	}
	c.compare(memory, rabbit)
	c.Note("%d tests of the public API, the same results", c.same-before)
	return nil
}

func without(parts []string, part string) string {
	return path.Join(slices.DeleteFunc(parts, func(p string) bool { return p == part })...)
}

// replaced are the cases about an alarm of the broker's, which cannot run beside
// others on RabbitMQ, and what is in their place.
var replaced = map[string]string{
	"blocked":                       "scenarios 10 and 11",
	"gone_while_its_message_waited": "TestAnInboxThatGoesWhileItsRequestWaits of transport/rabbitmq",
}

// compare records every case that does not pass on both.
func (c *comparison) compare(memory, rabbit results) {
	c.Requiref(len(memory) > 0 && len(rabbit) > 0, "wanted cases on both, got %d and %d", len(memory), len(rabbit))
	names := map[string]bool{}
	for _, all := range []results{memory, rabbit} {
		for name := range all {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch {
		case memory[name] == "pass" && rabbit[name] == "pass":
			c.same++
		case replaced[path.Base(name)] != "" && rabbit[name] == "skip":
			c.Note("%s: not on RabbitMQ; see %s", name, replaced[path.Base(name)])
		default:
			c.other = append(c.other, name)
			c.Wrongf("%s: memory %s, RabbitMQ %s", name, or(memory[name], "has no such case"), or(rabbit[name], "has no such case"))
		}
	}
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// onlyTopics refuses a control that failed for another reason than its fault.
func (c *comparison) onlyTopics() error {
	for _, name := range c.other {
		if !strings.Contains(name, "/exchange/topic") {
			return fmt.Errorf("the planted fault is about topics, and %s differs", name)
		}
	}
	return nil
}

// test runs the tests of packages and returns how each ended. That tests fail
// is a result, that none ran is an error.
func (c *comparison) test(ctx context.Context, run string, packages ...string) (map[string]results, error) {
	args := []string{"test", "-json", "-count=1"}
	if run != "" {
		args = append(args, "-run", run)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Env = append(os.Environ(), "PARLEY_TEST_BROKER=require", PlantedEnv+"=1")
	// At the end of ctx, so that the tests can stop their nodes.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return nil, fmt.Errorf("go test: %w; hint: run it in the module, with a Go toolchain", err)
	}
	all := map[string]results{}
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var event struct{ Action, Package, Test string }
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Test == "" {
			continue
		}
		switch event.Action {
		case "pass", "fail", "skip":
			if all[event.Package] == nil {
				all[event.Package] = results{}
			}
			all[event.Package][event.Test] = event.Action
			n++
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("go test: wanted results, got none: %.300s", stderr.String())
	}
	return all, nil
}
