package conformance

import (
	"bytes"
	"embed"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/go-libssl/libssl/internal/raw"
)

const pageD2I = "d2i_SSL_SESSION(3)"

// Section N: sessions as bytes.
var serialised = []Clause{
	{
		ID: "N1", Page: pageD2I,
		Says:  "A session that is exported and parsed is the same session.",
		Modes: all,
		Want: want(
			is("server's; client's; server's, as PEM; client's, as PEM", "same id, context, version, cipher, time, timeout, resumability; same bytes when exported again"),
		),
		Observe: func(o *Observer) {
			l := o.connect(o.server(sidCtx("svc-A")), o.client(sidCtx("cli")))
			o.Note("server's", "%s", same(l.server.session, o.reparsed(l.server.session)))
			o.Note("client's", "%s", same(l.client.session, o.reparsed(l.client.session)))
			o.Note("server's, as PEM", "%s", same(l.server.session, o.reparsedPEM(l.server.session)))
			o.Note("client's, as PEM", "%s", same(l.client.session, o.reparsedPEM(l.client.session)))
		},
	},
	{
		ID: "N2", Page: pageD2I,
		Says:  "A parsed session can be used: at another client Ctx, or added to another server's cache, within its context.",
		Modes: all,
		Want: want(
			is("client's", "ok reused=1/1"),
			in(stateful, "server's", "added=true ok reused=1/1"),
			in(stateful, "server's, another context", "added=true ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(sidCtx("svc-A")), o.client()
			first := o.connect(srv, cli)
			o.Note("client's", "%v", o.connect(srv, o.client(), offer(o.reparsed(first.client.session))))
			if !o.Mode.stateful() {
				return
			}
			for name, sid := range map[string]string{"server's": "svc-A", "server's, another context": "svc-B"} {
				other := o.server(sidCtx(sid))
				added := add(other, o.reparsed(first.server.session))
				o.Note(name, "added=%t %v", added, o.resume(other, cli, first))
			}
		},
	},
	{
		ID: "N3", Page: pageD2I,
		Says:  "An export that is cut short is refused, and the error stack says why.",
		Modes: all,
		Want: want(
			is("shorter ones accepted", "0"),
			is("nothing", "E{13:123}E{13:102}E{13:58}"),
			is("half; all but a byte", "E{13:155}E{13:102}E{13:58}"),
			since(V3_0,
				is("nothing", "E{13:224}"),
				is("half; all but a byte", "E{13:155}E{13:102}E{13:524554}")),
			by(onlyRaw,
				is("all but a byte, bare", "ret=0 E{13:155}E{13:102}E{13:58} used 0"),
				is("length -1", "ret=0 E{13:123}E{13:102}E{13:58} used 0"),
				since(V3_0,
					is("all but a byte, bare", "ret=0 E{13:155}E{13:102}E{13:524554} used 0"),
					is("length -1", "ret=0 E{13:224} used 0"))),
		),
		Observe: func(o *Observer) {
			der := must1(o.connect(o.server(), o.client()).client.session.MarshalBinary())
			parse := func(n int) string {
				_, err := o.library().parse(der[:n])
				return queue(err)
			}
			accepted := 0
			for n := range der {
				if _, err := o.library().parse(der[:n]); err == nil {
					accepted++
				}
			}
			o.Note("shorter ones accepted", "%d", accepted)
			o.Note("nothing", "%s", parse(0))
			o.Note("half", "%s", parse(len(der)/2))
			o.Note("all but a byte", "%s", parse(len(der)-1))
			if o.Way == Raw {
				for _, c := range []extreme{{"all but a byte, bare", int64(len(der) - 1)}, {"length -1", -1}} {
					_, used, r := raw.D2ISession(der, c.value)
					o.Note(c.name, "%v used %d", r, used)
				}
			}
		},
	},
	{
		ID: "N4", Page: pageD2I,
		Says:  "What is no session is refused, and the error stack says why.",
		Modes: only12s,
		Want: want(
			is("all bits set", "E{13:123}E{13:102}E{13:58}"),
			is("all bits clear", "E{13:168}E{13:58}"),
			is("an empty sequence", "E{13:121}"),
			is("a structure of version 9", "E{20:254}"),
			is("a protocol of version 9", "E{20:259}"),
			since(V3_0,
				is("all bits set", "E{13:123}E{13:102}E{13:524554}"),
				is("all bits clear", "E{13:168}E{13:524554}")),
		),
		Observe: func(o *Observer) {
			good := must1(anySession(o).MarshalBinary())
			observeParse(o, "all bits set", bytes.Repeat([]byte{0xff}, 64))
			observeParse(o, "all bits clear", make([]byte, 64))
			observeParse(o, "an empty sequence", []byte{0x30, 0})
			observeParse(o, "a structure of version 9", withField(good, fieldVersion, []byte{2, 1, 9}))
			observeParse(o, "a protocol of version 9", withField(good, fieldProtocol, []byte{2, 2, 9, 3}))
		},
	},
	{
		ID: "N5", Page: pageD2I,
		Says:   "When an export is refused the error stack says why.",
		Manual: Wrong,
		Truth:  "Nothing is on the error stack when the id or the context is longer than 32 bytes, or the cipher unknown.",
		Whom:   "Programs that print the error stack when a stored session cannot be read: it can be empty, or show something older.",
		Text:   "The error stack may be empty, as when the session id or the session id context is too long or the cipher is not known.",
		Modes:  only12s,
		Want: want(
			is("id of 33 bytes; context of 33 bytes; unknown cipher", "no error queued"),
			is("id of 32 bytes; context of 32 bytes; id of 0 bytes", "accepted"),
		),
		Observe: func(o *Observer) {
			good := must1(o.connect(o.server(sidCtx("svc-A")), o.client()).server.session.MarshalBinary())
			for _, n := range []byte{0, 32, 33} {
				observeParse(o, fmt.Sprintf("id of %d bytes", n), withField(good, fieldID, octets(n)))
			}
			context := tagged(fields(good), tagContext)
			for _, n := range []byte{32, 33} {
				wrapped := append([]byte{tagContext, n + 2}, octets(n)...)
				observeParse(o, fmt.Sprintf("context of %d bytes", n), withField(good, context, wrapped))
			}
			observeParse(o, "unknown cipher", withField(good, fieldCipher, []byte{4, 2, 0xfe, 0xdc}))
		},
	},
	{
		ID: "N6", Page: pageD2I,
		Says:   "Nothing on bytes that are left over or changed, on a session to read into, or on NULL.",
		Manual: Silent,
		Truth:  "Bytes that are left over are for the caller to notice, changed ones often pass, a session to read into outlives a failure, and NULL to read from crashes.",
		Whom:   "Programs that keep sessions where others can write: what comes back need not be what was stored.",
		Note:   "The page refers to d2i_X509(3), by which *pp is moved behind what was read; there it is said that a failure frees the object.",
		Text:   "Bytes that follow the structure are not an error: compare *pp with the end of the buffer. The encoding is not protected against changes. On failure the session that a points to is not freed.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("10 bytes left over", "ret=1 no error, left: 10"),
			is("one bit changed", "accepted: some"),
			is("read into a session", "ret=1 no error, that one comes back: true, and is as it was read: true"),
			is("read into a session, and fails", "nothing comes back: true, the session is still there: true"),
			is("NULL pp; NULL *pp", crashed),
		),
		Observe: observeReadingInto,
	},
	{
		ID: "N7", Page: pageD2I,
		Says:   "Nothing on the mark of a session that is not resumable.",
		Manual: Silent,
		Truth:  "The mark of a session that is not resumable is not exported: parsing brings the session back to life.",
		Whom:   "Programs that store sessions: one that was marked after a failure comes back from the store as if nothing had been.",
		Text:   "That a session was marked as non-resumable is not part of the encoding: the decoded session is resumable.",
		Modes:  not12t,
		Want: want(
			is("marked", "resumable=false"),
			is("exported and parsed", "resumable=true"),
			by(onlyRaw, is("export of NULL; export of a session without a cipher", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			marked := unresumable(o, anySession(o))
			o.Note("marked", "resumable=%t", marked.IsResumable())
			o.Note("exported and parsed", "resumable=%t", o.reparsed(marked).IsResumable())
			if o.Way == Raw {
				empty := raw.SessionNew()
				defer raw.SessionFree(empty)
				o.Note("export of NULL", "%v", raw.I2DSession(raw.Session{}))
				o.Note("export of a session without a cipher", "%v", raw.I2DSession(empty))
			}
		},
	},
	{
		ID: "N8", Page: pageD2I,
		Says:   "Nothing on sessions that another version exported.",
		Manual: Silent,
		Truth:  "Since 3.0 every version reads what any other exported; 1.1.1 reads only its own.",
		Whom:   "Servers of several versions that share a session store: those with 1.1.1 find nothing in what newer ones stored.",
		Text:   "Sessions that were encoded by OpenSSL 3.0 or newer cannot be decoded by OpenSSL 1.1.1.",
		Want: want(
			is("by 1.1.1", "8 of 8 read, 8 the same when exported again"),
			is("by 3.0; by 3.5; by 3.6; by 4.0", "0 of 8 read, 0 the same when exported again"),
			since(V3_0,
				is("by 1.1.1", "8 of 8 read, 0 the same when exported again"),
				is("by 3.0; by 3.5; by 3.6; by 4.0", "8 of 8 read, 8 the same when exported again")),
		),
		Observe: observeForeignSessions,
	},
}

func observeReadingInto(o *Observer) {
	der := must1(anySession(o).MarshalBinary())
	size := len(der)

	longer := append(bytes.Clone(der), make([]byte, 10)...)
	s, used, r := raw.D2ISession(longer, int64(len(longer)))
	raw.SessionFree(s)
	o.Note("10 bytes left over", "%v, left: %d", r, len(longer)-used)

	accepted := 0
	for i := range der {
		changed := bytes.Clone(der)
		changed[i] ^= 0x80
		if s, _, r := raw.D2ISession(changed, int64(size)); r.Value == 1 {
			accepted++
			raw.SessionFree(s)
		}
	}
	o.Note("one bit changed", "accepted: %s", map[bool]string{true: "some", false: "none, or all"}[0 < accepted && accepted < size])

	target := raw.SessionNew()
	freed := raw.SessionWatch(target)
	defer raw.SessionFree(target)
	s, now, r := raw.D2ISessionInto(target, der)
	again, _ := raw.I2DSessionTo(target)
	o.Note("read into a session", "%v, that one comes back: %t, and is as it was read: %t", r, s == target && now == target, bytes.Equal(again, der))
	s, now, _ = raw.D2ISessionInto(target, der[:size/2])
	o.Note("read into a session, and fails", "nothing comes back: %t, the session is still there: %t",
		s == raw.Session{}, now == target && !freed.Load())

	o.Note("NULL pp", "%s", o.inChild(raw.D2ISessionNullPP))
	o.Note("NULL *pp", "%s", o.inChild(raw.D2ISessionNullP))
}

// The sessions that each version exported, in PEM: the server's and the client's of each mode. TestExportedSessions
// makes the file of the libssl that it runs with.
//
//go:embed exported/*.pem
var exported embed.FS

// exportedBy are the sessions that a version exported, in DER.
func exportedBy(v Version) [][]byte {
	var all [][]byte
	rest := must1(exported.ReadFile(fmt.Sprintf("exported/%v.pem", v)))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all
		}
		all = append(all, block.Bytes)
	}
}

