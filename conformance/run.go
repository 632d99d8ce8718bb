package conformance

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// A Report is a run: which libssl was asked, and what came of each clause.
type Report struct {
	Library  Library
	Platform string // "linux/amd64"
	Started  time.Time
	Results  []Result
	Took     time.Duration
}

// Count tells how many clauses got a verdict.
func (r *Report) Count(v Verdict) int {
	n := 0
	for _, result := range r.Results {
		if result.Verdict == v {
			n++
		}
	}
	return n
}

// A Witness observes a clause in all its ways and modes and tells what it saw, and what kept it from seeing
// more. It is not told what to expect.
type Witness func(ctx context.Context, c Clause) ([]Observation, []Failure)

// A Runner runs clauses.
type Runner struct {
	Witness Witness
	// Before and After, if set, are told about each clause as it starts and ends.
	Before func(Clause)
	After  func(Result)
}

// Run runs clauses one after the other against the libssl that is loaded. A clause that fails, panics
// or hangs gets the verdict Differs and the run goes on. It ends early only with ctx, whose error it
// then returns.
func (r Runner) Run(ctx context.Context, clauses []Clause) (*Report, error) {
	start := time.Now()
	report := &Report{Library: Loaded(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Started: start}
	for _, c := range clauses {
		if r.Before != nil {
			r.Before(c)
		}
		began := time.Now()
		seen, failures := r.Witness(ctx, c)
		if err := ctx.Err(); err != nil {
			return report, err
		}
		result := Judge(c, report.Library.Line(), seen, failures)
		result.Took = time.Since(began)
		report.Results = append(report.Results, result)
		if r.After != nil {
			r.After(result)
		}
	}
	report.Took = time.Since(start)
	return report, nil
}

// DefaultLimit is how long a clause may take in all its ways and modes: a lot longer than the longest needs, also on a
// machine that does much else.
const DefaultLimit = time.Minute

// InProcess makes a Witness that observes in this process. It survives clauses that panic and those
// that hang, which it leaves where they are, but not a libssl that crashes.
func InProcess(limit time.Duration) (Witness, error) {
	id, err := newIdentity()
	if err != nil {
		return nil, fmt.Errorf("conformance: making a certificate: %w", err)
	}
	return func(ctx context.Context, c Clause) (seen []Observation, failures []Failure) {
		ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done after %v", limit))
		defer cancel()
		for _, w := range c.ways() {
			for _, m := range c.modes() {
				notes, failure := observe(ctx, c, &Observer{Way: w, Mode: m, id: id})
				seen = append(seen, notes...)
				if failure != nil {
					failures = append(failures, *failure)
				}
			}
		}
		return seen, failures
	}, nil
}

// observe runs a clause in one way and mode, on a goroutine of its own: if it hangs in libssl it is left there.
func observe(ctx context.Context, c Clause, o *Observer) ([]Observation, *Failure) {
	ended := make(chan *Failure, 1)
	go func() {
		ended <- o.protect(func() {
			defer o.cleanUp()
			c.Observe(o)
		})
	}()
	select {
	case failure := <-ended:
		return o.stop(), failure
	case <-ctx.Done():
		return o.stop(), &Failure{Way: o.Way, Mode: o.Mode, Reason: context.Cause(ctx).Error()}
	}
}

// protect turns a panic into a Failure.
func (o *Observer) protect(f func()) (failure *Failure) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		failure = &Failure{Way: o.Way, Mode: o.Mode, Reason: fmt.Sprintf("panic: %v", v), Stack: string(debug.Stack())}
		if s, ok := v.(surprise); ok {
			failure.Reason = fmt.Sprintf("unexpected error: %v", s.error)
		}
	}()
	f()
	return nil
}
