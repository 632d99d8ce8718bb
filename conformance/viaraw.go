package conformance

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"time"
	"unsafe"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

// viaRaw calls libssl's functions as they are. What it makes lives until the observation is over, however soon a
// clause lets go of it.
type viaRaw struct{ o *Observer }

func (v viaRaw) newCtx(m libssl.Method) (ctx, error) {
	p, r := raw.CtxNew(int(m))
	return &rawCtx{o: v.o, p: p}, r.Err()
}

func (v viaRaw) newServer(wire net.Conn, c ctx) (conn, error) {
	s, err := v.newConn(wire, c)
	if err == nil {
		raw.SSLSetAcceptState(s.p)
	}
	return s, err
}

func (v viaRaw) newClient(wire net.Conn, c ctx) (conn, error) {
	s, err := v.newConn(wire, c)
	if err == nil {
		raw.SSLSetConnectState(s.p)
	}
	return s, err
}

func (v viaRaw) newConn(wire net.Conn, c ctx) (*rawConn, error) {
	p, r := raw.SSLNew(c.(*rawCtx).p)
	if err := r.Err(); err != nil {
		return nil, err
	}
	in, out := raw.BIONewMem(), raw.BIONewMem()
	raw.SSLSetBIO(p, in, out)
	return &rawConn{rawSSL: rawSSL{p}, o: v.o, wire: wire, in: in, out: out}, nil
}

func (v viaRaw) parse(der []byte) (session, error) {
	p, _, r := raw.D2ISession(der, int64(len(der)))
	return v.o.keep(p), r.Err()
}

func (v viaRaw) parsePEM(pem []byte) (session, error) {
	p, r := raw.PEMReadSession(pem)
	return v.o.keep(p), r.Err()
}

// keep takes over a reference to a session; NULL is none.
func (o *Observer) keep(p raw.Session) session {
	if p == (raw.Session{}) {
		return nil
	}
	s := &rawSession{o: o, p: p}
	o.atEnd(func() { s.Close() })
	return s
}

// borrowed makes a session of one that is somebody else's; NULL is none.
func (o *Observer) borrowed(p raw.Session) session {
	if p != (raw.Session{}) {
		raw.SessionUpRef(p)
	}
	return o.keep(p)
}

type rawCtx struct {
	o *Observer
	p raw.Ctx
}

// Close drops the clause's reference, once.
func (c *rawCtx) Close() error {
	raw.CtxFree(c.p)
	c.p = raw.Ctx{}
	return nil
}

func (c *rawCtx) UseCertificate(cert tls.Certificate) error {
	key, err := x509.MarshalECPrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		return err
	}
	if err := raw.CtxUseCertificateASN1(c.p, cert.Certificate[0]).Err(); err != nil {
		return err
	}
	return raw.CtxUsePrivateKeyASN1(c.p, key).Err()
}

func (c *rawCtx) SetMinVersion(v uint16) error { return raw.CtxSetMinProtoVersion(c.p, v).Err() }
func (c *rawCtx) SetMaxVersion(v uint16) error { return raw.CtxSetMaxProtoVersion(c.p, v).Err() }

func (c *rawCtx) SetOptions(o libssl.Options) libssl.Options {
	return libssl.Options(raw.CtxSetOptions(c.p, uint64(o)))
}

func (c *rawCtx) ClearOptions(o libssl.Options) libssl.Options {
	return libssl.Options(raw.CtxClearOptions(c.p, uint64(o)))
}

func (c *rawCtx) SetVerify(m libssl.VerifyMode, seen func()) {
	var accept func(bool) bool
	if seen != nil {
		accept = func(bool) bool {
			seen()
			return true
		}
	}
	raw.CtxSetVerify(c.p, int(m), accept)
}

func (c *rawCtx) AtClientHello(f func(ssl) error) {
	raw.CtxSetClientHelloCallback(c.p, func(s raw.SSL) int {
		if err := f(rawSSL{s}); err != nil {
			return 0
		}
		return raw.ClientHelloSuccess
	})
}

func (c *rawCtx) AcceptServerNames() {
	raw.CtxSetServerNameCallback(c.p, func(raw.SSL) int { return raw.ServerNameOK })
}

func (c *rawCtx) SetSessionIDContext(sid []byte) error {
	return raw.CtxSetSessionIDContext(c.p, unsafe.SliceData(sid), uint32(len(sid))).Err()
}

func (c *rawCtx) SetGenerateSessionID(g generate) error {
	return raw.CtxSetGenerateSessionID(c.p, g.raw()).Err()
}

