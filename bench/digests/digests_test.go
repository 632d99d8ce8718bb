package main

import (
	"flag"
	"strings"
	"testing"
)

// Every column has a figure in every row of its own: the numbers mean nothing.
func TestReport(t *testing.T) {
	before := flag.Lookup("test.benchtime").Value.String()
	flag.Set("test.benchtime", "1x")
	defer flag.Set("test.benchtime", before)
	text := report(1)
	for _, want := range []string{"| MD4, 1 byte |", "| SHA-256, 1 MiB |", "| HMAC-SHA-256, 36 bytes, keyed once |"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "fails") {
		t.Errorf("something fails:\n%s", text)
	}
}
