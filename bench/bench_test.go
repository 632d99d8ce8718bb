package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestCompare has every stack carry out every workload, a few times only: the numbers mean nothing.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	stacks, err := build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	p := plan{rounds: 1, scale: 0, only: regexp.MustCompile(""), log: t.Output()}
	m, err := measure(t.Context(), p, dir, stacks)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range stacks {
		if s.mayFail && s.failures[""] != "" {
			t.Logf("%s %s", s.name, s.failures[""])
			continue
		}
		for what, why := range s.failures {
			t.Errorf("%s, %s: %s", s.name, what, why)
		}
		for _, w := range workloads {
			for _, version := range versions {
				if rounds := m.results[key(w, version)]; len(rounds[i]) != p.rounds {
					t.Errorf("%s: no result for %s", s.name, key(w, version))
				}
			}
		}
		if !s.isC && m.allocs[i] == nil {
			t.Errorf("%s: allocations were not counted", s.name)
		}
	}
	report := m.report()
	for _, want := range []string{"| full handshake, TLS 1.3 |", m.library, "v0.1.0", "## Allocations"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
}

func TestSpread(t *testing.T) {
	for want, values := range map[string][]float64{
		"**1.20**":             {1.2},
		"**1.25** (1.20–1.30)": {1.3, 1.2},
		"**4.00** (1.00–7.00)": {7, 1, 6, 2, 5, 3, 4},
	} {
		if got := spread(values); got != want {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
}
