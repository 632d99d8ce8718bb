package conformance

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func merged(t *testing.T, reports ...*Report) *Matrix {
	t.Helper()
	var runs []*Record
	for _, r := range reports {
		runs = append(runs, r.Record(""))
	}
	m, err := Merge(runs...)
	require.NoError(t, err)
	return m
}

// fewer is a run in which a clause was not run.
func fewer(r *Report) *Report {
	r.Results = r.Results[1:]
	return r
}

func five(t *testing.T) *Matrix {
	return merged(t,
		asExpected("OpenSSL 3.5.7 9 Jun 2026", 0x30500070),
		fewer(asExpected("OpenSSL 1.1.1w  11 Sep 2023", 0x1010117f)),
		withTrouble(),
		asExpected("LibreSSL 4.0.0", 0x20000000),
		asExpected("OpenSSL 3.0.22 1 Jan 2026", 0x30000160),
	)
}

func TestMatrixGolden(t *testing.T) {
	m := five(t)
	assert.True(t, m.Differs())
	golden(t, "matrix.txt", func(w io.Writer) error { return m.WriteText(w, false) })
	golden(t, "matrix.md", func(w io.Writer) error { return m.WriteMarkdown(w, false) })
}

func TestMatrixChanges(t *testing.T) {
	m := merged(t, asExpected("OpenSSL 3.0.1", 0x30000010), asExpected("OpenSSL 3.0.2", 0x30000020))
	assert.False(t, m.Differs())
	text := func(changes bool) string {
		var b bytes.Buffer
		require.NoError(t, m.WriteText(&b, changes))
		return b.String()
	}
	assert.Contains(t, text(false), "X1 ")
	assert.NotContains(t, text(true), "X1 ", "nothing changed")
	assert.Contains(t, text(true), "hold    2      2\n", "but all is counted")

	m = merged(t, asExpected("OpenSSL 3.0.1", 0x30000010), asExpected("OpenSSL 3.5.0", 0x30500000))
	assert.Regexp(t, `(?m)^X1 +holds +holds\* +Says so\.$`, text(true))
	assert.Contains(t, text(true), "X1 13s differs\n        3.0.1: \"b\"\n        3.5.0: \"c\"\n")
	assert.NotContains(t, text(true), "X2 ")
}

// TestMatrixSkipsWhatWasNotRun: a change shows across a run that has no such clause.
func TestMatrixSkipsWhatWasNotRun(t *testing.T) {
	m := merged(t, asExpected("OpenSSL 3.0.1", 0x30000010), fewer(asExpected("OpenSSL 3.4.0", 0x30400000)), asExpected("OpenSSL 3.5.0", 0x30500000))
	row := m.rows()[0]
	require.Equal(t, "X1", row.id)
	assert.Equal(t, []string{"holds", "-", "holds*"}, []string{row.cell(0), row.cell(1), row.cell(2)})
}

func TestMergeRefusesASecondRunOfAVersion(t *testing.T) {
	a, b := asExpected("OpenSSL 3.0.1 date", 0x30000010).Record(""), asExpected("OpenSSL 3.0.1 another date", 0x30000010).Record("")
	a.Source, b.Source = "a.json", "b.json"
	_, err := Merge(a, b)
	assert.EqualError(t, err, "b.json: a second run of OpenSSL 3.0.1 another date; the first is a.json")
}

func TestMatrixTellsThatItCannotWrite(t *testing.T) {
	m := five(t)
	assert.Error(t, m.WriteText(broken{}, false))
	assert.Error(t, m.WriteMarkdown(broken{}, false))
	assert.Error(t, m.WriteErrata(broken{}))
}