// raw is the callback as libssl takes it.
func (g generate) raw() func(raw.SSL, []byte, *uint32) int {
	if g == nil {
		return nil
	}
	return func(s raw.SSL, id []byte, n *uint32) int {
		made, err := g(rawSSL{s}, id)
		if err != nil {
			return 0
		}
		*n = uint32(made)
		return 1
	}
}

func (c *rawCtx) SetSessionCacheMode(m libssl.SessionCacheMode) libssl.SessionCacheMode {
	return libssl.SessionCacheMode(raw.CtxSetSessionCacheMode(c.p, int64(m)).Value)
}

func (c *rawCtx) SessionCacheMode() libssl.SessionCacheMode {
	return libssl.SessionCacheMode(raw.CtxSessionCacheMode(c.p).Value)
}

func (c *rawCtx) SetSessionCacheSize(n int) int {
	return int(raw.CtxSetSessionCacheSize(c.p, int64(n)).Value)
}

func (c *rawCtx) SessionCacheSize() int { return int(raw.CtxSessionCacheSize(c.p).Value) }

func (c *rawCtx) SetTimeout(d time.Duration) time.Duration {
	return duration(raw.CtxSetTimeout(c.p, seconds(d)).Value)
}

func (c *rawCtx) Timeout() time.Duration { return duration(raw.CtxTimeout(c.p).Value) }

func (c *rawCtx) SessionStats() libssl.SessionStats {
	count := func(of func(raw.Ctx) raw.Ret) int { return int(of(c.p).Value) }
	return libssl.SessionStats{
		Number:             count(raw.CtxSessionNumber),
		Connect:            count(raw.CtxSessionConnect),
		ConnectGood:        count(raw.CtxSessionConnectGood),
		ConnectRenegotiate: count(raw.CtxSessionConnectRenegotiate),
		Accept:             count(raw.CtxSessionAccept),
		AcceptGood:         count(raw.CtxSessionAcceptGood),
		AcceptRenegotiate:  count(raw.CtxSessionAcceptRenegotiate),
		Hits:               count(raw.CtxSessionHits),
		CallbackHits:       count(raw.CtxSessionCallbackHits),
		Misses:             count(raw.CtxSessionMisses),
		Timeouts:           count(raw.CtxSessionTimeouts),
		CacheFull:          count(raw.CtxSessionCacheFull),
	}
}

func (c *rawCtx) FlushSessions(at time.Time) { raw.CtxFlushSessions(c.p, unix(at)) }

func (c *rawCtx) AddSession(s session) (bool, error) {
	own := raw.SessionDup(rawOf(s))
	defer raw.SessionFree(own)
	return raw.CtxAddSession(c.p, own).Value == 1, nil
}

func (c *rawCtx) RemoveSession(s session) bool { return raw.CtxRemoveSession(c.p, rawOf(s)).Value == 1 }

func (c *rawCtx) SetNewSessionCallback(f func(session)) {
	if f == nil {
		raw.CtxSetNewSessionCallback(c.p, nil)
		return
	}
	raw.CtxSetNewSessionCallback(c.p, func(_ raw.SSL, x raw.Session) int {
		f(c.o.borrowed(x))
		return 0
	})
}

func (c *rawCtx) SetGetSessionCallback(f func(id []byte) session) {
	if f == nil {
		raw.CtxSetGetSessionCallback(c.p, nil)
		return
	}
	raw.CtxSetGetSessionCallback(c.p, func(_ raw.SSL, id []byte, copy *int32) raw.Session {
		*copy = 0
		if s := f(id); s != nil {
			return raw.SessionDup(rawOf(s))
		}
		return raw.Session{}
	})
}

func (c *rawCtx) SetRemoveSessionCallback(f func(session)) {
	if f == nil {
		raw.CtxSetRemoveSessionCallback(c.p, nil)
		return
	}
	raw.CtxSetRemoveSessionCallback(c.p, func(_ raw.Ctx, x raw.Session) { f(c.o.borrowed(x)) })
}

func (c *rawCtx) SetTicketKeys(keys []byte) error {
	return raw.CtxSetTicketKeys(c.p, unsafe.SliceData(keys), int64(len(keys))).Err()
}

func (c *rawCtx) TicketKeys() ([]byte, error) {
	keys := make([]byte, 80)
	return keys, raw.CtxTicketKeys(c.p, unsafe.SliceData(keys), int64(len(keys))).Err()
}

func (c *rawCtx) SetTicketKeyCallback(f func(encrypt bool) int) error {
	return raw.CtxSetTicketKeyCallback(c.p, f).Err()
}

