package conformance

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// An ErratumKind is how a page is not right.
type ErratumKind string

// A page says something else, or says nothing; or pages said something else once, and say nothing since.
const (
	SaysElse  ErratumKind = "wrong"
	SaysNone  ErratumKind = "silent"
	Withdrawn ErratumKind = "withdrawn"
)

var erratumKinds = []ErratumKind{SaysElse, SaysNone, Withdrawn}

// UnmarshalText reads a kind.
func (k *ErratumKind) UnmarshalText(text []byte) error {
	if !slices.Contains(erratumKinds, ErratumKind(text)) {
		return fmt.Errorf("there is no kind of erratum %q", text)
	}
	*k = ErratumKind(text)
	return nil
}

// erratum is what is to be told about the page of a libssl of version v; nil: nothing.
func (c Clause) erratum(v Version) *RecordedErratum {
	manual := c.manual(v)
	if manual == Right || manual == Better || v.Rules() < c.From {
		return nil
	}
	e := &RecordedErratum{Kind: SaysNone, Whom: c.Whom, Note: c.Note, Text: c.Text, Until: line(c.Until)}
	switch {
	case manual == Wrong:
		e.Kind = SaysElse
	case c.Manual == Wrong:
		e.Kind = Withdrawn
	}
	return e
}

// An entry is an erratum and the runs that it was observed in.
type entry struct {
	clause *RecordedClause // as the newest of these runs has it
	runs   []string
}

// errata are the entries that every run bears out, and those left out because some run differs.
func (m *Matrix) errata() (entries []entry, out []string) {
	for _, r := range m.rows() {
		var e entry
		var differs []string
		for i, c := range r.cells {
			if c == nil {
				continue
			}
			if c.Verdict == Differs {
				differs = append(differs, m.Runs[i].name())
			}
			if c.Erratum != nil {
				e.clause = c
				e.runs = append(e.runs, m.Runs[i].name())
			}
		}
		switch {
		case e.clause == nil:
		case len(differs) > 0:
			out = append(out, fmt.Sprintf("%s (%s): differs on %s", r.id, e.clause.Page, strings.Join(differs, ", ")))
		default:
			entries = append(entries, e)
		}
	}
	return entries, out
}

// About is what the runs observed about the manual pages whose name matches.
func (m *Matrix) About(page *regexp.Regexp) *Matrix {
	return m.only(func(c RecordedClause) bool { return page.MatchString(c.Page) })
}

// only is some of the clauses.
func (m *Matrix) only(these func(RecordedClause) bool) *Matrix {
	some := &Matrix{}
	for _, run := range m.Runs {
		part := *run
		part.Clauses = slices.DeleteFunc(slices.Clone(run.Clauses), func(c RecordedClause) bool { return !these(c) })
		part.Summary = part.count()
		some.Runs = append(some.Runs, &part)
	}
	return some
}

