package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// running runs made-up clauses in one way and returns their results.
func running(t *testing.T, w Way, limit time.Duration, observe ...func(*Observer)) []Result {
	t.Helper()
	witness, err := InProcess(limit)
	require.NoError(t, err)
	var clauses []Clause
	for _, f := range observe {
		clauses = append(clauses, Clause{ID: "X", Modes: only13s, Ways: []Way{w}, Want: want(is("fact", "true")), Observe: f})
	}
	report, err := Runner{Witness: witness}.Run(t.Context(), clauses)
	require.NoError(t, err)
	require.Len(t, report.Results, len(observe))
	return report.Results
}

func good(o *Observer) { o.Note("fact", "%t", true) }

func TestRunGoesOnAfterFailures(t *testing.T) {
	results := running(t, Raw, DefaultLimit,
		good,
		func(*Observer) { panic("ouch") },
		func(o *Observer) { good(o); must(errors.New("no luck")) },
		func(o *Observer) { o.server(func(ctx) { panic("in a setting") }) },
		good,
	)
	verdicts := []Verdict{Holds, Differs, Differs, Differs, Holds}
	reasons := []string{"", "panic: ouch", "unexpected error: no luck", "panic: in a setting", ""}
	for i, r := range results {
		assert.Equal(t, verdicts[i], r.Verdict, i)
		if reasons[i] != "" {
			require.Len(t, r.Failures, 1)
			assert.Equal(t, reasons[i], r.Failures[0].Reason)
			assert.Equal(t, Raw, r.Failures[0].Way)
			assert.Equal(t, TLS13Stateful, r.Failures[0].Mode)
			assert.Contains(t, r.Failures[0].Stack, "run_test.go")
		}
	}
	assert.True(t, results[2].Facts[0].OK(), "what was seen before the failure counts")
}

// TestPanicInACallback: a callback's panic comes out of the handshake, on a goroutine of the harness.
func TestPanicInACallback(t *testing.T) {
	for _, w := range eachWay {
		results := running(t, w, DefaultLimit, func(o *Observer) {
			srv := o.server(generating(func(ssl, []byte) (int, error) { panic("in a callback") }))
			o.connect(srv, o.client())
		}, good)
		require.Len(t, results[0].Failures, 1)
		assert.Contains(t, results[0].Failures[0].Reason, "in a callback")
		assert.Equal(t, Holds, results[1].Verdict)
	}
}

func TestRunGoesOnAfterAHang(t *testing.T) {
	for _, w := range eachWay {
		late := make(chan *Observer, 2)
		results := running(t, w, 50*time.Millisecond,
			func(o *Observer) {
				good(o)
				l := o.prepare(o.server(), o.client())
				l.server.conn.Handshake() // nobody answers, until the limit cuts the line
				o.Note("too late", "")
				late <- o
			},
			func(*Observer) { select {} },
			good,
		)
		assert.Equal(t, Differs, results[0].Verdict)
		assert.Equal(t, "not done after 50ms", results[0].Failures[0].Reason)
		assert.Len(t, results[0].Facts, 1, "what came later does not count")
		assert.Equal(t, Differs, results[1].Verdict)
		assert.Equal(t, Holds, results[2].Verdict)
		<-late
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	witness, err := InProcess(DefaultLimit)
	require.NoError(t, err)
	clause := Clause{ID: "X", Want: want(is("fact", "true")), Observe: good}
	report, err := Runner{Witness: witness, After: func(Result) { cancel() }}.Run(ctx, []Clause{clause, clause, clause})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Len(t, report.Results, 1)
}

func TestResult(t *testing.T) {
	assert.Equal(t, "ok", result(nil))
	assert.Equal(t, "no luck", result(errors.New("no luck")))
	failed := &libssl.Error{Ret: -1, Stack: libssl.ErrorStack{{Lib: 128, Reason: 42}, {Lib: 20, Reason: 273}}}
	assert.Equal(t, "ret=-1 E{128:42}E{20:273}", result(failed))
	assert.Equal(t, "no error queued", queue(&libssl.Error{}))
}