func (c *rawCtx) SetSessionTicketCallback(make makeTicket, take takeTicket) error {
	var generate func(raw.SSL) int
	if make != nil {
		generate = func(s raw.SSL) int {
			data, err := make()
			if err == nil && data != nil {
				err = raw.SessionSetTicketAppData(raw.SSLGetSession(s), unsafe.SliceData(data), uint64(len(data))).Err()
			}
			return bit(err == nil)
		}
	}
	var decrypt func(raw.SSL, raw.Session, []byte, int) int
	if take != nil {
		decrypt = func(_ raw.SSL, x raw.Session, keyName []byte, status int) int {
			return int(take(c.o.borrowed(x), keyName, libssl.TicketStatus(status)))
		}
	}
	return raw.CtxSetSessionTicketCallback(c.p, generate, decrypt).Err()
}

func (c *rawCtx) SetNumTickets(n int) error { return raw.CtxSetNumTickets(c.p, uint64(n)).Err() }
func (c *rawCtx) NumTickets() int           { return int(raw.CtxNumTickets(c.p)) }

// What clauses that are observed bare only use of these: the pointers.

func ctxOf(c ctx) raw.Ctx  { return c.(*rawCtx).p }
func sslOf(c conn) raw.SSL { return c.(*rawConn).p }

// inChild makes a call that may crash, with a server's SSL where it takes one that is not NULL.
func (o *Observer) inChild(n raw.RiskyCall) string {
	l := o.prepare(o.server(), o.client())
	return must1(raw.InChild(n, sslOf(l.server.conn))).String()
}

type rawSSL struct{ p raw.SSL }

func (s rawSSL) SetSessionIDContext(sid []byte) error {
	return raw.SSLSetSessionIDContext(s.p, unsafe.SliceData(sid), uint32(len(sid))).Err()
}

func (s rawSSL) HasMatchingSessionID(id []byte) bool {
	return raw.SSLHasMatchingSessionID(s.p, unsafe.SliceData(id), uint32(len(id))).Value == 1
}

// A rawConn is an SSL between two buffers, which it fills from a transport and empties into it.
type rawConn struct {
	rawSSL
	o       *Observer
	wire    net.Conn
	in, out raw.BIO

	open  bool // the handshake is over, and nothing has failed since
	ended bool // the transport has
}

// move makes a call that moves records, until it is done or fails.
func (c *rawConn) move(call func() raw.Ret) (raw.Ret, error) {
	for {
		r := call()
		if err := c.flush(); err != nil {
			return r, err
		}
		switch {
		case r.Value > 0:
			return r, nil
		case r.SSLError == raw.ErrorZeroReturn:
			return r, io.EOF
		case r.SSLError != raw.ErrorWantRead:
			c.open = false
			err := r.Err().(*libssl.Error)
			if c.ended {
				err.Err = io.ErrUnexpectedEOF
			}
			return r, err
		}
		if err := c.fill(); err != nil {
			c.open = false
			return r, err
		}
	}
}

// flush sends what libssl has written.
func (c *rawConn) flush() error {
	buf := make([]byte, 1<<14)
	for {
		n := raw.BIORead(c.out, buf)
		if n <= 0 {
			return nil
		}
		if _, err := c.wire.Write(buf[:n]); err != nil {
			return err
		}
	}
}

// fill waits for something for libssl to read.
func (c *rawConn) fill() error {
	buf := make([]byte, 1<<14)
	n, err := c.wire.Read(buf)
	raw.BIOWrite(c.in, buf[:n])
	if errors.Is(err, io.EOF) && !c.ended {
		c.ended = true
		raw.BIOEnd(c.in)
		return nil
	}
	return err
}

func (c *rawConn) Handshake() error {
	_, err := c.move(func() raw.Ret { return raw.SSLDoHandshake(c.p) })
	c.open = err == nil
	return err
}

func (c *rawConn) Read(p []byte) (int, error) {
	r, err := c.move(func() raw.Ret { return raw.SSLRead(c.p, p) })
	return max(0, int(r.Value)), err
}

func (c *rawConn) Write(p []byte) (int, error) {
	r, err := c.move(func() raw.Ret { return raw.SSLWrite(c.p, p) })
	return max(0, int(r.Value)), err
}

func (c *rawConn) CloseWrite() error {
	if c.open {
		raw.SSLShutdown(c.p)
	}
	return c.flush()
}

// Close ends the connection in good order, if it can be.
func (c *rawConn) Close() error {
	if c.p == (raw.SSL{}) {
		return nil
	}
	_ = c.CloseWrite()
	return c.Abandon()
}

