package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A row is one name of the session API.
type row struct {
	name, since string
	goName, how string // "" and why: not offered
	test        *testFunc
}

type table struct {
	rows  []row
	wrong []string
}

// makeTable reads the module in dir.
func makeTable(dir string) (*table, error) {
	names, err := readNames(dir)
	if err != nil {
		return nil, err
	}
	c, err := readCode(dir)
	if err != nil {
		return nil, err
	}
	tests, err := readTests(dir)
	if err != nil {
		return nil, err
	}
	t := new(table)
	reached := c.reached(names)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		r := row{name: name, since: since(names[name]), goName: reached[name]}
		way, isInstead := instead[name]
		why, isReason := reasons[name]
		switch {
		case isReason && (isInstead || c.claimant(name) != ""):
			t.complain("%s has a reason, and yet %s is for it", name, cmp.Or(c.claimant(name), way.goName))
		case isInstead:
			r.goName, r.how = way.goName, way.why
			if f := c[r.goName]; f == nil || !f.exported {
				t.complain("there is no %s to stand for %s", r.goName, name)
			}
		case isReason:
			r.goName, r.how = "", why
		case r.goName == "":
			t.complain("%s has neither a Go name nor a reason", name)
		}
		if r.goName != "" {
			if r.test = best(tests, r.goName); r.test == nil {
				t.complain("no test uses %s, which reaches %s", r.goName, name)
			}
		}
		t.rows = append(t.rows, r)
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(instead)), slices.Sorted(maps.Keys(reasons))) {
		if names[name] == "" {
			t.complain("%s is no name of the session API", name)
		}
	}
	return t, nil
}

func (t *table) complain(format string, args ...any) {
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

// problems returns what a finished table has none of.
func (t *table) problems() []string { return t.wrong }

// reached returns the exported function for each name that the code calls: the one that says so in its comment, or else
// the one from which it is nearest; of several, a method of the C object that the name begins with.
func (c code) reached(names map[string]string) map[string]string {
	called := map[string]bool{}
	for _, f := range c {
		for call := range f.calls {
			called[call] = true
		}
	}
	type way struct {
		rank   [3]int // the least is the best
		goName string
	}
	ways := map[string]way{}
	for _, goName := range slices.Sorted(maps.Keys(c)) {
		f := c[goName]
		if !f.exported {
			continue
		}
		consider := func(name string, claim, distance int) {
			if names[name] == "" || !called["C."+name] {
				return
			}
			rank := [3]int{claim, 1, distance}
			if strings.HasPrefix(goName, receiver(name)+".") {
				rank[1] = 0
			}
			if w, ok := ways[name]; !ok || slices.Compare(rank[:], w.rank[:]) < 0 {
				ways[name] = way{rank, goName}
			}
		}
		for _, name := range f.claims {
			consider(name, 0, 0)
		}
		for call, distance := range c.distances(goName) {
			if name, isC := strings.CutPrefix(call, "C."); isC {
				consider(name, 1, distance)
			}
		}
	}
	goNames := map[string]string{}
	for name, w := range ways {
		goNames[name] = w.goName
	}
	return goNames
}

// claimant returns the exported function whose comment says that it is for a name; "" for none.
func (c code) claimant(name string) string {
	for _, goName := range slices.Sorted(maps.Keys(c)) {
		if c[goName].exported && slices.Contains(c[goName].claims, name) {
			return goName
		}
	}
	return ""
}

// receiver returns the Go type of the C object that a function's name begins with.
func receiver(name string) string {
	switch {
	case strings.HasPrefix(name, "SSL_CTX_"):
		return "Ctx"
	case strings.HasPrefix(name, "SSL_SESSION_"):
		return "Session"
	}
	return "SSL"
}

// since returns "3.4" for v340.
func since(constant string) string {
	if constant == "v111" {
		return ""
	}
	return constant[1:2] + "." + constant[2:3]
}

func (t *table) summary() string {
	reached, without := 0, 0
	for _, r := range t.rows {
		switch {
		case r.goName != "":
			reached++
		case r.how == "":
			without++
		}
	}
	return fmt.Sprintf("%d names, %d reached from Go, %d not offered for a reason, %d without a reason",
		len(t.rows), reached, len(t.rows)-reached-without, without)
}

func (t *table) markdown() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Coverage of libssl's session API

Every function and macro of libssl that has to do with sessions, tickets, pre-shared keys and early data, the Go name
that reaches it, and a test that uses that. Written by `+"`make coverage-table`"+`.

%s.

| C | OpenSSL | Go | Test |
|---|---|---|---|
`, t.summary())
	var not []row
	for _, r := range t.rows {
		if r.goName == "" {
			not = append(not, r)
			continue
		}
		goName := "`" + r.goName + "`"
		if r.how != "" {
			goName += ": " + r.how
		}
		test := "none"
		if r.test != nil {
			test = fmt.Sprintf("[%s](../%s)", r.test.name, r.test.file)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.name, r.since, goName, test)
	}
	b.WriteString("\n## Not offered\n\n| C | Why |\n|---|---|\n")
	for _, r := range not {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.name, cmp.Or(r.how, "missing"))
	}
	return b.Bytes()
}
