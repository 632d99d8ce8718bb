package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

var sample = Clause{
	ID: "X1", Page: "sample(3)", Says: "Says so.", Truth: "Is so.", Modes: stateful, Ways: onlyAPI,
	Want: want(
		is("both", "1"),
		in(only12s, "differs", "a"),
		in(only13s, "differs", "b"),
		since(V3_5, in(only13s, "differs", "c")),
	),
}

func expectedObservations(c Clause, v Version) []Observation {
	var seen []Observation
	for _, w := range c.ways() {
		for _, m := range c.modes() {
			for name, value := range c.expected(w, m, v) {
				seen = append(seen, Observation{Way: w, Mode: m, Name: name, Value: value})
			}
		}
	}
	return seen
}

func TestExpected(t *testing.T) {
	expected := func(m Mode, v Version) map[string]string { return sample.expected(PublicAPI, m, v) }
	assert.Equal(t, map[string]string{"both": "1", "differs": "a"}, expected(TLS12Stateful, V3_0))
	assert.Equal(t, map[string]string{"both": "1", "differs": "b"}, expected(TLS13Stateful, V3_0))
	assert.Equal(t, map[string]string{"both": "1", "differs": "c"}, expected(TLS13Stateful, V3_5))
	assert.Equal(t, map[string]string{"both": "1", "differs": "a"}, expected(TLS12Stateful, V4_0))

	c := Clause{Want: want(is("f", "both"), by(onlyRaw, is("f", "raw"), is("g", "1")))}
	assert.Equal(t, map[string]string{"f": "both"}, c.expected(PublicAPI, NoHandshake, V3_0))
	assert.Equal(t, map[string]string{"f": "raw", "g": "1"}, c.expected(Raw, NoHandshake, V3_0))
}

func TestJudge(t *testing.T) {
	right := func() []Observation {
		return []Observation{
			{PublicAPI, TLS12Stateful, "both", "1"}, {PublicAPI, TLS12Stateful, "differs", "a"},
			{PublicAPI, TLS13Stateful, "both", "1"}, {PublicAPI, TLS13Stateful, "differs", "b"},
		}
	}
	for _, c := range []struct {
		name     string
		manual   Manual
		since    Version
		seen     []Observation
		failures []Failure
		want     Verdict
	}{
		{name: "as expected", seen: right(), want: Holds},
		{name: "as expected, manual silent", manual: Silent, seen: right(), want: Holds},
		{name: "as expected, manual wrong", manual: Wrong, seen: right(), want: ManualWrong},
		{name: "as expected, manual wrong later", manual: Wrong, since: V3_5, seen: right(), want: Holds},
		{name: "one thing else", seen: append(right()[:3], Observation{PublicAPI, TLS13Stateful, "differs", "a"}), want: Differs},
		{name: "one thing else, manual wrong", manual: Wrong, seen: append(right()[:3], Observation{PublicAPI, TLS13Stateful, "differs", "a"}), want: Differs},
		{name: "another version's value", seen: append(right()[:3], Observation{PublicAPI, TLS13Stateful, "differs", "c"}), want: Differs},
		{name: "one thing not seen", seen: right()[:3], want: Differs},
		{name: "one thing too many", seen: append(right(), Observation{PublicAPI, TLS12Stateful, "other", ""}), want: Differs},
		{name: "one thing twice", seen: append(right(), right()[0]), want: Differs},
		{name: "in another way", seen: append(right()[:3], Observation{Raw, TLS13Stateful, "differs", "b"}), want: Differs},
		{name: "in another mode", seen: append(right()[:3], Observation{PublicAPI, TLS13Tickets, "differs", "b"}), want: Differs},
		{name: "nothing seen", want: Differs},
		{name: "ended early", seen: right(), failures: []Failure{{Way: PublicAPI, Mode: TLS12Stateful, Reason: "panic"}}, want: Differs},
	} {
		t.Run(c.name, func(t *testing.T) {
			clause := sample
			clause.Manual, clause.Since = c.manual, c.since
			assert.Equal(t, c.want, Judge(clause, V3_0, c.seen, c.failures).Verdict)
		})
	}
}

// TestEachWayCounts: a libssl that shows two faces is caught, and what both show alike is shown once.
func TestEachWayCounts(t *testing.T) {
	c := Clause{ID: "X", Modes: only12s, Want: want(is("alike", "1"), is("unlike", "2"))}
	seen := []Observation{
		{PublicAPI, TLS12Stateful, "alike", "1"}, {PublicAPI, TLS12Stateful, "unlike", "2"},
		{Raw, TLS12Stateful, "alike", "1"}, {Raw, TLS12Stateful, "unlike", "2"},
	}
	assert.Equal(t, Holds, Judge(c, V3_0, seen, nil).Verdict)
	assert.Equal(t, Differs, Judge(c, V3_0, seen[:2], nil).Verdict)
	seen[3].Value = "3"
	r := Judge(c, V3_0, seen, nil)
	assert.Equal(t, Differs, r.Verdict)
	shown := r.shown()
	assert.Len(t, shown, 3)
	assert.Equal(t, []Way{EveryWay, PublicAPI, Raw}, []Way{shown[0].Way, shown[1].Way, shown[2].Way})
	assert.True(t, shown[1].OK())
	assert.False(t, shown[2].OK())
}

// TestEveryFactCounts changes what is expected of each clause one fact at a time.
func TestEveryFactCounts(t *testing.T) {
	for _, c := range All() {
		for _, v := range measured {
			right := expectedObservations(c, v)
			assert.NotEqual(t, Differs, Judge(c, v, right, nil).Verdict, c.ID)
			for i, kept := range right {
				right[i].Value += "?"
				assert.Equal(t, Differs, Judge(c, v, right, nil).Verdict, "%s on %v: %s", c.ID, v, kept.Name)
				right[i] = kept
			}
		}
	}
}

func TestVersion(t *testing.T) {
	assert.Equal(t, V1_1_1, VersionOf(0x1010117f))
	assert.Equal(t, V3_0, VersionOf(0x30000160))
	assert.Equal(t, V3_5, VersionOf(0x30500070))
	assert.Equal(t, V4_0, VersionOf(0x40000030))
	assert.Equal(t, "1.1.1", V1_1_1.String())
	assert.Equal(t, "3.5", V3_5.String())

	assert.Equal(t, V3_0, V3_0.Rules())
	assert.Equal(t, V3_0, Version(0x304).Rules(), "nearest below")
	assert.Equal(t, V3_6, Version(0x30a).Rules())
	assert.Equal(t, V4_0, Version(0x401).Rules(), "nothing newer is known")
	assert.Equal(t, V1_1_1, Version(0x100).Rules(), "nothing older is known")
}
