package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Format is the form of a [Record] in a file, described in docs/sslconform.md. Its number goes up when a
// reader of the old form would be misled; fields may be added without that.
const Format = "sslconform/1"

// A Record is a [Report] as it is kept in a file: all that was seen, and all that is needed to judge it
// without the clauses at hand.
type Record struct {
	Format   string           `json:"format"`
	Program  string           `json:"program"` // the version of sslconform
	Library  RecordedLibrary  `json:"library"`
	Platform string           `json:"platform"`
	Started  time.Time        `json:"started"`
	Seconds  float64          `json:"seconds"`
	Summary  RecordedSummary  `json:"summary"`
	Clauses  []RecordedClause `json:"clauses"`

	Source string `json:"-"` // where it was read from, for messages
}

// A RecordedLibrary is the libssl that was loaded.
type RecordedLibrary struct {
	Version string `json:"version"`
	Number  string `json:"number"` // OpenSSL_version_num() in hexadecimal
	Line    string `json:"line"`   // the release line: "3.4"
	Rules   string `json:"rules"`  // the release line whose expectations were used: "3.0"
	Headers string `json:"headers,omitempty"`
	Path    string `json:"path,omitempty"`
	Preload string `json:"preload,omitempty"`
}

// A RecordedSummary counts the verdicts.
type RecordedSummary struct {
	Clauses     int `json:"clauses"`
	Holds       int `json:"hold"`
	ManualWrong int `json:"manual_wrong"`
	Differs     int `json:"differ"`
	OnPurpose   int `json:"better,omitempty"`
	NotObserved int `json:"not_observed,omitempty"`
}

// A RecordedClause is a clause and what came of it.
type RecordedClause struct {
	ID       string            `json:"id"`
	Suite    string            `json:"suite,omitempty"` // as of old, without one: libssl
	Page     string            `json:"page"`
	Says     string            `json:"says"`
	Manual   Manual            `json:"manual"` // to the libssl that was loaded
	Truth    string            `json:"truth,omitempty"`
	Since    string            `json:"since,omitempty"`   // from which release line on the page is not right
	Changed  []string          `json:"changed,omitempty"` // the release lines from which something else is expected
	Erratum  *RecordedErratum  `json:"erratum,omitempty"`
	Modes    []Mode            `json:"modes"`
	Ways     []Way             `json:"ways"`
	Verdict  Verdict           `json:"verdict"`
	Seconds  float64           `json:"seconds"`
	Observed []RecordedFact    `json:"observations"`
	Failures []RecordedFailure `json:"failures,omitempty"`
}

// A RecordedErratum is what there is to tell the authors of a page that is not right.
type RecordedErratum struct {
	Kind  ErratumKind `json:"kind"`
	Whom  string      `json:"whom"`
	Note  string      `json:"note,omitempty"`
	Text  string      `json:"text,omitempty"`  // that the page could have
	Until string      `json:"until,omitempty"` // the release line whose page no longer says it
}

// A RecordedFact is one thing that was expected, seen, or both.
type RecordedFact struct {
	Way      Way     `json:"way"`
	Mode     Mode    `json:"mode"`
	Fact     string  `json:"fact"`
	Expected *string `json:"expected"` // null: nothing was
	Seen     *string `json:"seen"`     // null: nothing was
}

// OK reports whether the fact is as expected.
func (f RecordedFact) OK() bool { return f.Expected != nil && f.Seen != nil && *f.Expected == *f.Seen }

// A RecordedFailure is what ended a mode early.
type RecordedFailure struct {
	Way    Way    `json:"way"`
	Mode   Mode   `json:"mode"`
	Reason string `json:"reason"`
	Stack  string `json:"stack,omitempty"`
	Unable bool   `json:"unable,omitempty"` // this machine does not allow to observe it
}

// Record makes of a report what is kept in a file.
func (r *Report) Record(program string) *Record {
	rec := &Record{
		Format:   Format,
		Program:  program,
		Library:  r.Library.record(),
		Platform: r.Platform,
		Started:  r.Started.UTC().Truncate(time.Second),
		Seconds:  rounded(r.Took),
		Clauses:  []RecordedClause{},
	}
	for _, result := range r.Results {
		rec.Clauses = append(rec.Clauses, result.record())
	}
	rec.Summary = rec.count()
	return rec
}

func (l Library) record() RecordedLibrary {
	return RecordedLibrary{
		Version: l.Version, Number: fmt.Sprintf("%#x", l.Number), Line: l.Line().String(), Rules: l.Line().Rules().String(),
		Headers: l.Headers, Path: l.Path, Preload: l.Preload,
	}
}

func (r Result) record() RecordedClause {
	c := r.Clause
	rec := RecordedClause{
		ID: c.ID, Suite: c.suite(), Page: c.Page, Says: c.Says, Manual: c.manual(r.Version), Truth: c.Truth,
		Since: line(max(c.Since, c.From)), Changed: c.changed(), Erratum: c.erratum(r.Version),
		Modes: c.modes(), Ways: c.ways(), Verdict: r.Verdict, Seconds: rounded(r.Took), Observed: []RecordedFact{},
	}
	for _, f := range r.Facts {
		fact := RecordedFact{Way: f.Way, Mode: f.Mode, Fact: f.Name}
		if f.Wanted {
			fact.Expected = &f.Want
		}
		if f.Seen {
			fact.Seen = &f.Got
		}
		rec.Observed = append(rec.Observed, fact)
	}
	for _, f := range r.Failures {
		rec.Failures = append(rec.Failures, RecordedFailure(f))
	}
	return rec
}

