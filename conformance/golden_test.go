package conformance

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/ anew")

// golden compares text with a file in testdata.
func golden(t *testing.T, name string, write func(w io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	require.NoError(t, write(&got))
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String(), "if this is right: go test ./conformance -update")
}

// Clauses of all kinds, made up.
var samples = []Clause{
	sample,
	{
		ID: "X2", Page: "sample(3)", Says: "Says <something> else.", Manual: Wrong, Since: V3_0, Truth: "Is & was so.",
		Whom: "Whoever counts on it.", Note: "Another page has it right.", Text: "It is & was so.", Modes: only12t,
		Want: want(is("value", "old"), since(V3_0, is("value", "new | improved"))),
	},
	{
		ID: "X3", Page: "other(3)", Says: "Nothing on this.", Manual: Silent, Truth: "This is so.",
		Whom: "Few.", Ways: onlyAPI, Want: want(is("value", "x"), since(V3_5, is("value", "*"))),
	},
	{
		ID: "X4", Page: "other(3)", Says: "Said so once.", Manual: Wrong, Until: V3_5, Truth: "Never was so.",
		Whom: "Readers of old pages.", Modes: all, Want: want(is("value", "")),
	},
	{
		ID: "X5", Page: "other(3)", Says: "Says what came late.", Manual: Wrong, From: V3_0, Truth: "Is not so.",
		Whom: "Readers of new pages.", Modes: only13t, Ways: onlyRaw, Want: want(is("value", "1")),
	},
}

// reportOf is a run of the samples in which everything is as expected, but for what change does to it.
func reportOf(name string, number uint64, change func(c Clause, seen []Observation) ([]Observation, []Failure)) *Report {
	r := &Report{
		Library:  Library{Version: name, Number: number, Headers: name, Path: "/lib/libssl.so"},
		Platform: "linux/amd64",
		Started:  time.Date(2025, 1, 2, 3, 4, 5, 6, time.UTC),
		Took:     1500 * time.Millisecond,
	}
	v := r.Library.Line()
	for _, c := range samples {
		var seen []Observation
		for _, w := range c.ways() {
			for _, m := range c.modes() {
				for _, f := range compare(w, m, c.expected(w, m, v), nil) {
					seen = append(seen, Observation{Way: w, Mode: m, Name: f.Name, Value: f.Want})
				}
			}
		}
		var failures []Failure
		if change != nil {
			seen, failures = change(c, seen)
		}
		result := Judge(c, v, seen, failures)
		result.Took = 12340 * time.Microsecond
		r.Results = append(r.Results, result)
	}
	return r
}

func asExpected(name string, number uint64) *Report { return reportOf(name, number, nil) }

// withTrouble is a run in which X1 differs in every way, and X3 ended early.
func withTrouble() *Report {
	return reportOf("OpenSSL 3.4.1 1 Feb 2025", 0x30400010, func(c Clause, seen []Observation) ([]Observation, []Failure) {
		switch c.ID {
		case "X1":
			seen[0].Value = "2 <\x01>"
			seen[1].Name = "other"
		case "X3":
			return nil, []Failure{{Reason: "panic: ouch", Stack: "somewhere\n"}}
		}
		return seen, nil
	})
}
