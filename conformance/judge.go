package conformance

import (
	"maps"
	"slices"
	"time"
)

// A Verdict is what came of a clause.
type Verdict int

// Differs outweighs everything: something was seen that is not expected of this libssl, or was not
// seen that is. What could not be observed on this machine is NotObserved. Otherwise libssl did what is expected, and
// either the manual page says so too, or does not; or a package of ours was seen to be [Better] as is meant.
const (
	Holds Verdict = iota
	ManualWrong
	Differs
	OnPurpose
	NotObserved
)

func (v Verdict) String() string {
	return [...]string{"holds", "manual wrong", "DIFFERS", "better", "not observed"}[v]
}

// An Observation is one thing that libssl was seen to do.
type Observation struct {
	Way         Way
	Mode        Mode
	Name, Value string
}

// A Fact is an observation beside what was expected.
type Fact struct {
	Way          Way
	Mode         Mode
	Name         string
	Want, Got    string
	Wanted, Seen bool // false: there is no Want, no Got
}

// OK reports whether the fact is as expected.
func (f Fact) OK() bool { return f.Wanted && f.Seen && f.Want == f.Got }

// A Failure ended the observation of a mode early (NoHandshake: of all), in one way or in every: a panic, an error
// nobody expected, the time limit. Or, if nobody is to blame, that this machine does not allow to observe it.
type Failure struct {
	Way    Way
	Mode   Mode
	Reason string
	Stack  string // where, if known
	Unable bool   // not for this machine: what was expected is not missed
}

// fails tells whether it is a reason for Differs.
func (f Failure) fails() bool { return !f.Unable }

// A Result is a clause, all that was seen of it and the verdict.
type Result struct {
	Clause   Clause
	Version  Version
	Verdict  Verdict
	Facts    []Fact
	Failures []Failure
	Took     time.Duration
}

// Judge compares what was seen with what a clause expects of a libssl of version v.
func Judge(c Clause, v Version, seen []Observation, failures []Failure) Result {
	r := Result{Clause: c, Version: v, Failures: failures}
	for _, w := range c.ways() {
		for _, m := range c.modes() {
			if !unable(failures, w, m) {
				r.Facts = append(r.Facts, compare(w, m, c.expected(w, m, v), seen)...)
			}
		}
	}
	switch {
	case slices.ContainsFunc(failures, Failure.fails) || slices.ContainsFunc(r.Facts, func(f Fact) bool { return !f.OK() }):
		r.Verdict = Differs
	case len(failures) > 0:
		r.Verdict = NotObserved
	case c.manual(v) == Wrong:
		r.Verdict = ManualWrong
	case c.manual(v) == Better:
		r.Verdict = OnPurpose
	}
	return r
}

// unable tells whether a way and mode can't be observed on this machine.
func unable(failures []Failure, w Way, m Mode) bool {
	return slices.ContainsFunc(failures, func(f Failure) bool { return f.Unable && f.Way == w && f.Mode == m })
}

// compare lines up the observations of one way and mode, in the order they were made, with what was expected, and
// puts at the end what was expected but never seen.
func compare(w Way, m Mode, expected map[string]string, seen []Observation) []Fact {
	var facts []Fact
	missing := expected
	for _, s := range seen {
		if s.Way != w || s.Mode != m {
			continue
		}
		want, wanted := missing[s.Name]
		facts = append(facts, Fact{Way: w, Mode: m, Name: s.Name, Want: want, Wanted: wanted, Got: s.Value, Seen: true})
		delete(missing, s.Name) // so that a fact noted twice is not expected the second time
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		facts = append(facts, Fact{Way: w, Mode: m, Name: name, Want: missing[name], Wanted: true})
	}
	return facts
}

// shown are the facts as they are to be shown: once, and as EveryWay's, those that are the same in each way.
func (r Result) shown() []Fact {
	return oncePerWay(r.Facts, r.Clause.ways(), func(f *Fact) *Way { return &f.Way })
}

// shownFailures are the failures in the same manner.
func (r Result) shownFailures() []Failure {
	return oncePerWay(r.Failures, r.Clause.ways(), func(f *Failure) *Way { return &f.Way })
}

// oncePerWay merges what is the same in each of the ways. What was done in one way only needs not be told apart either.
func oncePerWay[T comparable](all []T, ways []Way, way func(*T) *Way) []T {
	as := func(t T, w Way) T {
		*way(&t) = w
		return t
	}
	var merged []T
	for _, t := range all {
		other := func(w Way) bool { return !slices.Contains(all, as(t, w)) }
		switch {
		case slices.ContainsFunc(ways, other):
			merged = append(merged, t)
		case len(ways) == 0 || *way(&t) == ways[0]:
			merged = append(merged, as(t, EveryWay))
		}
	}
	return merged
}

// endedEarly tells whether something kept a way and mode from being observed to the end.
func (r Result) endedEarly(w Way, m Mode) bool {
	return slices.ContainsFunc(r.Failures, func(f Failure) bool {
		return (f.Way == w || f.Way == EveryWay || w == EveryWay) && (f.Mode == m || f.Mode == NoHandshake)
	})
}
