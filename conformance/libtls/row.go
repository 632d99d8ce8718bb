package libtls

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-libssl/libssl/conformance"
)

// Suite is the name of these clauses.
const Suite = "libtls"

// The manual pages that speak of sessions.
const (
	pageFD       = "tls_config_set_session_fd(3)"
	pageID       = "tls_config_set_session_id(3)"
	pageLifetime = "tls_config_set_session_lifetime(3)"
	pageKey      = "tls_config_add_ticket_key(3)"
	pageConfig   = "tls_config_new(3)"
	pageResumed  = "tls_conn_session_resumed(3)"
	pageConnect  = "tls_connect(3)"
	pageShake    = "tls_handshake(3)"
)

// A row is a clause in this suite's terms.
type row struct {
	id, page string
	says     string // what libtls does
	better   string // what package libtls does instead, on purpose
	modes    []conformance.Mode
	waits    bool
	want     []conformance.Rule
	observe  func(o observer)
}

// All is every clause, in the order of the sections.
func All() []conformance.Clause {
	var all []conformance.Clause
	for _, r := range slices.Concat(constants, sessionFD, sessionID, ticketKeys, ticketPolicy, sessionFiles, resumption) {
		all = append(all, r.clause())
	}
	return all
}

func (r row) clause() conformance.Clause {
	c := conformance.Clause{
		ID: r.id, Suite: Suite, Page: r.page, Says: r.says, Modes: r.modes, Waits: r.waits, Want: r.want,
		Ways:    []conformance.Way{conformance.PublicAPI},
		Observe: func(o *conformance.Observer) { r.observe(observer{o}) },
	}
	if r.better != "" {
		c.Manual, c.Truth = conformance.Better, r.better
	}
	return c
}

// The modes of libtls, which keeps sessions in tickets and nowhere else.
var (
	both   = []conformance.Mode{conformance.TLS12Tickets, conformance.TLS13Tickets}
	only12 = []conformance.Mode{conformance.TLS12Tickets}
	only13 = []conformance.Mode{conformance.TLS13Tickets}
)

// want gathers what is expected.
func want(rules ...[]conformance.Rule) []conformance.Rule { return slices.Concat(rules...) }

// is expects facts, joined with "; ", to have a value.
func is(facts, value string) []conformance.Rule { return in(nil, facts, value) }

// in is the same in some modes. The last rule for a fact counts.
func in(modes []conformance.Mode, facts, value string) []conformance.Rule {
	var rules []conformance.Rule
	for fact := range strings.SplitSeq(facts, "; ") {
		rules = append(rules, conformance.Rule{Fact: fact, Value: value, Modes: modes})
	}
	return rules
}

// must is for what has to work before there is anything to see.
func must(err error) { conformance.Must(err) }

func must1[T any](v T, err error) T {
	must(err)
	return v
}

// An observer is what a clause is observed through.
type observer struct{ *conformance.Observer }

func (o observer) tls13() bool { return o.Mode == conformance.TLS13Tickets }

// note writes down how a call came out: "ok", or its error.
func (o observer) note(name string, err error) { o.Note(name, "%s", result(err)) }

func result(err error) string {
	if err == nil {
		return "ok"
	}
	return text(err)
}

// tails are where the words of libssl or of the system begin, which are others in each version.
var tails = []string{"handshake failed: ", "certificate verification failed: ", "read failed: ", "write failed: "}

// text is an error's, without a tail of libssl's.
func text(err error) string {
	for _, head := range tails {
		if strings.HasPrefix(err.Error(), head) {
			return strings.TrimSuffix(head, ": ")
		}
	}
	return err.Error()
}

// unable ends a clause that this machine does not allow to observe.
func unable(why string) { conformance.Unable(why) }

// refused expects modes of a session file to be refused.
func refused(modes ...os.FileMode) []conformance.Rule {
	var rules []conformance.Rule
	for _, m := range modes {
		rules = append(rules, is(octal(m), fmt.Sprintf(wrongMode, m))...)
	}
	return rules
}
