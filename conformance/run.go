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
// more. It is not told what to expect. It may be asked about several at a time, as happens to those that wait.
type Witness func(ctx context.Context, c Clause) ([]Observation, []Failure)

// A Runner runs clauses.
type Runner struct {
	Witness Witness
	// Before and After, if set, are told about each clause as it starts and ends.
	Before func(Clause)
	After  func(Result)
}

// Run runs clauses one after the other against the libssl that is loaded, those that wait for time to pass beside all
// others. A clause that fails, panics or hangs gets the verdict Differs and the run goes on. It ends early only with
// ctx, whose error it then returns.
func (r Runner) Run(ctx context.Context, clauses []Clause) (*Report, error) {
	start := time.Now()
	report := &Report{Library: Loaded(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Started: start}
	witness := func(c Clause) Result {
		began := time.Now()
		seen, failures := r.Witness(ctx, c)
		result := Judge(c, report.Library.Line(), seen, failures)
		result.Took = time.Since(began)
		return result
	}
	waiting := map[int]chan Result{}
	for i, c := range clauses {
		if c.Waits {
			done := make(chan Result, 1)
			waiting[i] = done
			go func() { done <- witness(c) }()
		}
	}
	for i, c := range clauses {
		if r.Before != nil {
			r.Before(c)
		}
		var result Result
		if done := waiting[i]; done != nil {
			result = <-done
		} else {
			result = witness(c)
		}
		if err := ctx.Err(); err != nil {
			return report, err
		}
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
		var todo []chan testimony
		for _, w := range c.ways() {
			for _, m := range c.modes() {
				done := make(chan testimony, 1)
				look := func() { done <- observe(ctx, c, &Observer{Way: w, Mode: m, id: id}) }
				if c.Waits {
					go look()
				} else {
					look()
				}
				todo = append(todo, done)
			}
		}
		for _, done := range todo {
			t := <-done
			seen = append(seen, t.notes...)
			if t.failure != nil {
				failures = append(failures, *t.failure)
			}
		}
		return seen, failures
	}, nil
}

// A testimony is what was seen in one way and mode.
type testimony struct {
	notes   []Observation
	failure *Failure
}

// observe runs a clause in one way and mode, on a goroutine of its own: if it hangs in libssl it is left there.
func observe(ctx context.Context, c Clause, o *Observer) testimony {
	ended := make(chan *Failure, 1)
	go func() {
		ended <- o.protect(func() {
			defer o.cleanUp()
			c.Observe(o)
		})
	}()
	select {
	case failure := <-ended:
		return testimony{o.stop(), failure}
	case <-ctx.Done():
		return testimony{o.stop(), &Failure{Way: o.Way, Mode: o.Mode, Reason: context.Cause(ctx).Error()}}
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
		switch v := v.(type) {
		case surprise:
			failure.Reason = fmt.Sprintf("unexpected error: %v", v.error)
		case unableTo:
			*failure = Failure{Way: o.Way, Mode: o.Mode, Reason: string(v), Unable: true}
		}
	}()
	f()
	return nil
}
