package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageErrorCodes = "ERR_GET_LIB(3)"

// Section R: the errors of sessions in full. Everywhere else only library and reason are looked at, since the rest
// changes from version to version.
var errorTable = []Clause{
	{
		ID: "R1", Page: pageErrorCodes,
		Says:  "Contexts, ids and ticket keys of a wrong length are errors of the library SSL, each with its reason.",
		Modes: only12s,
		Want: want(
			queued("context of a Ctx", sidTooLong(0xdb, "SSL_CTX_set_session_id_context")),
			queued("context of an SSL", sidTooLong(0xda, "SSL_set_session_id_context")),
			queued("context of a session", sidTooLong(0x138, "SSL_SESSION_set1_id_context")),
			queued("id of a session", sslError(0x1a7, 408, "ssl session id too long", "SSL_SESSION_set1_id")),
			queued("ticket keys", sslError(0x85, 325, "invalid ticket keys length", "ssl3_ctx_ctrl")),
		),
		Observe: func(o *Observer) {
			srv := o.server()
			l := o.open(srv, o.client())
			sess, long := l.server.session, make([]byte, 33)
			o.Note("context of a Ctx", "%s", inFull(srv.SetSessionIDContext(long)))
			o.Note("context of an SSL", "%s", inFull(l.server.conn.SetSessionIDContext(long)))
			o.Note("context of a session", "%s", inFull(sess.SetIDContext(long)))
			o.Note("id of a session", "%s", inFull(sess.SetID(long)))
			o.Note("ticket keys", "%s", inFull(srv.SetTicketKeys(long)))
		},
	},
	{
		ID: "R2", Page: pageErrorCodes,
		Says:  "Where no session id could be made, the server's error says why, and the client's that the server had an internal error.",
		Modes: only12s,
		Want: want(
			queued("refused", sslError(0x223, 301, "ssl session id callback failed", "ssl_generate_session_id")),
			queued("too long", sslError(0x223, 303, "ssl session id has bad length", "ssl_generate_session_id")),
			queued("taken", sslError(0x223, 302, "ssl session id conflict", "ssl_generate_session_id")),
			queued("refused: client", alert(80, "tlsv1 alert internal error")),
			queued("too long: client", alert(80, "tlsv1 alert internal error")),
		),
		Observe: func(o *Observer) {
			failing := func(name string, id func([]byte) (int, error)) {
				l := o.connect(o.server(generating((&generator{id: id}).generate)), o.client())
				o.Note(name, "%s", inFull(l.server.err))
				o.Note(name+": client", "%s", inFull(l.client.err))
			}
			failing("refused", func([]byte) (int, error) { return 0, errors.New("no") })
			failing("too long", func([]byte) (int, error) { return 33, nil })
			srv := o.server(generating((&generator{id: constantID}).generate))
			o.connect(srv, o.client())
			o.Note("taken", "%s", inFull(o.connect(srv, o.client()).server.err))
		},
	},
	{
		ID: "R3", Page: pageErrorCodes,
		Says:  "A missing context is the server's error, and a client's own context that does not fit its session is the client's.",
		Modes: only12t,
		Want: want(
			queued("missing", sslError(0xd9, 277, "session id context uninitialized", "ssl_get_prev_session")),
			queued("another", sslError(0x171, 272, "attempt to reuse session in different context", "tls_process_server_hello")),
			sslv3Alert("another: server", 47, "illegal parameter"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(verifyPeer), o.client()
			o.Note("missing", "%s", inFull(o.resume(srv, cli, o.connect(srv, cli)).server.err))
			srv = o.server()
			first := o.connect(srv, cli)
			sidCtx("other")(cli)
			l := o.resume(srv, cli, first)
			o.Note("another", "%s", inFull(l.client.err))
			o.Note("another: server", "%s", inFull(l.server.err))
		},
	},
	{
		ID: "R4", Page: pageErrorCodes,
		Says:  "A record that cannot be read is an error, and the alert that comes of it is the peer's: its reason is 1000 and the alert's number.",
		Modes: stateful,
		Want: want(
			queued("last byte changed", badMAC("ssl3_get_record")),
			since(V3_0, only(only12s, queued("last byte changed", cipherFailed, badMAC("ssl3_get_record")))),
			since(V3_5,
				only(only12s, queued("last byte changed", cipherFailed, badMAC("tls_get_more_records"), recordLayerFailed)),
				only(only13s, queued("last byte changed", badMAC("tls_get_more_records"), recordLayerFailed))),
			sslv3Alert("last byte changed: server", 20, "bad record mac"),
			queued("version changed", wrongVersion("ssl3_get_record")),
			queued("version changed: server", alert(70, "tlsv1 alert protocol version")),
			since(V3_5,
				only(only12s, queued("version changed", wrongVersion("tls_default_validate_record_header"), recordLayerFailed)),
				only(only13s, queued("version changed", wrongVersion("tls13_validate_record_header"), recordLayerFailed)),
				only(only13s, queued("version changed: server", alert(50, "tlsv1 alert decode error")))),
		),
		Observe: func(o *Observer) {
			spoilt := func(name string, spoil func(record []byte)) {
				l := o.open(o.server(), o.client())
				must1(l.server.conn.Write([]byte("x")))
				spoil(l.client.wire.in.unread())
				_, err := l.client.conn.Read(make([]byte, 1))
				o.Note(name, "%s", inFull(err))
				_, err = l.server.conn.Read(make([]byte, 1))
				o.Note(name+": server", "%s", inFull(err))
			}
			spoilt("last byte changed", func(record []byte) { record[len(record)-1] ^= 1 })
			spoilt("version changed", func(record []byte) { record[1] = 9 })
		},
	},
	{
		ID: "R5", Page: pageErrorCodes,
		Says:  "A session that does not belong to what the client offered fails the handshake.",
		Modes: stateful,
		Want: want(
			only(only12s, sslv3Alert("another session: server", 10, "unexpected message")),
			only(only12s, queued("another session: client", sslError(0x1a1, 244, "unexpected message", "ossl_statem_client_read_transition"))),
			since(V3_6, in(only12s, "another session: server; another session: client", "<nil>")),
			only(only13s, queued("another session: server", sslError(0x1fa, 253, "binder does not verify", "tls_psk_do_binder"))),
			only(only13s, queued("another session: client", alert(47, "sslv3 alert illegal parameter"))),
			since(V3_5, only(only13s, queued("another session: client", alert(51, "tlsv1 alert decrypt error")))),
		),
		Observe: func(o *Observer) {
			first, cli := elsewhere(o)
			another := o.connect(o.server(), cli).server.session
			l := o.resume(o.server((&external{session: another}).install), cli, first)
			o.Note("another session: server", "%s", inFull(l.server.err))
			o.Note("another session: client", "%s", inFull(l.client.err))
		},
	},
	{
		ID: "R6", Page: pageErrorCodes,
		Says:  "What is no session fails with errors of the library ASN1, and what is none of this libssl with one of SSL.",
		Modes: only12s,
		Want: want(
			queued("nothing", headerTooLong, badHeader, nested(58)),
			since(V3_0, queued("nothing", asn1Error(0, 224, "too small", "asn1_item_embed_d2i", ""))),
			queued("half", tooLong, badHeader, nested(58)),
			queued("all bits set", headerTooLong, badHeader, nested(58)),
			queued("all bits clear", wrongTag, nested(58)),
			since(V3_0,
				queued("half", tooLong, badHeader, nested(524554)),
				queued("all bits set", headerTooLong, badHeader, nested(524554)),
				queued("all bits clear", wrongTag, nested(524554))),
			queued("an empty sequence", asn1Error(0x78, 121, "field missing", "asn1_item_embed_d2i", "Field=version, Type=SSL_SESSION_ASN1")),
			queued("a structure of version 9", sslError(0x67, 254, "unknown ssl version", "d2i_SSL_SESSION")),
			queued("a protocol of version 9", sslError(0x67, 259, "unsupported ssl version", "d2i_SSL_SESSION")),
			since(V3_5,
				queued("a structure of version 9", sslError(0x67, 254, "unknown ssl version", "d2i_SSL_SESSION_ex")),
				queued("a protocol of version 9", sslError(0x67, 259, "unsupported ssl version", "d2i_SSL_SESSION_ex"))),
		),
		Observe: func(o *Observer) {
			good := must1(anySession(o).MarshalBinary())
			for _, c := range []struct {
				name string
				der  []byte
			}{
				{"nothing", nil},
				{"half", good[:len(good)/2]},
				{"all bits set", bytes.Repeat([]byte{0xff}, 64)},
				{"all bits clear", make([]byte, 64)},
				{"an empty sequence", []byte{0x30, 0}},
				{"a structure of version 9", withField(good, fieldVersion, []byte{2, 1, 9})},
				{"a protocol of version 9", withField(good, fieldProtocol, []byte{2, 2, 9, 3})},
			} {
				_, err := o.library().parse(c.der)
				o.Note(c.name, "%s", inFull(err))
			}
		},
	},
	{
		ID: "R7", Page: pageErrorCodes,
		Says:  "A callback that fails to make a ticket is an error of its own for the keys, and an internal error for the session.",
		Modes: only12t,
		Ways:  onlyRaw,
		Want: want(
			queued("keys", sslError(0x27d, 234, "callback failed", "construct_stateless_ticket")),
			queued("session", sslError(0x1ac, 68, "internal error", "tls_construct_new_session_ticket")),
			since(V3_0, queued("session", sslError(0, 786691, "internal error", "tls_construct_new_session_ticket"))),
		),
		Observe: func(o *Observer) {
			srv := o.server()
			must(raw.CtxSetTicketKeyCallback(ctxOf(srv), func(bool) int { return -1 }).Err())
			o.Note("keys", "%s", inFull(o.connect(srv, o.client()).server.err))
			srv = o.server()
			must(raw.CtxSetSessionTicketCallback(ctxOf(srv), func(raw.SSL) int { return 0 }, nil).Err())
			o.Note("session", "%s", inFull(o.connect(srv, o.client()).server.err))
		},
	},
}

// A fullError is an entry of an error queue with all that does not change from run to run.
type fullError struct {
	lib, function, reason int // function only counts up to 1.1.1
	libName, text, name   string
	data                  string
}

func sslError(function, reason int, text, name string) fullError {
	return fullError{20, function, reason, "SSL routines", text, name, ""}
}

func asn1Error(function, reason int, text, name, data string) fullError {
	return fullError{13, function, reason, "asn1 encoding routines", text, name, data}
}

func sidTooLong(function int, name string) fullError {
	return sslError(function, 273, "ssl session id context too long", name)
}

func alert(number int, text string) fullError {
	e := sslError(0x94, 1000+number, text, "ssl3_read_bytes")
	e.data = fmt.Sprintf("SSL alert number %d", number)
	return e
}

func badMAC(name string) fullError {
	return sslError(0x8f, 281, "decryption failed or bad record mac", name)
}

func wrongVersion(name string) fullError { return sslError(0x8f, 267, "wrong version number", name) }

func nested(reason int) fullError {
	return asn1Error(0x78, reason, "nested asn1 error", "asn1_item_embed_d2i", "Type=SSL_SESSION_ASN1")
}

var (
	cipherFailed      = fullError{57, 0, 102, "Provider routines", "cipher operation failed", "ossl_gcm_stream_update", ""}
	recordLayerFailed = sslError(0, 313, "record layer failure", "")
	headerTooLong     = asn1Error(0x72, 123, "header too long", "ASN1_get_object", "")
	tooLong           = asn1Error(0x72, 155, "too long", "ASN1_get_object", "")
	badHeader         = asn1Error(0x68, 102, "bad object header", "asn1_check_tlen", "")
	wrongTag          = asn1Error(0x68, 168, "wrong tag", "asn1_check_tlen", "")
)

// queued expects errors. Since 3.0 their codes are made up otherwise, without a number for the function.
func queued(fact string, errs ...fullError) []Rule {
	return want(is(fact, inWordsAndCodes(V1_1_1, errs)), since(V3_0, is(fact, inWordsAndCodes(V3_0, errs))))
}

// only has expectations count in some modes.
func only(modes []Mode, rules []Rule) []Rule {
	for i := range rules {
		rules[i].Modes = modes
	}
	return rules
}

// sslv3Alert expects one of the alerts that SSL 3 had; its text has changed twice.
func sslv3Alert(fact string, number int, text string) []Rule {
	return want(
		queued(fact, alert(number, "sslv3 alert "+text)),
		since(V3_5, queued(fact, alert(number, "ssl/tls alert "+text))),
		since(V4_0, queued(fact, alert(number, "tls alert "+text))),
	)
}

func inWordsAndCodes(v Version, errs []fullError) string {
	var all []string
	for _, e := range errs {
		code := e.lib<<24 | e.function<<12 | e.reason
		if v >= V3_0 {
			code = e.lib<<23 | e.reason
		}
		all = append(all, describe(e.lib, e.reason, code, e.text, e.libName, e.name, e.data))
	}
	return strings.Join(all, "; ")
}

func describe(lib, reason, code int, text, libName, function, data string) string {
	s := fmt.Sprintf("%d:%d 0x%08X %q (%s) in %q", lib, reason, code, text, libName, function)
	if data != "" {
		s += ", " + data
	}
	return s
}

// inFull is an error's queue with all that does not change from run to run.
func inFull(err error) string {
	var e *libssl.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	var all []string
	for _, entry := range e.Stack {
		all = append(all, describe(entry.Lib, int(entry.Reason), int(entry.Code), entry.Text, entry.LibName, entry.Func, entry.Data))
	}
	return strings.Join(all, "; ")
}
