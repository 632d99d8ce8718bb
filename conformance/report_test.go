package conformance

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func printed(print func(p Printer), p Printer) string {
	var b bytes.Buffer
	p.W = &b
	print(p)
	return b.String()
}

func TestPrinterResult(t *testing.T) {
	c := sample
	seen := expectedObservations(c, V3_0)
	result := func(p Printer, r Result) string { return printed(func(p Printer) { p.Result(r) }, p) }

	assert.Equal(t, "X1    holds        Says so.\n", result(Printer{}, Judge(c, V3_0, seen, nil)))
	c.Manual = Silent
	assert.Equal(t, "X1    holds        (unwritten) Is so.\n", result(Printer{}, Judge(c, V3_0, seen, nil)))
	c.Manual = Wrong
	assert.Equal(t, "X1    manual wrong Is so.\n", result(Printer{}, Judge(c, V3_0, seen, nil)))

	verbose := result(Printer{Verbose: true}, Judge(c, V3_0, seen, nil))
	for _, s := range []string{"page: sample(3)", "manual says: Says so.", "what is so: Is so.", "12s differs: a", "13s both: 1"} {
		assert.Contains(t, verbose, s)
	}

	marked := result(Printer{Paint: func(v Verdict, s string) string { return "<" + s + ">" }}, Judge(c, V3_0, seen, nil))
	assert.Contains(t, marked, "<manual wrong>")
}

func TestPrinterDiffers(t *testing.T) {
	seen := []Observation{
		{PublicAPI, TLS12Stateful, "both", "2"}, {PublicAPI, TLS12Stateful, "differs", "a"}, {PublicAPI, TLS12Stateful, "other", "x"},
		{PublicAPI, TLS13Stateful, "both", "1"},
	}
	text := printed(func(p Printer) { p.Result(Judge(sample, V3_0, seen, nil)) }, Printer{})
	assert.Equal(t, `X1    DIFFERS      Says so.
        12s both: expected "1", saw "2"
        12s other: expected nothing, saw "x"
        13s differs: expected "b", saw nothing
`, text)

	failures := []Failure{{Way: PublicAPI, Mode: TLS13Stateful, Reason: "not done after 10s", Stack: "somewhere\n"}}
	r := Judge(sample, V3_0, expectedObservations(sample, V3_0)[:2], failures)
	assert.Equal(t, "X1    DIFFERS      Says so.\n        13s ended early: not done after 10s\n",
		printed(func(p Printer) { p.Result(r) }, Printer{}), "what was not seen goes without saying")
	assert.Contains(t, printed(func(p Printer) { p.Result(r) }, Printer{Verbose: true}), "        somewhere\n")
}

func TestPrinterHeader(t *testing.T) {
	header := func(l Library) string { return printed(func(p Printer) { p.Header(l) }, Printer{}) }
	plain := header(Library{Version: "OpenSSL 3.0.22", Headers: "OpenSSL 3.0.22", Number: 0x30000160, Path: "/lib/libssl.so.3"})
	assert.Equal(t, "libssl: OpenSSL 3.0.22\nloaded: /lib/libssl.so.3\n\n", plain)
	odd := header(Library{Version: "OpenSSL 3.4.1", Headers: "OpenSSL 3.0.22", Number: 0x30400010, Preload: "x.so"})
	assert.Equal(t, `libssl: OpenSSL 3.4.1
preloaded: x.so
note: built with the headers of OpenSSL 3.0.22
note: 3.4 has not been measured; what is expected is what was measured on 3.0

`, odd)
}

func TestPrinterSummary(t *testing.T) {
	report := &Report{
		Library: Library{Version: "OpenSSL 3.0.22"}, Platform: "linux/amd64", Took: 1500 * time.Millisecond,
		Results: []Result{{Verdict: Holds}, {Verdict: Holds}, {Verdict: ManualWrong}, {Verdict: Differs}},
	}
	assert.Equal(t, "\n4 clauses: 2 hold, 1 manual wrong, 1 DIFFERS; OpenSSL 3.0.22, linux/amd64, 1.5 s\n",
		printed(func(p Printer) { p.Summary(report) }, Printer{}))
}

func TestPrinterList(t *testing.T) {
	text := printed(func(p Printer) { p.List(All()) }, Printer{})
	assert.Equal(t, len(All()), strings.Count(text, "\n"))
	assert.Regexp(t, `(?m)^A12 +api,raw +12s,12t,13s,13t +SSL_CTX_set_session_id_context\(3\) `, text)
}

func TestLoaded(t *testing.T) {
	l := Loaded()
	assert.NotEmpty(t, l.Version)
	assert.GreaterOrEqual(t, l.Line(), V1_1_1)
}
