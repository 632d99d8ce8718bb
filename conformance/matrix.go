package conformance

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A Matrix is the runs beside several libssl, in the order of their versions.
type Matrix struct {
	Runs []*Record
}

// Merge lays runs side by side. Two of the same version are refused.
func Merge(runs ...*Record) (*Matrix, error) {
	first := map[string]*Record{}
	for _, run := range runs {
		if other := first[run.name()]; other != nil {
			return nil, fmt.Errorf("%s: a second run of %s; the first is %s", run.Source, run.Library.Version, other.Source)
		}
		first[run.name()] = run
	}
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b *Record) int {
		return cmp.Or(cmp.Compare(a.number(), b.number()), cmp.Compare(a.name(), b.name()))
	})
	return &Matrix{Runs: runs}, nil
}

// Differs tells whether a clause of some run differs from what is expected of that libssl.
func (m *Matrix) Differs() bool {
	return slices.ContainsFunc(m.Runs, func(r *Record) bool { return r.Summary.Differs > 0 })
}

// A row is one clause in each run.
type row struct {
	id    string
	cells []*RecordedClause // nil: it was not run there
}

// rows are the clauses of all runs, in the order of the newest run that has them.
func (m *Matrix) rows() []row {
	var rows []row
	at := map[string]int{}
	for i, run := range slices.Backward(m.Runs) {
		for j := range run.Clauses {
			c := &run.Clauses[j]
			if _, ok := at[c.ID]; !ok {
				at[c.ID] = len(rows)
				rows = append(rows, row{id: c.ID, cells: make([]*RecordedClause, len(m.Runs))})
			}
			rows[at[c.ID]].cells[i] = c
		}
	}
	return rows
}

// newest is the clause as the newest run has it.
func (r row) newest() *RecordedClause {
	for _, c := range slices.Backward(r.cells) {
		if c != nil {
			return c
		}
	}
	return nil
}

// changedAt tells whether run i observed something else than the nearest run before it that has the clause.
func (r row) changedAt(i int) bool {
	if r.cells[i] == nil {
		return false
	}
	for _, before := range slices.Backward(r.cells[:i]) {
		if before != nil {
			return !slices.Equal(before.sights(), r.cells[i].sights())
		}
	}
	return false
}

// interesting tells whether a row shows a change or something that differs.
func (r row) interesting() bool {
	for i, c := range r.cells {
		if r.changedAt(i) || c != nil && c.Verdict == Differs {
			return true
		}
	}
	return false
}

// cell is a run's verdict in a word, and a star if it observed something new.
func (r row) cell(i int) string {
	if r.cells[i] == nil {
		return "-"
	}
	word := r.cells[i].Verdict.String()
	if r.cells[i].Verdict == ManualWrong {
		word = "wrong"
	}
	if r.changedAt(i) {
		word += "*"
	}
	return word
}

// line is what is so, in one line, as Clause.Line has it.
func (c *RecordedClause) line() string {
	return Clause{Says: c.Says, Manual: c.Manual, Truth: c.Truth}.Line(V1_1_1)
}

// A sight is something that was seen.
type sight struct {
	way         Way
	name, value string
}

// sights are what was seen of a clause, in order.
func (c *RecordedClause) sights() []sight {
	var all []sight
	for _, f := range c.Observed {
		if f.Seen != nil {
			all = append(all, sight{f.Way, label(EveryWay, f.Mode, f.Fact), *f.Seen})
		}
	}
	for _, f := range c.Failures {
		all = append(all, sight{f.Way, label(EveryWay, f.Mode, "ended early"), f.Reason})
	}
	all = oncePerWay(all, c.Ways, func(s *sight) *Way { return &s.way })
	for i, s := range all {
		all[i].name = label(s.way, NoHandshake, s.name)
	}
	slices.SortStableFunc(all, func(a, b sight) int { return cmp.Compare(a.name, b.name) })
	return all
}

// A difference is a fact that not all runs saw alike, and who saw what.
type difference struct {
	name string
	seen []seenBy
}

type seenBy struct {
	value string
	seen  bool // false: these runs did not see the fact at all
	runs  []string
}

// differences are the facts of a row that not all runs saw alike.
func (m *Matrix) differences(r row) []difference {
	var names []string
	values := make([]map[string]string, len(r.cells))
	for i, c := range r.cells {
		if c == nil {
			continue
		}
		values[i] = map[string]string{}
		for _, s := range c.sights() {
			names = append(names, s.name)
			if before, ok := values[i][s.name]; ok {
				s.value = before + ", " + s.value
			}
			values[i][s.name] = s.value
		}
	}
	slices.Sort(names)
	var all []difference
	for _, name := range slices.Compact(names) {
		d := difference{name: name}
		for i, v := range values {
			if v == nil {
				continue
			}
			value, seen := v[name]
			d.add(value, seen, m.Runs[i].name())
		}
		if len(d.seen) > 1 {
			all = append(all, d)
		}
	}
	return all
}

func (d *difference) add(value string, seen bool, run string) {
	i := slices.IndexFunc(d.seen, func(s seenBy) bool { return s.value == value && s.seen == seen })
	if i < 0 {
		i = len(d.seen)
		d.seen = append(d.seen, seenBy{value: value, seen: seen})
	}
	d.seen[i].runs = append(d.seen[i].runs, run)
}

