package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const (
	pageTicketKeyCallback = "SSL_CTX_set_tlsext_ticket_key_cb(3)"
	pageTicketCallbacks   = "SSL_CTX_set_session_ticket_cb(3)"
)

// Section P: the callbacks that servers are asked by when tickets are made and taken: for keys, and for the sessions.
var ticketCallbacks = []Clause{
	{
		ID: "P1", Page: pageTicketKeyCallback,
		Says:  "The function returns 1. The callback is asked for a key when a ticket is made and when one is presented, and NULL takes it away.",
		Modes: all,
		Want: want(
			by(onlyAPI, calledForTickets("callback")),
			by(onlyRaw,
				calledForTickets("with an HMAC_CTX"),
				is("with an EVP_MAC_CTX: set", notThere),
				since(V3_0, calledForTickets("with an EVP_MAC_CTX"))),
		),
		Observe: func(o *Observer) {
			if o.Way == PublicAPI {
				observeKeyCallback(o, "callback", ctx.SetTicketKeyCallback)
				return
			}
			observeKeyCallback(o, "with an HMAC_CTX", func(c ctx, f func(bool) int) error {
				return raw.CtxSetTicketKeyHMACCallback(ctxOf(c), f).Err()
			})
			if !raw.Has("SSL_CTX_set_tlsext_ticket_key_evp_cb") {
				o.Note("with an EVP_MAC_CTX: set", notThere)
				return
			}
			observeKeyCallback(o, "with an EVP_MAC_CTX", func(c ctx, f func(bool) int) error {
				return raw.CtxSetTicketKeyEVPCallback(ctxOf(c), f).Err()
			})
		},
	},
	{
		ID: "P2", Page: pageTicketKeyCallback,
		Says:   "When the callback returns 0 for a ticket that is to be made, the connection goes on, without one or with session ids.",
		Manual: Wrong,
		Truth:  "Where the callback has no key for a new ticket, the client gets no ticket and no session id to come back with: it cannot resume. Up to 1.1.1 a TLS 1.3 client fails.",
		Whom:   "Servers that return 0 while they have no key and count on session ids: nobody resumes meanwhile, and with 1.1.1 TLS 1.3 clients are cut off.",
		Text:   "If called with enc equal to 1, no ticket is issued, and neither is the session kept in the session cache: it cannot be resumed.",
		Modes:  tickets,
		Want: want(
			in(only12t, "full handshake", "ok reused=0/0 enc=1 dec=0, client: ticket=false resumable=false, server: number=0"),
			in(only12t, "offered", "ok reused=0/0"),
			by(onlyAPI, // which has a key of its own for such a ticket
				in(only13t, "full handshake", "ok reused=0/0 enc=1 dec=0, client: ticket=true resumable=true, server: number=0"),
				in(only13t, "offered", "ok reused=0/0")),
			by(onlyRaw, in(only13t, "full handshake", "FAIL srv<ok> cli(on read)<E{20:159}> enc=1 dec=0, client: ticket=false resumable=false, server: number=0")),
			since(V3_0,
				in(only13t, "full handshake", "ok reused=0/0 enc=1 dec=0, client: ticket=false resumable=false, server: number=0"),
				in(only13t, "offered", "ok reused=0/0")),
		),
		Observe: func(o *Observer) {
			keys := &keyholder{made: 0, taken: 1}
			srv, cli := o.server(numTickets(1), keys.install), o.client()
			l := o.connect(srv, cli)
			o.Note("full handshake", "%v %v, client: %s, server: number=%d", l, keys, holding(l.client.session), srv.SessionStats().Number)
			if l.client.err == nil {
				o.Note("offered", "%v", o.resume(srv, cli, l))
			}
		},
	},
	{
		ID: "P3", Page: pageTicketKeyCallback,
		Says:  "When the callback returns less than 0 for a ticket that is to be made, that is an error: the connection ends.",
		Modes: tickets,
		Want: want(
			in(only12t, "full handshake", "FAIL srv<E{20:234}> cli<E{20:1080}> enc=1 dec=0"),
			in(only13t, "full handshake", "FAIL srv<E{20:234}> cli(on read)<E{20:1080}> enc=1 dec=0"),
		),
		Observe: func(o *Observer) {
			keys := &keyholder{made: -1, taken: 1}
			o.Note("full handshake", "%v %v", o.connect(o.server(numTickets(1), keys.install), o.client()), keys)
		},
	},
	{
		ID: "P4", Page: pageTicketKeyCallback,
		Says:   "For a ticket that is presented, 1 takes it, 2 takes it and makes another, 0 goes on with a full handshake, and less than 0 is an error.",
		Manual: Silent,
		Truth:  "With 1 a TLS 1.3 client gets no new ticket, where without a callback it gets one each time; a TLS 1.2 client is not told of a ticket that comes with 2.",
		Whom:   "TLS 1.3 servers whose callback returns 1, as for TLS 1.2: their clients resume once, or offer the ticket that they should use once again and again.",
		Note:   "SSL_CTX_set_session_ticket_cb(3) says that whether a new ticket is sent can be changed by this callback, and not how.",
		Text:   "In TLSv1.3 a client uses a ticket once, and gets a new one on resumption only if the callback returns 2.",
		Modes:  tickets,
		Want: want(
			is("1", "ok reused=1/1 enc=0 dec=1 new_cb=0"),
			in(only12t, "2", "ok reused=1/1 enc=1 dec=1 new_cb=0"),
			in(only13t, "2", "ok reused=1/1 enc=1 dec=1 new_cb=1"),
			is("0", "ok reused=0/0 enc=1 dec=1 new_cb=1"),
			internalError("-1", "FAIL srv<%s> cli<E{20:1080}> enc=0 dec=1 new_cb=0"),
			in(only12t, "no callback", "ok reused=1/1 enc=0 dec=0 new_cb=0"),
			in(only13t, "no callback", "ok reused=1/1 enc=0 dec=0 new_cb=1"),
		),
		Observe: func(o *Observer) {
			for _, answer := range []int{1, 2, 0, -1} {
				keys := &keyholder{made: 1, taken: answer}
				observeTakenKey(o, fmt.Sprint(answer), keys, keys.install)
			}
			observeTakenKey(o, "no callback", &keyholder{}, func(ctx) {})
		},
	},
	{
		ID: "P5", Page: pageTicketCallbacks,
		Says:   "One callback is called before a ticket is made and can put data into it; the other after one was opened, or could not be, and gets the session with the data.",
		Manual: Silent,
		Truth:  "Without tickets (SSL_OP_NO_TICKET) a TLS 1.3 server still calls the callback that makes tickets, and never the one that opens them; in TLS 1.2 it calls neither.",
		Whom:   "Servers that decide in the callback whether a ticket is still good: stateful TLS 1.3 sessions pass it by.",
		Text:   "With SSL_OP_NO_TICKET set, gen_cb is still called in TLSv1.3, where tickets are then references to the session cache; dec_cb is not called for those. In TLSv1.2 neither is called.",
		Modes:  all,
		Want: want(
			in(only12s, "full handshake", "ok reused=0/0 gen=0 dec=[]"),
			in(only12s, "resumption", "ok reused=1/1 gen=0 dec=[]"),
			in(only12t, "full handshake", "ok reused=0/0 gen=1 dec=[EMPTY session=false key name=0 data=\"\"]"),
			in(only12t, "resumption", "ok reused=1/1 gen=0 dec=[SUCCESS session=true key name=16 data=\"abc\"]"),
			in(tls13, "full handshake", "ok reused=0/0 gen=1 dec=[]"),
			in(only13s, "resumption", "ok reused=1/1 gen=1 dec=[]"),
			in(only13t, "resumption", "ok reused=1/1 gen=1 dec=[SUCCESS_RENEW session=true key name=16 data=\"abc\"]"),
			in(only12s, "data in the session that was resumed", ""),
			in(not12s, "data in the session that was resumed", "abc"),
		),
		Observe: func(o *Observer) {
			calls := &ticketCalls{}
			srv, cli := o.server(numTickets(1), calls.install), o.client()
			first := o.connect(srv, cli)
			o.Note("full handshake", "%v %v", first, calls)
			*calls = ticketCalls{}
			again := o.resume(srv, cli, first)
			o.Note("resumption", "%v %v", again, calls)
			o.Note("data in the session that was resumed", "%s", again.server.session.TicketAppData())
		},
	},
	{
		ID: "P6", Page: pageTicketCallbacks,
		Says:  "A callback that returns 0 when a ticket is to be made ends the connection, and the client is told of an internal error.",
		Modes: all,
		Want: want(
			in(only12s, "full handshake", "ok reused=0/0"),
			only(only12t, internalError("full handshake", "FAIL srv<%s> cli<E{20:1080}>")),
			only(tls13, internalError("full handshake", "FAIL srv<%s> cli(on read)<E{20:1080}>")),
		),
		Observe: func(o *Observer) {
			calls := &ticketCalls{failing: true}
			o.Note("full handshake", "%v", o.connect(o.server(calls.install), o.client()))
		},
	},
	{
		ID: "P7", Page: pageTicketCallbacks,
		Says:   "For a ticket that was opened, the callback decides whether the session is resumed, whether the client gets another ticket, or that the handshake is aborted.",
		Manual: Silent,
		Truth:  "A TLS 1.2 server that ignores a ticket and renews none (IGNORE) keeps the new session in its cache, and the client resumes it by its id.",
		Whom:   "Servers that ignore tickets so as to keep nothing: from then on each of these sessions is in their cache.",
		Text:   "In TLSv1.2 and below the server then adds the new session to its session cache, if that is enabled, and the client gets its session id.",
		Modes:  tickets,
		Want: want(
			internalError("ABORT", "FAIL srv<%s> cli<E{20:1080}> gen=0 new_cb=0"),
			in(only12t, "IGNORE", "ok reused=0/0 gen=0 new_cb=1 ticket=false number=1"),
			in(only13t, "IGNORE", "ok reused=0/0 gen=0 new_cb=0 ticket=false number=0"),
			is("IGNORE_RENEW", "ok reused=0/0 gen=1 new_cb=1 ticket=true number=0"),
			is("USE", "ok reused=1/1 gen=0 new_cb=0 ticket=true number=0"),
			in(only12t, "USE_RENEW", "ok reused=1/1 gen=1 new_cb=0 ticket=true number=0"),
			in(only13t, "USE_RENEW", "ok reused=1/1 gen=1 new_cb=1 ticket=true number=0"),
			in(only12t, "after IGNORE", "ok reused=1/1"),
			in(only13t, "after IGNORE", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			for d, name := range ticketReturns {
				calls := &ticketCalls{}
				srv := o.server(numTickets(1), calls.install)
				tickets, cli := o.collector()
				first := o.connect(srv, cli)
				*calls = ticketCalls{decision: returning(d)}
				*tickets = nil
				l := o.resume(srv, cli, first)
				outcome := fmt.Sprintf("%v gen=%d new_cb=%d", l, calls.made, len(*tickets))
				if l.client.err == nil {
					outcome += fmt.Sprintf(" ticket=%t number=%d", l.client.session.HasTicket(), srv.SessionStats().Number)
				}
				o.Note(name, "%s", outcome)
				if name == "IGNORE" {
					o.Note("after IGNORE", "%v", o.resume(srv, cli, l))
				}
			}
		},
	},
	{
		ID: "P8", Page: pageTicketCallbacks,
		Says:  "To use a ticket that could not be opened, or an empty one, is an error; it can be ignored, with a new one or without.",
		Modes: tickets,
		Want: want(
			internalError("ABORT; USE; USE_RENEW", "FAIL srv<%s> cli<E{20:1080}> gen=0 dec=[NO_DECRYPT session=false key name=16 data=\"\"]"),
			is("IGNORE", "ok reused=0/0 gen=0 dec=[NO_DECRYPT session=false key name=16 data=\"\"]"),
			is("IGNORE_RENEW", "ok reused=0/0 gen=1 dec=[NO_DECRYPT session=false key name=16 data=\"\"]"),
			only(only12t, internalError("empty: ABORT; empty: USE; empty: USE_RENEW", "FAIL srv<%s> cli<E{20:1080}> gen=0 dec=[EMPTY session=false key name=0 data=\"\"]")),
			in(only12t, "empty: IGNORE", "ok reused=0/0 gen=0 dec=[EMPTY session=false key name=0 data=\"\"]"),
			in(only12t, "empty: IGNORE_RENEW", "ok reused=0/0 gen=1 dec=[EMPTY session=false key name=0 data=\"\"]"),
			in(only13t, "empty: ABORT; empty: IGNORE; empty: IGNORE_RENEW; empty: USE; empty: USE_RENEW", "ok reused=0/0 gen=1 dec=[]"),
		),
		Observe: func(o *Observer) {
			cli := o.client()
			first := o.connect(o.server(), cli)
			for d, name := range ticketReturns {
				for _, offered := range []struct {
					prefix  string
					session session
				}{{"", first.client.session}, {"empty: ", nil}} {
					calls := &ticketCalls{decision: returning(d)}
					l := o.connect(o.server(numTickets(1), calls.install), cli, offer(offered.session))
					o.Note(offered.prefix+name, "%v %v", l, calls)
				}
			}
		},
	},
	{
		ID: "P9", Page: pageTicketCallbacks,
		Says: "The data that goes into tickets can be set and read in a session; NULL and 0 are none.",
		Want: want(
			is("at first", `""`), is("set", `ok "abc"`), is("set anew", `ok "de"`), is("cleared", `ok ""`),
			by(onlyRaw,
				is("at first: NULL", "ret=1 no error, NULL=true"),
				is("set: NULL", "ret=1 no error, NULL=false"),
				is("set anew: NULL", "ret=1 no error, NULL=false"),
				is("cleared: NULL", "ret=1 no error, NULL=true")),
			is("in a copy", `"abc"`), is("written and read", `"abc"`),
		),
		Observe: observeTicketAppData,
	},
}

// internalError expects a fact in which the server has an internal error, whose number has changed.
func internalError(facts, format string) []Rule {
	return want(
		is(facts, fmt.Sprintf(format, "E{20:68}")),
		since(V3_0, is(facts, fmt.Sprintf(format, "E{20:786691}"))),
	)
}

// A keyholder is asked for keys.
type keyholder struct {
	made, taken int // its answers
	enc, dec    int // how often it was asked
}

func (k *keyholder) install(c ctx) { must(c.SetTicketKeyCallback(k.answer)) }

func (k *keyholder) answer(encrypt bool) int {
	if encrypt {
		k.enc++
		return k.made
	}
	k.dec++
	return k.taken
}

func (k *keyholder) String() string { return fmt.Sprintf("enc=%d dec=%d", k.enc, k.dec) }

func calledForTickets(name string) []Rule {
	return want(
		is(name+": set", "ok"),
		in(stateful, name+": full handshake", "ok reused=0/0 enc=0 dec=0"),
		in(stateful, name+": resumption", "ok reused=1/1 enc=0 dec=0"),
		in(stateful, name+": taken away", "ok, ok reused=1/1 enc=0 dec=0"),
		in(tickets, name+": full handshake", "ok reused=0/0 enc=1 dec=0"),
		in(tickets, name+": resumption", "ok reused=1/1 enc=0 dec=1"),
		in(tickets, name+": taken away", "ok, ok reused=0/0 enc=0 dec=1"),
	)
}

func observeKeyCallback(o *Observer, name string, set func(ctx, func(bool) int) error) {
	srv, cli := o.server(numTickets(1)), o.client()
	keys := &keyholder{made: 1, taken: 1}
	o.Note(name+": set", "%s", result(set(srv, keys.answer)))
	first := o.connect(srv, cli)
	o.Note(name+": full handshake", "%v %v", first, keys)
	keys.enc = 0
	o.Note(name+": resumption", "%v %v", o.resume(srv, cli, first), keys)
	o.Note(name+": taken away", "%s, %v %v", result(set(srv, nil)), o.resume(srv, cli, first), keys)
}

// observeTakenKey resumes at a server whose keyholder is asked for a ticket's key.
func observeTakenKey(o *Observer, name string, keys *keyholder, install setting) {
	srv := o.server(numTickets(1), install)
	got, cli := o.collector()
	first := o.connect(srv, cli)
	keys.enc, *got = 0, nil
	again := o.resume(srv, cli, first)
	o.Note(name, "%v %v new_cb=%d", again, keys, len(*got))
}

// holding tells what a client can come back with.
func holding(s session) string {
	if s == nil {
		return "no session"
	}
	return fmt.Sprintf("ticket=%t resumable=%t", s.HasTicket(), s.IsResumable())
}

// The decisions on a ticket and what libssl says of one, by their numbers.
var (
	ticketReturns  = []string{"ABORT", "IGNORE", "IGNORE_RENEW", "USE", "USE_RENEW"}
	ticketStatuses = map[libssl.TicketStatus]string{
		libssl.TicketEmpty:        "EMPTY",
		libssl.TicketNoDecrypt:    "NO_DECRYPT",
		libssl.TicketSuccess:      "SUCCESS",
		libssl.TicketSuccessRenew: "SUCCESS_RENEW",
	}
)

// ticketCalls are the two callbacks of a server: what they do, and what was asked of them.
type ticketCalls struct {
	failing  bool                 // makes no ticket
	decision *libssl.TicketReturn // nil: as libssl without a callback

	made  int
	taken []string
}

func (t *ticketCalls) install(c ctx) { must(c.SetSessionTicketCallback(t.make, t.take)) }

func (t *ticketCalls) make() ([]byte, error) {
	t.made++
	if t.failing {
		return nil, errors.New("no")
	}
	return []byte("abc"), nil
}

func (t *ticketCalls) take(s session, keyName []byte, status libssl.TicketStatus) libssl.TicketReturn {
	var data []byte
	if s != nil {
		data = s.TicketAppData()
	}
	t.taken = append(t.taken, fmt.Sprintf("%s session=%t key name=%d data=%q", ticketStatuses[status], s != nil, len(keyName), data))
	if t.decision != nil {
		return *t.decision
	}
	switch status {
	case libssl.TicketSuccess:
		return libssl.TicketReturnUse
	case libssl.TicketSuccessRenew:
		return libssl.TicketReturnUseRenew
	default:
		return libssl.TicketReturnIgnoreRenew
	}
}

func returning(n int) *libssl.TicketReturn {
	r := libssl.TicketReturn(n)
	return &r
}

func (t *ticketCalls) String() string {
	return fmt.Sprintf("gen=%d dec=[%s]", t.made, strings.Join(t.taken, ", "))
}

func observeTicketAppData(o *Observer) {
	s := anySession(o)
	null := func(name string) {
		if o.Way == Raw {
			_, null, r := raw.SessionTicketAppData(rawOf(s))
			o.Note(name+": NULL", "%v, NULL=%t", r, null)
		}
	}
	o.Note("at first", "%q", s.TicketAppData())
	null("at first")
	set := func(name string, data []byte) {
		err := s.SetTicketAppData(data)
		o.Note(name, "%s %q", result(err), s.TicketAppData())
		null(name)
	}
	set("set", []byte("abc"))
	o.Note("in a copy", "%q", must1(s.Clone()).TicketAppData())
	o.Note("written and read", "%q", must1(o.library().parse(must1(s.MarshalBinary()))).TicketAppData())
	set("set anew", []byte("de"))
	set("cleared", nil)
}