func observeForeignSessions(o *Observer) {
	for _, v := range measured {
		read, same := 0, 0
		all := exportedBy(v)
		for _, der := range all {
			if s, err := o.library().parse(der); err == nil {
				read++
				same += bit(bytes.Equal(must1(s.MarshalBinary()), der))
			}
		}
		o.Note(fmt.Sprintf("by %v", v), "%d of %d read, %d the same when exported again", read, len(all), same)
	}
}

// observeParse notes what becomes of some bytes that are taken for a session.
func observeParse(o *Observer, name string, der []byte) {
	if _, err := o.library().parse(der); err != nil {
		o.Note(name, "%s", queue(err))
	} else {
		o.Note(name, "accepted")
	}
}

// An exported session is an ASN.1 sequence. Its first fields are always there, the others have a tag.
const (
	fieldVersion = iota
	fieldProtocol
	fieldCipher
	fieldID
)

const (
	tagContext = 0xa4
	tagTicket  = 0xaa
)

// fields takes an exported session apart.
func fields(der []byte) [][]byte {
	var whole asn1.RawValue
	must1(asn1.Unmarshal(der, &whole))
	var parts [][]byte
	for rest := whole.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		rest = must1(asn1.Unmarshal(rest, &part))
		parts = append(parts, part.FullBytes)
	}
	return parts
}

