package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"github.com/go-libssl/libssl"
)

// identity is the certificate that every server of a run shows, and clients that are to show one.
type identity struct{ cert tls.Certificate }

func newIdentity() (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "sslconform"},
		DNSNames:     []string{"sslconform"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// A setting is something done to a Ctx before it is used.
type setting func(ctx)

// server makes a Ctx for the mode's servers: libssl's own defaults but for the protocol version, the
// certificate, and SSL_OP_NO_TICKET in the stateful modes.
func (o *Observer) server(set ...setting) ctx {
	if o.Mode.stateful() {
		set = append([]setting{noTicket}, set...)
	}
	return o.ctx(libssl.TLSMethod, append([]setting{o.certificate, o.onlyVersion}, set...)...)
}

// client makes a Ctx for the mode's clients.
func (o *Observer) client(set ...setting) ctx {
	return o.ctx(libssl.TLSMethod, append([]setting{o.onlyVersion}, set...)...)
}

// ctx makes a Ctx as SSL_CTX_new does, with the settings given and no other.
func (o *Observer) ctx(m libssl.Method, set ...setting) ctx {
	c := must1(o.library().newCtx(m))
	o.atEnd(func() { c.Close() })
	for _, s := range set {
		s(c)
	}
	return c
}

func (o *Observer) certificate(c ctx) { must(c.UseCertificate(o.id.cert)) }

func (o *Observer) onlyVersion(c ctx) {
	if o.Mode.tls13() {
		version(tls.VersionTLS13)(c)
	} else {
		version(tls.VersionTLS12)(c)
	}
}

func version(v uint16) setting {
	return func(c ctx) {
		must(c.SetMinVersion(v))
		must(c.SetMaxVersion(v))
	}
}

func noTicket(c ctx) { c.SetOptions(libssl.NoTicket) }

// verifyPeer asks the other side for a certificate and takes any.
func verifyPeer(c ctx) {
	c.SetVerify(libssl.VerifyPeer, func() {})
}

func sidCtx(sid string) setting {
	return func(c ctx) { must(c.SetSessionIDContext([]byte(sid))) }
}

func cacheMode(m libssl.SessionCacheMode) setting {
	return func(c ctx) { c.SetSessionCacheMode(m) }
}

func numTickets(n int) setting {
	return func(c ctx) { must(c.SetNumTickets(n)) }
}

// A hook is something done to the two connections before the handshake.
type hook func(l *link)

// offer has the client offer a copy of a session. A session that never was is not offered.
func offer(s session) hook {
	return func(l *link) {
		if s != nil {
			must(l.client.conn.SetSession(must1(s.Clone())))
		}
	}
}

// aloof has the harness keep away from the sessions, for clauses that count references.
func aloof(l *link) { l.aloof = true }

func onServer(f func(conn)) hook { return func(l *link) { f(l.server.conn) } }
func onClient(f func(conn)) hook { return func(l *link) { f(l.client.conn) } }

// A link is a server and a client that have met.
type link struct {
	server, client peer
	aloof          bool // the harness takes no session, and so no reference to one
}

// A peer is one side of a link and how it fared.
type peer struct {
	conn    conn
	wire    *transport
	err     error // the handshake's, or what came after it
	talking bool  // the handshake was over when err came
	reused  bool
	session session
}

// open makes a handshake and sends a message there and back, so that a TLS 1.3 client has read its
// tickets. The connections stay open.
func (o *Observer) open(server, client ctx, hooks ...hook) *link {
	l := o.prepare(server, client, hooks...)
	l.meet()
	l.greet()
	return l
}

// connect is open, followed by an orderly close of both sides.
func (o *Observer) connect(server, client ctx, hooks ...hook) *link {
	l := o.open(server, client, hooks...)
	l.close()
	return l
}

// resume connects anew and offers the session that the client got on an earlier link.
func (o *Observer) resume(server, client ctx, earlier *link, hooks ...hook) *link {
	return o.connect(server, client, append([]hook{offer(earlier.client.session)}, hooks...)...)
}

// prepare makes the two connections and stops short of the handshake.
func (o *Observer) prepare(server, client ctx, hooks ...hook) *link {
	a, b := newTransport()
	o.Watch(a, b)
	l := &link{
		server: peer{wire: a, conn: must1(o.library().newServer(a, server))},
		client: peer{wire: b, conn: must1(o.library().newClient(b, client))},
	}
	o.atEnd(l.close)
	for _, h := range hooks {
		h(l)
	}
	return l
}

// meet makes both sides' handshakes.
func (l *link) meet() {
	l.both(func(p *peer) {
		if p.err = p.conn.Handshake(); p.err == nil {
			p.reused = p.conn.SessionReused()
		}
	})
}

// greet has whoever got through the handshake send a message there and back.
func (l *link) greet() {
	talk := map[*peer]func(io.ReadWriter) error{&l.server: answer, &l.client: ask}
	l.both(func(p *peer) {
		if p.err == nil {
			p.talking = true
			p.err = talk[p](p.conn)
		}
	})
}

// both does something on the two sides at once. A side that fails sends its alert and hangs up, and one
// that panics takes the other along, so that nobody waits for ever.
func (l *link) both(do func(*peer)) {
	side := func(p *peer) func() {
		return func() {
			defer func() {
				if v := recover(); v != nil {
					l.server.wire.Close()
					l.client.wire.Close()
					panic(v)
				}
			}()
			do(p)
			if !l.aloof {
				p.session = p.conn.Session()
			}
			if p.err != nil {
				p.conn.Close()
			}
		}
	}
	Together(side(&l.server), side(&l.client))
}

// lastWord closes the writing side, of the transport too: whoever reads does not wait for a close_notify that never
// came.
func (p *peer) lastWord() error {
	err := p.conn.CloseWrite()
	p.wire.out.end()
	return err
}

func (l *link) close() {
	l.client.conn.Close()
	l.server.conn.Close()
}

const greeting = "hello"

// ask sends a message and waits for it to come back.
func ask(c io.ReadWriter) error {
	if _, err := io.WriteString(c, greeting); err != nil {
		return err
	}
	return hear(c)
}

// answer sends back the message that it gets.
func answer(c io.ReadWriter) error {
	if err := hear(c); err != nil {
		return err
	}
	_, err := io.WriteString(c, greeting)
	return err
}

func hear(c io.Reader) error {
	buf := make([]byte, len(greeting))
	if _, err := io.ReadFull(c, buf); err != nil {
		return err
	}
	if string(buf) != greeting {
		return errors.New("the message came through garbled")
	}
	return nil
}

// String tells how the handshake went: whether client and server say that a session was reused, or
// what each of them failed with.
func (l *link) String() string {
	if l.server.err == nil && l.client.err == nil {
		return "ok " + l.reused()
	}
	return fmt.Sprintf("FAIL %s %s", l.server.failure("srv"), l.client.failure("cli"))
}

func (l *link) reused() string {
	return fmt.Sprintf("reused=%d/%d", bit(l.client.reused), bit(l.server.reused))
}

func (p *peer) failure(who string) string {
	switch {
	case p.err == nil:
		return who + "<ok>"
	case p.talking:
		return fmt.Sprintf("%s(on read)<%s>", who, queue(p.err))
	}
	return fmt.Sprintf("%s<%s>", who, queue(p.err))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// idLen is the length of a session's id, -1 where there is no session.
func idLen(s session) int {
	if s == nil {
		return -1
	}
	return len(s.ID())
}

// Together does several things at once. If one panics the panic goes on here, when all are done.
func Together(todo ...func()) {
	var wg sync.WaitGroup
	panics := make(chan any, len(todo))
	for _, f := range todo {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					panics <- v
				}
			}()
			f()
		})
	}
	wg.Wait()
	select {
	case v := <-panics:
		panic(v)
	default:
	}
}