// WriteErrata writes, page by page, where the manual is not right. Nothing is entered but what the runs
// observed. Clauses of other suites do not speak of the manual, and do not count.
func (m *Matrix) WriteErrata(w io.Writer) error {
	m = m.only(func(c RecordedClause) bool { return cmp.Or(c.Suite, Libssl) == Libssl })
	entries, out := m.errata()
	var b strings.Builder
	b.WriteString(`# Errata of libssl's manual

<!-- Written by "sslconform errata". Change the clauses, not this file. -->

Where the manual pages on sessions say something that is not so, or leave out what a program has to know,
and what libssl does. Each entry is a clause of sslconform that was observed, by calls and handshakes, in the
runs listed here; none rests on reading. The commands make the observation on your own libssl and print it.

A page's entries can be sent to its authors as they stand: "sslconform errata -page NAME" writes only those.
The text suggested is for the newest edition of the page, in addition to what it says or in place of it.

Observed on:

`)
	for _, run := range m.Runs {
		fmt.Fprintf(&b, "- %s\n", run.about())
	}
	var pages []string
	for _, e := range entries {
		pages = append(pages, e.clause.Page)
	}
	slices.Sort(pages)
	pages = slices.Compact(pages)
	b.WriteString("\n| Page | wrong | silent | withdrawn |\n|---|---|---|---|\n")
	for _, page := range pages {
		fmt.Fprintf(&b, "| [%s](#%s) |", page, anchor(page))
		for _, kind := range erratumKinds {
			fmt.Fprintf(&b, " %d |", len(onPage(entries, page, kind)))
		}
		b.WriteString("\n")
	}
	b.WriteString(`
wrong: the page says something else. silent: it says nothing, or not all. withdrawn: pages of older releases
say something else, and newer ones say nothing instead.
`)
	for _, page := range pages {
		fmt.Fprintf(&b, "\n## %s\n", page)
		for _, kind := range erratumKinds {
			for _, e := range onPage(entries, page, kind) {
				m.writeEntry(&b, e)
			}
		}
	}
	b.WriteString("\n## Left out\n\n")
	if len(out) == 0 {
		b.WriteString("Nothing: no clause that would have an entry differs.\n")
	} else {
		b.WriteString("These clauses did not come out as expected; what they would report is not established.\n\n")
		for _, line := range out {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func onPage(entries []entry, page string, kind ErratumKind) []entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool {
		return e.clause.Page != page || e.clause.Erratum.Kind != kind
	})
}

func (m *Matrix) writeEntry(b *strings.Builder, e entry) {
	c := e.clause
	said := "The page"
	if c.Erratum.Kind == Withdrawn {
		said = "Pages before " + c.Erratum.Until
	}
	fmt.Fprintf(b, "\n### %s: %s\n\n", c.ID, c.Erratum.Kind)
	fmt.Fprintf(b, "- **%s:** %s\n", said, c.Says)
	fmt.Fprintf(b, "- **libssl:** %s\n", c.Truth)
	fmt.Fprintf(b, "- **Matters to:** %s\n", c.Erratum.Whom)
	fmt.Fprintf(b, "- **Since:** %s.\n", c.since())
	if c.Erratum.Note != "" {
		fmt.Fprintf(b, "- **Note:** %s\n", c.Erratum.Note)
	}
	if c.Erratum.Text != "" {
		fmt.Fprintf(b, "- **Suggested text:** %s\n", c.Erratum.Text)
	}
	fmt.Fprintf(b, "- **To see it:** `sslconform run -v -clause '^%s$'`\n", c.ID)
	fmt.Fprintf(b, "- **Observed:** on %s; %s.\n", e.seenOn(len(m.Runs)), inWords(c.Modes))
}

// since tells from which release line on the page is not right, and where what is seen changed.
func (c *RecordedClause) since() string {
	text := fmt.Sprintf("every release line measured, %v to %v", measured[0], measured[len(measured)-1])
	if c.Since != "" {
		text = c.Since
	}
	if changed := slices.DeleteFunc(slices.Clone(c.Changed), func(v string) bool { return v == c.Since }); len(changed) > 0 {
		text += "; details of what is seen changed with " + list(changed)
	}
	if c.Erratum.Kind == Withdrawn {
		text += "; from " + c.Erratum.Until + " on the page says nothing on it"
	}
	return text
}

func (e entry) seenOn(runs int) string {
	if runs > 1 && len(e.runs) == runs {
		return "all of the above"
	}
	return list(e.runs)
}

// inWords says in which handshakes a clause was observed.
func inWords(modes []Mode) string {
	var words []string
	for _, m := range modes {
		words = append(words, map[Mode]string{
			NoHandshake:   "without a handshake",
			TLS12Stateful: "TLS 1.2 with a cached session",
			TLS12Tickets:  "TLS 1.2 with tickets",
			TLS13Stateful: "TLS 1.3 with a cached session",
			TLS13Tickets:  "TLS 1.3 with tickets",
		}[m])
	}
	if len(modes) == len(all) {
		return "TLS 1.2 and 1.3, with cached sessions and with tickets"
	}
	return list(words)
}

// list is "a", "a and b", "a, b and c".
func list(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// anchor is where a heading is linked to.
func anchor(heading string) string {
	return strings.NewReplacer("(", "", ")", "").Replace(strings.ToLower(heading))
}