// text is what was seen, quoted so that nothing in it has a meaning of its own.
func (s seenBy) text(quote func(string) string) string {
	if !s.seen {
		return "nothing"
	}
	return quote(s.value)
}

// shown are the rows of a table: all, or only those with a change or something that differs.
func (m *Matrix) shown(changes bool) []row {
	rows := m.rows()
	if changes {
		rows = slices.DeleteFunc(rows, func(r row) bool { return !r.interesting() })
	}
	return rows
}

// table is the matrix as cells, headings first: the clause, each run, and what is so.
func (m *Matrix) table(rows []row) [][]string {
	head := []string{"clause"}
	for _, run := range m.Runs {
		head = append(head, run.name())
	}
	table := [][]string{append(head, "what is so (in the newest)")}
	for _, r := range rows {
		line := []string{r.id}
		for i := range r.cells {
			line = append(line, r.cell(i))
		}
		table = append(table, append(line, r.newest().line()))
	}
	table = append(table,
		m.counts("hold", func(s RecordedSummary) int { return s.Holds }),
		m.counts("wrong", func(s RecordedSummary) int { return s.ManualWrong }))
	if m.counted(OnPurpose) {
		table = append(table, m.counts("better", func(s RecordedSummary) int { return s.OnPurpose }))
	}
	if m.counted(NotObserved) {
		table = append(table, m.counts("not observed", func(s RecordedSummary) int { return s.NotObserved }))
	}
	return append(table, m.counts("DIFFER", func(s RecordedSummary) int { return s.Differs }))
}

// counted tells whether a clause of some run has a verdict.
func (m *Matrix) counted(v Verdict) bool {
	return slices.ContainsFunc(m.Runs, func(r *Record) bool {
		return slices.ContainsFunc(r.Clauses, func(c RecordedClause) bool { return c.Verdict == v })
	})
}

func (m *Matrix) counts(what string, count func(RecordedSummary) int) []string {
	line := []string{what}
	for _, run := range m.Runs {
		line = append(line, fmt.Sprint(count(run.Summary)))
	}
	return append(line, "")
}

// about is a run in one line.
func (rec *Record) about() string {
	text := fmt.Sprintf("%s, %s, %d clauses", rec.Library.Version, rec.Platform, rec.Summary.Clauses)
	if rec.Library.Preload != "" {
		text += ", preloaded " + rec.Library.Preload
	}
	if rec.Library.Rules != rec.Library.Line {
		text += fmt.Sprintf(" (%s has not been measured; what is expected is what was measured on %s)", rec.Library.Line, rec.Library.Rules)
	}
	return text
}

const legend = "wrong: the manual is. *: observed something else than the version before. -: not run."

// WriteText writes the table for a terminal, and below it what was not seen alike. With changes it leaves
// out the clauses of which all versions show the same.
func (m *Matrix) WriteText(w io.Writer, changes bool) error {
	var b strings.Builder
	for _, run := range m.Runs {
		fmt.Fprintf(&b, "%s: %s\n", run.name(), run.about())
	}
	b.WriteString("\n")
	rows := m.shown(changes)
	table := m.table(rows)
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, line := range table {
		var text strings.Builder
		for i, cell := range line {
			fmt.Fprintf(&text, "%-*s", widths[i]+2, cell)
		}
		fmt.Fprintln(&b, strings.TrimRight(text.String(), " "))
	}
	fmt.Fprintf(&b, "\n%s\n", legend)
	for _, r := range rows {
		for _, d := range m.differences(r) {
			fmt.Fprintf(&b, "\n%s %s\n", r.id, d.name)
			for _, s := range d.seen {
				fmt.Fprintf(&b, "%s%s: %s\n", indent, strings.Join(s.runs, ", "), s.text(strconv.Quote))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdown writes the same as Markdown.
func (m *Matrix) WriteMarkdown(w io.Writer, changes bool) error {
	var b strings.Builder
	for _, run := range m.Runs {
		fmt.Fprintf(&b, "- %s: %s\n", run.name(), cellText(run.about()))
	}
	b.WriteString("\n")
	rows := m.shown(changes)
	for i, line := range m.table(rows) {
		b.WriteString("|")
		for _, cell := range line {
			fmt.Fprintf(&b, " %s |", cellText(cell))
		}
		b.WriteString("\n")
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(line)))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", cellText(legend))
	heading := "\nWhat was not seen alike:\n\n"
	for _, r := range rows {
		for _, d := range m.differences(r) {
			fmt.Fprintf(&b, "%s- %s %s\n", heading, r.id, cellText(d.name))
			heading = ""
			for _, s := range d.seen {
				fmt.Fprintf(&b, "  - %s: %s\n", strings.Join(s.runs, ", "), s.text(code))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cellText is text that stays text in a Markdown table.
func cellText(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", `\<`, "\n", " ").Replace(s)
}

// code is text, quoted, in a Markdown code span.
func code(s string) string { return "`` " + strconv.Quote(s) + " ``" }
