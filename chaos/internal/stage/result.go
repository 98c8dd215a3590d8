package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parley-go/parley/chaos/internal/journal"
	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/resource"
)

// returnWithin is how soon what was taken must be given back.
const returnWithin = 20 * time.Second

// Result is how a run ended. It travels as JSON.
type Result struct {
	Control  string
	Sets     oracle.Sets
	Findings []string
	// Notes are further figures.
	Notes []string
	// Plan is what the seed chose.
	Plan      []string
	Faults    int
	Recovered time.Duration
	// Left is what the run's processes held before and after: the driver's
	// first, then those victims' that ended in order.
	Left []resource.Span
	// Invalid says why the run proves nothing; nil when it does.
	Invalid error `json:"-"`
	Took    time.Duration
}

// plain is a Result without its methods.
type plain Result

type wire struct {
	plain

	Reason string
}

// MarshalJSON writes r.
func (r Result) MarshalJSON() ([]byte, error) {
	w := wire{plain: plain(r)}
	if r.Invalid != nil {
		w.Reason = r.Invalid.Error()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Result) UnmarshalJSON(text []byte) error {
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*r = Result(w.plain)
	if w.Reason != "" {
		r.Invalid = errors.New(w.Reason)
	}
	return nil
}

// Judge reads the journals and returns the result of the run, which has ended.
func (r *Run) Judge(e oracle.Expect) (Result, error) {
	if err := r.ledger.Read(); err != nil {
		return Result{}, err
	}
	v := oracle.Judge(r.ledger, e)
	// All that is known of the messages would count as left over.
	r.ledger = journal.NewLedger(r.folder)
	left := r.left()
	r.mu.Lock()
	defer r.mu.Unlock()
	result := Result{
		Control: r.Control, Sets: v.Sets, Faults: r.faults, Notes: r.notes, Plan: r.plan, Recovered: r.recovered,
		Left: left, Took: time.Since(r.began),
	}
	result.Findings = append(append(result.Findings, r.findings...), v.Findings...)
	if r.Control == "" {
		for _, span := range left {
			result.Findings = append(result.Findings, span.Over()...)
		}
	}
	result.Invalid = r.invalid(len(result.Findings) > 0, v.Sets.Attempted)
	return result, nil
}

// invalid says why the run proves nothing. A control that was seen to fail did
// so under the load and the faults that it met: more could not save it.
func (r *Run) invalid(failed bool, attempted int) error {
	seen := r.Control != "" && failed
	switch {
	case attempted < r.load && !seen:
		return fmt.Errorf("wanted a load of %d, got %d", r.load, attempted)
	case r.faults < r.wanted && (!seen || r.faults == 0):
		return fmt.Errorf("wanted %d faults, got %d", r.wanted, r.faults)
	}
	return nil
}

// left measures the driver, and asks the victims. What a control leaves is its
// own business: some of them hang by design.
func (r *Run) left() []resource.Span {
	after := resource.Now()
	if r.Control == "" {
		after = resource.Settle(r.before, returnWithin)
	}
	all := []resource.Span{{Name: "driver", Before: r.before, After: after}}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.children {
		if span := c.Left(); span != nil {
			all = append(all, *span)
		}
	}
	return all
}
