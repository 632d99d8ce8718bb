package conformance

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Clauses of another suite, made up.
var (
	better = Clause{
		ID: "T-1", Suite: "libsample", Page: "sample_set(3)", Says: "Fails.", Manual: Better, Truth: "Works.", Ways: onlyAPI,
		Want: want(is("fact", "true")), Observe: good,
	}
	privileged = Clause{
		ID: "T-2", Suite: "libsample", Page: "sample_set(3)", Says: "Works for some.", Ways: onlyAPI,
		Want: want(is("fact", "true")), Observe: func(*Observer) { Unable("needs wings") },
	}
)

func ofSuite(t *testing.T, clauses ...Clause) *Report {
	t.Helper()
	witness, err := InProcess(DefaultLimit)
	require.NoError(t, err)
	r, err := Runner{Witness: witness}.Run(t.Context(), clauses)
	require.NoError(t, err)
	return r
}

// TestBetterOnPurpose: what a package of ours does better has a verdict of its own, is no erratum, and still has to be so.
func TestBetterOnPurpose(t *testing.T) {
	r := ofSuite(t, better)
	assert.Equal(t, OnPurpose, r.Results[0].Verdict)
	text := r.text()
	assert.Regexp(t, `(?m)^T-1 +better +Works\.$`, text)
	assert.Contains(t, text, "1 clauses: 0 hold, 0 manual wrong, 1 better, 0 DIFFERS")
	details := r.Results[0].details()
	assert.Contains(t, details, "libsample: Fails.")
	assert.Contains(t, details, "here, on purpose: Works.")

	worse := better
	worse.Observe = func(o *Observer) { o.Note("fact", "false") }
	assert.Equal(t, Differs, ofSuite(t, worse).Results[0].Verdict)

	m, err := Merge(r.Record(""))
	require.NoError(t, err)
	entries, out := m.errata()
	assert.Empty(t, entries)
	assert.Empty(t, out)
	var errata bytes.Buffer
	require.NoError(t, m.WriteErrata(&errata))
	assert.Contains(t, errata.String(), ", 0 clauses\n", "of libssl's manual")
	var table bytes.Buffer
	require.NoError(t, m.WriteText(&table, false))
	assert.Regexp(t, `(?m)^T-1 +better +Works\.$`, table.String())
	assert.Regexp(t, `(?m)^better +1$`, table.String())
}

// TestNotObserved: what this machine does not allow to see neither holds nor differs, and says so in each form.
func TestNotObserved(t *testing.T) {
	r := ofSuite(t, privileged, better)
	result := r.Results[0]
	assert.Equal(t, NotObserved, result.Verdict)
	assert.Empty(t, result.Facts, "nothing is missed")
	text := r.text()
	assert.Regexp(t, `(?m)^T-2 +not observed +Works for some\.\n +not observed: needs wings$`, text)
	assert.Contains(t, text, "2 clauses: 0 hold, 0 manual wrong, 1 better, 1 not observed, 0 DIFFERS")

	var junit bytes.Buffer
	require.NoError(t, r.WriteJUnit(&junit))
	var root element
	require.NoError(t, xml.Unmarshal(junit.Bytes(), &root))
	root.check(t)
	assert.Contains(t, junit.String(), `name="T-2 (api): Works for some. (not observed: needs wings)" classname="sslconform.libsample.sample_set"`)
	assert.Regexp(t, regexp.MustCompile(`failures="0" errors="0"`), junit.String())

	half := privileged
	half.Modes = tls12
	half.Observe = func(o *Observer) {
		if o.Mode == TLS12Tickets {
			Unable("needs wings")
		}
		o.Note("fact", "false")
	}
	assert.Equal(t, Differs, ofSuite(t, half).Results[0].Verdict, "what could be seen counts")
}

// TestSuiteRecorded: a run of such clauses is read as it was written.
func TestSuiteRecorded(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, ofSuite(t, privileged, better).Record("").Write(&file))
	rec, err := ReadRecord(&file)
	require.NoError(t, err)
	assert.Equal(t, RecordedSummary{Clauses: 2, OnPurpose: 1, NotObserved: 1}, rec.Summary)
	assert.Equal(t, "libsample", rec.Clauses[0].Suite)
	assert.Equal(t, []RecordedFailure{{Way: PublicAPI, Reason: "needs wings", Unable: true}}, rec.Clauses[0].Failures)
	assert.Equal(t, Better, rec.Clauses[1].Manual)
}

// TestWaitingSideBySide: clauses that wait, and each in its modes, are observed at the same time, and told of in their place.
func TestWaitingSideBySide(t *testing.T) {
	var all sync.WaitGroup
	all.Add(4)
	waiting := Clause{ID: "W", Modes: tls12, Ways: onlyAPI, Waits: true, Want: want(is("fact", "true")), Observe: func(o *Observer) {
		all.Done()
		all.Wait() // for ever, unless all four are here
		good(o)
	}}
	var order []string
	witness, err := InProcess(DefaultLimit)
	require.NoError(t, err)
	second := waiting
	second.ID = "V"
	_, err = Runner{Witness: witness, After: func(r Result) {
		order = append(order, r.Clause.ID)
		assert.NotEqual(t, Differs, r.Verdict)
	}}.Run(t.Context(), []Clause{waiting, better, second})
	require.NoError(t, err)
	assert.Equal(t, []string{"W", "T-1", "V"}, order)
}