// tagged finds the field with a tag.
func tagged(parts [][]byte, tag byte) int {
	return slices.IndexFunc(parts, func(p []byte) bool { return p[0] == tag })
}

// withField is an exported session with another value in one of its fields.
func withField(der []byte, i int, value []byte) []byte {
	parts := fields(der)
	parts[i] = value
	return must1(asn1.Marshal(asn1.RawValue{
		Tag: asn1.TagSequence, IsCompound: true, Bytes: slices.Concat(parts...),
	}))
}

// octets is an OCTET STRING of so many bytes.
func octets(n byte) []byte { return append([]byte{asn1.TagOctetString, n}, make([]byte, n)...) }

// reparsed sends a session through its exported form and back.
func (o *Observer) reparsed(s session) session {
	return must1(o.library().parse(must1(s.MarshalBinary())))
}

func (o *Observer) reparsedPEM(s session) session {
	return must1(o.library().parsePEM(must1(s.MarshalText())))
}

// same compares a session with what came of exporting and parsing it.
func same(s, again session) string {
	var differ []string
	for what, equal := range map[string]bool{
		"id":           bytes.Equal(s.ID(), again.ID()),
		"context":      bytes.Equal(s.IDContext(), again.IDContext()),
		"version":      s.Version() == again.Version(),
		"cipher":       s.CipherSuite() == again.CipherSuite(),
		"time":         s.Time().Equal(again.Time()),
		"timeout":      s.Timeout() == again.Timeout(),
		"resumability": s.IsResumable() == again.IsResumable(),
		"bytes":        bytes.Equal(must1(s.MarshalBinary()), must1(again.MarshalBinary())),
	} {
		if !equal {
			differ = append(differ, what)
		}
	}
	if len(differ) > 0 {
		slices.Sort(differ)
		return fmt.Sprintf("other %v", differ)
	}
	return "same id, context, version, cipher, time, timeout, resumability; same bytes when exported again"
}