// Abandon frees the SSL as it is.
func (c *rawConn) Abandon() error {
	raw.SSLFree(c.p)
	c.p = raw.SSL{}
	return c.wire.Close()
}

// Session is libssl's own, with a reference to it; a connection that is closed has none.
func (c *rawConn) Session() session {
	if c.p == (raw.SSL{}) {
		return nil
	}
	return c.o.keep(raw.SSLGet1Session(c.p))
}

func (c *rawConn) SetGenerateSessionID(g generate) error {
	return raw.SSLSetGenerateSessionID(c.p, g.raw()).Err()
}

func (c *rawConn) SetServerName(name string) error { return raw.SSLSetServerName(c.p, name).Err() }
func (c *rawConn) SetSession(s session) error      { return raw.SSLSetSession(c.p, rawOf(s)).Err() }
func (c *rawConn) SessionReused() bool             { return raw.SSLSessionReused(c.p) }
func (c *rawConn) CipherSuite() uint16             { return raw.SSLCipherSuite(c.p) }

type rawSession struct {
	o *Observer
	p raw.Session
}

// rawOf is the pointer to a session; NULL for none.
func rawOf(s session) raw.Session {
	if s == nil {
		return raw.Session{}
	}
	return s.(*rawSession).p
}

// Close drops the reference, once.
func (s *rawSession) Close() error {
	raw.SessionFree(s.p)
	s.p = raw.Session{}
	return nil
}

func (s *rawSession) Clone() (session, error) { return s.o.keep(raw.SessionDup(s.p)), nil }

func (s *rawSession) MarshalBinary() ([]byte, error) {
	der, r := raw.I2DSessionTo(s.p)
	return der, failed(r)
}

func (s *rawSession) MarshalText() ([]byte, error) {
	pem, r := raw.PEMWriteSession(s.p)
	return pem, failed(r)
}

// failed is the error of a call that returns a length.
func failed(r raw.Ret) error {
	if r.Value > 0 {
		return nil
	}
	return r.Err()
}

func (s *rawSession) ID() []byte {
	id, _ := raw.SessionID(s.p)
	return id
}

func (s *rawSession) SetID(id []byte) error {
	return raw.SessionSetID(s.p, unsafe.SliceData(id), uint32(len(id))).Err()
}

func (s *rawSession) IDContext() []byte { return raw.SessionIDContext(s.p) }

func (s *rawSession) SetIDContext(sid []byte) error {
	return raw.SessionSetIDContext(s.p, unsafe.SliceData(sid), uint32(len(sid))).Err()
}

func (s *rawSession) Time() time.Time {
	if t := raw.SessionTime(s.p).Value; t != 0 {
		return time.Unix(t, 0)
	}
	return time.Time{}
}

// SetTime does not fail: what comes back is the time.
func (s *rawSession) SetTime(t time.Time) error {
	raw.SessionSetTime(s.p, unix(t))
	return nil
}

func (s *rawSession) Timeout() time.Duration { return duration(raw.SessionTimeout(s.p).Value) }

func (s *rawSession) SetTimeout(d time.Duration) error {
	return raw.SessionSetTimeout(s.p, seconds(d)).Err()
}

func (s *rawSession) Version() uint16          { return raw.SessionProtocolVersion(s.p) }
func (s *rawSession) CipherSuite() uint16      { return raw.SessionCipherSuite(s.p) }
func (s *rawSession) IsResumable() bool        { return raw.SessionIsResumable(s.p) }
func (s *rawSession) HasTicket() bool          { return raw.SessionHasTicket(s.p) }
func (s *rawSession) ServerName() string       { return raw.SessionServerName(s.p) }
func (s *rawSession) HasPeerCertificate() bool { return raw.SessionHasPeer(s.p) }

func (s *rawSession) TicketLifetimeHint() time.Duration {
	return duration(int64(raw.SessionTicketLifetimeHint(s.p)))
}

func (s *rawSession) TicketAppData() []byte {
	data, _, _ := raw.SessionTicketAppData(s.p)
	return data
}

func (s *rawSession) SetTicketAppData(data []byte) error {
	return raw.SessionSetTicketAppData(s.p, unsafe.SliceData(data), uint64(len(data))).Err()
}

// duration is so many seconds, as far as a Duration reaches.
func duration(seconds int64) time.Duration {
	const limit = int64(1<<63-1) / int64(time.Second)
	return time.Duration(max(-limit, min(seconds, limit))) * time.Second
}
