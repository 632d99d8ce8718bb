package main

import (
	"flag"
	"strings"
	"testing"
	"unicode"
)

// Everything that is measured works: the numbers mean nothing.
func TestReport(t *testing.T) {
	before := flag.Lookup("test.benchtime").Value.String()
	flag.Set("test.benchtime", "1x")
	defer flag.Set("test.benchtime", before)
	dir := t.TempDir()
	if err := configure(dir); err != nil {
		t.Fatal(err)
	}
	text := report(dir, 1)
	for _, r := range rows(dir) {
		_, cells, found := strings.Cut(text, "\n| "+r.title+" | ")
		ours, rest, _ := strings.Cut(cells, " | ")
		theirs, _, _ := strings.Cut(rest, " |")
		if !found || !unicode.IsDigit(rune(ours[0])) || theirs == "fails" {
			t.Errorf("%s: %q, %q:\n%s", r.title, ours, theirs, text)
		}
	}
}