// line names a release line, and no release line by nothing.
func line(v Version) string {
	if v == 0 {
		return ""
	}
	return v.String()
}

// rounded is a duration in seconds, to a tenth of a millisecond.
func rounded(d time.Duration) float64 { return math.Round(d.Seconds()*1e4) / 1e4 }

// changed are the release lines from which something else is expected than before.
func (c Clause) changed() []string {
	var lines []Version
	for _, r := range c.Want {
		if r.Since != 0 {
			lines = append(lines, r.Since)
		}
	}
	slices.Sort(lines)
	var names []string
	for _, v := range slices.Compact(lines) {
		names = append(names, v.String())
	}
	return names
}

// Write writes a record as JSON.
func (rec *Record) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(rec)
}

// ReadRecord reads what [Record.Write] wrote, and refuses whatever else it gets, with an error that says
// what is the matter with it.
func ReadRecord(r io.Reader) (*Record, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if err := checkForm(data); err != nil {
		return nil, err
	}
	var rec Record
	if err := json.Unmarshal(data, &rec); err != nil {
		return nil, fmt.Errorf("not a run in the form %s: %w", Format, err)
	}
	return &rec, rec.check()
}

// checkForm tells whether data is JSON and says that it is a run in the form that is known here.
func checkForm(data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return errors.New("empty")
	}
	var head struct {
		Format *string `json:"format"`
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(data, &head); {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)) && data[0] == '{':
		return errors.New("truncated: the JSON ends too early")
	case syntax != nil:
		return fmt.Errorf("not JSON: %w", err)
	case err != nil || head.Format == nil:
		return fmt.Errorf("JSON, but no run of sslconform: it has no \"format\": %q", Format)
	case *head.Format != Format:
		return fmt.Errorf("in the form %q, and this sslconform reads %q", *head.Format, Format)
	}
	return nil
}

// check tells whether a record is whole and agrees with itself.
func (rec *Record) check() error {
	if rec.Library.Version == "" {
		return errors.New("library.version is missing")
	}
	if _, err := strconv.ParseUint(rec.Library.Number, 0, 64); err != nil {
		return fmt.Errorf("library.number is %q, which is no number", rec.Library.Number)
	}
	if len(rec.Clauses) == 0 {
		return errors.New("there is no clause in it")
	}
	ids := map[string]bool{}
	for _, c := range rec.Clauses {
		if c.ID == "" || c.Page == "" || c.Says == "" {
			return fmt.Errorf("clause %q: id, page or says is missing", c.ID)
		}
		if ids[c.ID] {
			return fmt.Errorf("clause %s is there twice", c.ID)
		}
		ids[c.ID] = true
		if (c.Verdict == Differs) != c.differs() {
			return fmt.Errorf("clause %s: the verdict is %q, and what was observed says otherwise", c.ID, c.Verdict)
		}
	}
	if got := rec.count(); got != rec.Summary {
		return fmt.Errorf("the summary counts %+v, and the clauses are %+v", rec.Summary, got)
	}
	return nil
}

// differs tells whether something was not as expected.
func (c RecordedClause) differs() bool {
	return slices.ContainsFunc(c.Failures, func(f RecordedFailure) bool { return !f.Unable }) ||
		slices.ContainsFunc(c.Observed, func(f RecordedFact) bool { return !f.OK() })
}

func (rec *Record) count() RecordedSummary {
	s := RecordedSummary{Clauses: len(rec.Clauses)}
	for _, c := range rec.Clauses {
		switch c.Verdict {
		case Holds:
			s.Holds++
		case ManualWrong:
			s.ManualWrong++
		case Differs:
			s.Differs++
		case OnPurpose:
			s.OnPurpose++
		case NotObserved:
			s.NotObserved++
		}
	}
	return s
}

// number is OpenSSL_version_num(), by which records are put in order.
func (rec *Record) number() uint64 {
	n, _ := strconv.ParseUint(rec.Library.Number, 0, 64) // check has seen to it
	return n
}

// name is short for a libssl: "3.0.22", or "LibreSSL 4.0.0" if it is no OpenSSL.
func (rec *Record) name() string {
	words := strings.Fields(rec.Library.Version)
	if len(words) < 2 {
		return rec.Library.Version
	}
	if words[0] == "OpenSSL" {
		return words[1]
	}
	return words[0] + " " + words[1]
}

// The words for these values are the same in files and on the screen.

func (m Manual) String() string { return [...]string{"right", "wrong", "silent", "better"}[m] }

// MarshalText is the word for m.
func (m Manual) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the word for m.
func (m *Manual) UnmarshalText(text []byte) error {
	return parse(m, text, "manual", Right, Wrong, Silent, Better)
}

// MarshalText is the name of w.
func (w Way) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the name of w.
func (w *Way) UnmarshalText(text []byte) error {
	return parse(w, text, "way", EveryWay, PublicAPI, Raw)
}

// MarshalText is the name of m.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the name of m.
func (m *Mode) UnmarshalText(text []byte) error {
	return parse(m, text, "mode", NoHandshake, TLS12Stateful, TLS12Tickets, TLS13Stateful, TLS13Tickets)
}

// MarshalText is the word for v.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the word for v.
func (v *Verdict) UnmarshalText(text []byte) error {
	return parse(v, text, "verdict", Holds, ManualWrong, Differs, OnPurpose, NotObserved)
}

// parse finds the value whose name a text is.
func parse[T fmt.Stringer](to *T, text []byte, kind string, values ...T) error {
	i := slices.IndexFunc(values, func(v T) bool { return v.String() == string(text) })
	if i < 0 {
		return fmt.Errorf("there is no %s %q", kind, text)
	}
	*to = values[i]
	return nil
}
