package conformance

import (
	"cmp"
	"slices"
	"strings"
)

// A Clause is one statement about sessions and a way to see whether it is so.
type Clause struct {
	ID    string // "A1": stable, and what -clause selects by
	Suite string // whose statement it is: "" is [Libssl]
	Page  string // the manual page: "SSL_CTX_set_session_id_context(3)"
	Says  string // what that page says, in our words; in other suites: what the C library does

	// Manual tells whether the page is right; where it is not, Truth says what is so instead, and
	// Since from which libssl on (the zero Version: in all of them). Where a package of ours is better than
	// the C library on purpose, Truth says what it does.
	Manual Manual
	Truth  string
	Since  Version

	// Where the page is not right: Whom that matters to, a Note on what else is written about it, and the Text
	// that today's page could have. From and Until are the editions that speak of it, those of the release
	// lines from the one up to, but not including, the other (the zero Version: no bound).
	Whom, Note  string
	Text        string
	From, Until Version

	Modes []Mode // the handshakes it is observed in; none: it needs no handshake
	Ways  []Way  // how libssl is reached; none: in each way
	Want  []Rule // what is expected; of several rules for one fact the last that applies counts
	Waits bool   // it waits for time to pass: such clauses, and each in all its modes, are observed side by side

	// Observe does it and notes what it saw. It is called once for each way and mode.
	Observe func(o *Observer)
}

// Manual is how a page stands to what libssl does.
type Manual int

// A page is right, or wrong, or does not speak of it, or not of all of it; or a package of ours is better than the C
// library whose page it is, on purpose.
const (
	Right Manual = iota
	Wrong
	Silent
	Better
)

// Libssl is the suite of this package's clauses, those on libssl's session functions.
const Libssl = "libssl"

// suite is the name of the clause's suite.
func (c Clause) suite() string { return cmp.Or(c.Suite, Libssl) }

// A Mode is a protocol version and where the server keeps its sessions.
type Mode int

// Stateful means that the server set SSL_OP_NO_TICKET: sessions live in its cache and the client holds
// a reference (in TLS 1.3 that reference is still called a ticket). Otherwise the ticket is the session.
const (
	NoHandshake   Mode = iota
	TLS12Stateful      // 12s
	TLS12Tickets       // 12t
	TLS13Stateful      // 13s
	TLS13Tickets       // 13t
)

func (m Mode) String() string {
	return [...]string{"-", "12s", "12t", "13s", "13t"}[m]
}

func (m Mode) tls13() bool    { return m == TLS13Stateful || m == TLS13Tickets }
func (m Mode) stateful() bool { return m == TLS12Stateful || m == TLS13Stateful }

// The sets of modes that the clauses speak of.
var (
	all      = []Mode{TLS12Stateful, TLS12Tickets, TLS13Stateful, TLS13Tickets}
	stateful = []Mode{TLS12Stateful, TLS13Stateful}
	tickets  = []Mode{TLS12Tickets, TLS13Tickets}
	tls12    = []Mode{TLS12Stateful, TLS12Tickets}
	tls13    = []Mode{TLS13Stateful, TLS13Tickets}
	only12s  = []Mode{TLS12Stateful}
	only12t  = []Mode{TLS12Tickets}
	only13s  = []Mode{TLS13Stateful}
	only13t  = []Mode{TLS13Tickets}
	not12t   = []Mode{TLS12Stateful, TLS13Stateful, TLS13Tickets}
	not13s   = []Mode{TLS12Stateful, TLS12Tickets, TLS13Tickets}
	not12s   = []Mode{TLS12Tickets, TLS13Stateful, TLS13Tickets}
)

// A Way is how libssl is reached.
type Way int

// PublicAPI goes through package libssl, as any program would; Raw calls libssl's functions as they are, where
// package libssl would stand between. EveryWay is what a failure has that ended them all.
const (
	EveryWay  Way = iota
	PublicAPI     // api
	Raw           // raw
)

func (w Way) String() string { return [...]string{"-", "api", "raw"}[w] }

// The sets of ways that clauses speak of.
var (
	eachWay = []Way{PublicAPI, Raw}
	onlyAPI = []Way{PublicAPI}
	onlyRaw = []Way{Raw}
)

// A Rule is what one fact must be, in some modes and ways (none: in every one) and from some version on.
type Rule struct {
	Fact, Value string
	Modes       []Mode
	Ways        []Way
	Since       Version
}

func (r Rule) applies(w Way, m Mode, v Version) bool {
	return v >= r.Since && (r.Modes == nil || slices.Contains(r.Modes, m)) && (r.Ways == nil || slices.Contains(r.Ways, w))
}

// want gathers the rules of a clause.
func want(rules ...[]Rule) []Rule { return slices.Concat(rules...) }

// is expects a fact in every mode. Facts that share a value may be joined with "; ".
func is(facts, value string) []Rule { return in(nil, facts, value) }

// in expects a fact in the modes given.
func in(modes []Mode, facts, value string) []Rule {
	var rules []Rule
	for fact := range strings.SplitSeq(facts, "; ") {
		rules = append(rules, Rule{Fact: fact, Value: value, Modes: modes})
	}
	return rules
}

// by makes rules count for some ways only.
func by(ways []Way, rules ...[]Rule) []Rule {
	some := want(rules...)
	for i := range some {
		some[i].Ways = ways
	}
	return some
}

// since makes rules count from a version on.
func since(v Version, rules ...[]Rule) []Rule {
	later := want(rules...)
	for i := range later {
		later[i].Since = v
	}
	return later
}

// expected is what the clause wants to see in one way, one mode and one version.
func (c Clause) expected(w Way, m Mode, v Version) map[string]string {
	facts := map[string]string{}
	for _, r := range c.Want {
		if r.applies(w, m, v.Rules()) {
			facts[r.Fact] = r.Value
		}
	}
	return facts
}

func (c Clause) modes() []Mode {
	if len(c.Modes) == 0 {
		return []Mode{NoHandshake}
	}
	return c.Modes
}

func (c Clause) ways() []Way {
	if len(c.Ways) == 0 {
		return eachWay
	}
	return c.Ways
}

// manual is how the page stands to a libssl of version v.
func (c Clause) manual(v Version) Manual {
	switch line := v.Rules(); {
	case line < c.Since || c.Manual == Right:
		return Right
	case line < c.From || c.Until != 0 && line >= c.Until:
		return Silent
	}
	return c.Manual
}

// Line is the clause in one line: what is so in a libssl of version v.
func (c Clause) Line(v Version) string {
	switch c.manual(v) {
	case Wrong, Better:
		return c.Truth
	case Silent:
		return "(unwritten) " + c.Truth
	}
	return c.Says
}

// All is every clause on libssl, in the order of the sections.
func All() []Clause {
	return slices.Concat(
		sessionIDContext,
		sessionIDGeneration,
		cacheModes,
		externalCache,
		withinCallbacks,
		statistics,
		cacheSize,
		timeouts,
		flushing,
		addAndRemove,
		choosing,
		serialised,
		ticketCount,
		ticketCallbacks,
		lifetime,
		errorTable,
	)
}
