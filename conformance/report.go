package conformance

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Printer prints runs as text: one line for each clause, and more where there is more to say.
type Printer struct {
	W       io.Writer
	Verbose bool                         // say what the manual says and all that was observed
	Paint   func(Verdict, string) string // colours a verdict; nil: plain text
}

// Report prints a run from beginning to end.
func (p Printer) Report(r *Report) {
	p.Header(r.Library)
	for _, result := range r.Results {
		p.Result(result)
	}
	p.Summary(r)
}

// Header says which libssl is asked.
func (p Printer) Header(l Library) {
	fmt.Fprintf(p.W, "libssl: %s\n", l.Version)
	if l.Path != "" {
		fmt.Fprintf(p.W, "loaded: %s\n", l.Path)
	}
	if l.Preload != "" {
		fmt.Fprintf(p.W, "preloaded: %s\n", l.Preload)
	}
	if l.Headers != "" && l.Headers != l.Version {
		fmt.Fprintf(p.W, "note: built with the headers of %s\n", l.Headers)
	}
	if rules := l.Line().Rules(); rules != l.Line() {
		fmt.Fprintf(p.W, "note: %v has not been measured; what is expected is what was measured on %v\n", l.Line(), rules)
	}
	fmt.Fprintln(p.W)
}

// Result prints a clause and its verdict, and whatever was not as expected.
func (p Printer) Result(r Result) {
	fmt.Fprintf(p.W, "%-5s %s %s\n", r.Clause.ID, p.verdict(r.Verdict), r.Clause.Line(r.Version))
	if p.Verbose {
		p.background(r)
	}
	for _, f := range r.shown() {
		if f.Seen || p.Verbose || !r.endedEarly(f.Way, f.Mode) {
			p.fact(f)
		}
	}
	for _, f := range r.shownFailures() {
		p.detail(label(f.Way, f.Mode, f.what()), f.Reason)
		if p.Verbose {
			p.lines(f.Stack)
		}
	}
}

func (p Printer) verdict(v Verdict) string {
	text := fmt.Sprintf("%-12s", v)
	if p.Paint == nil {
		return text
	}
	return p.Paint(v, text)
}

func (p Printer) background(r Result) {
	p.detail("page", r.Clause.Page)
	p.detail(r.Clause.source(), r.Clause.Says)
	switch r.Clause.manual(r.Version) {
	case Right:
	case Better:
		p.detail("here, on purpose", r.Clause.Truth)
	default:
		p.detail("what is so", r.Clause.Truth)
		p.detail("matters to", r.Clause.Whom)
	}
	p.detail("run", fmt.Sprintf("%s, %v", words(r.Clause.ways()), r.Took.Round(100*time.Microsecond)))
}

// source is who says what the clause says.
func (c Clause) source() string {
	if c.suite() == Libssl {
		return "manual says"
	}
	return c.suite()
}

// what is the kind of a failure.
func (f Failure) what() string {
	if f.Unable {
		return NotObserved.String()
	}
	return "ended early"
}

func (p Printer) fact(f Fact) {
	name := label(f.Way, f.Mode, f.Name)
	switch {
	case f.OK():
		if p.Verbose {
			p.detail(name, f.Got)
		}
	case !f.Seen:
		p.detail(name, fmt.Sprintf("expected %q, saw nothing", f.Want))
	case !f.Wanted:
		p.detail(name, fmt.Sprintf("expected nothing, saw %q", f.Got))
	default:
		p.detail(name, fmt.Sprintf("expected %q, saw %q", f.Want, f.Got))
	}
}

const indent = "        "

func (p Printer) detail(name, text string) { fmt.Fprintf(p.W, "%s%s: %s\n", indent, name, text) }

func (p Printer) lines(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprint(p.W, indent, line)
	}
}

// label names a fact with the way and the mode that it was seen in.
func label(w Way, m Mode, name string) string {
	if m != NoHandshake {
		name = fmt.Sprintf("%v %s", m, name)
	}
	if w != EveryWay {
		name = fmt.Sprintf("%v %s", w, name)
	}
	return name
}

// words are the names of some values with commas between them.
func words[T fmt.Stringer](values []T) string {
	var names []string
	for _, v := range values {
		names = append(names, v.String())
	}
	return strings.Join(names, ",")
}

// Summary counts the verdicts.
func (p Printer) Summary(r *Report) {
	fmt.Fprintf(p.W, "\n%d clauses: %d hold, %d manual wrong,", len(r.Results), r.Count(Holds), r.Count(ManualWrong))
	for _, v := range []Verdict{OnPurpose, NotObserved} { // which are not in each suite
		if n := r.Count(v); n > 0 {
			fmt.Fprintf(p.W, " %d %v,", n, v)
		}
	}
	fmt.Fprintf(p.W, " %d DIFFERS; %s, %s, %.1f s\n", r.Count(Differs), r.Library.Version, r.Platform, r.Took.Seconds())
}

// List prints clauses without running them.
func (p Printer) List(clauses []Clause) {
	for _, c := range clauses {
		fmt.Fprintf(p.W, "%-5s %-7s %-16s %-36s %s\n", c.ID, words(c.ways()), words(c.modes()), c.Page, c.Says)
	}
}
