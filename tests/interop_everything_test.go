package tests

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A server and a client that use at once what a TLS program sets around sessions. The files beside this one have them
// talk with other programs; each side's account of a connection has to agree with the other's.

const (
	exporterLabel  = "EXPERIMENTAL interop"
	exporterLength = 20
)

// everythingPKI are the certificates of both. All leaves are issued by an intermediate that is sent along.
type everythingPKI struct {
	ca                *testutil.Authority
	ecdsa, rsa, other tls.Certificate // of the server: two for a.test, one for b.test
	client            tls.Certificate
	intermediate      *testutil.Authority
	statuses          map[string][]byte // the OCSP responses of all, by their serial numbers

	// For other programs: as clients, and as servers that have ecdsa.
	caFile, chainFile                   string // the latter is the intermediate
	clientCert, clientKey               string // certificates are without the chain,
	clientChain, serverChain            string // and with it
	serverCert, serverKey, serverStatus string
}

func newEverythingPKI(t *testing.T) *everythingPKI {
	t.Helper()
	p := &everythingPKI{ca: testutil.Certs(t).CA, statuses: make(map[string][]byte)}
	p.intermediate = testutil.NewAuthority(t, "everything's intermediate", p.ca)
	issue := func(name string, kind keyType) tls.Certificate {
		cert := testutil.Issue(t, p.intermediate, kind.key(), func(c *x509.Certificate) { c.Subject.CommonName = name })
		cert.Certificate = append(cert.Certificate, p.intermediate.Cert.Raw)
		response, err := ocsp.CreateResponse(p.intermediate.Cert, p.intermediate.Cert, ocsp.Response{
			Status: ocsp.Good, SerialNumber: cert.Leaf.SerialNumber,
			ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(24 * time.Hour),
		}, p.intermediate.Key)
		require.NoError(t, err)
		p.statuses[cert.Leaf.SerialNumber.String()] = response
		return cert
	}
	p.ecdsa, p.rsa = issue("a by ECDSA", keyTypes[1]), issue("a by RSA", keyTypes[0])
	p.other, p.client = issue("b", keyTypes[1]), issue("client", keyTypes[1])
	p.caFile = testutil.CAFile(t, p.ca)
	p.chainFile = testutil.CAFile(t, p.intermediate)
	p.clientChain, p.clientKey = testutil.Files(t, p.client)
	p.serverChain, p.serverKey = testutil.Files(t, p.ecdsa)
	leaf := func(c tls.Certificate) string {
		return testutil.File(t, "leaf.pem", testutil.CertPEM(tls.Certificate{Certificate: c.Certificate[:1]}))
	}
	p.clientCert, p.serverCert = leaf(p.client), leaf(p.ecdsa)
	p.serverStatus = testutil.File(t, "status.der", p.status(p.ecdsa.Leaf))
	return p
}

// status returns the OCSP response of one of the certificates.
func (p *everythingPKI) status(cert *x509.Certificate) []byte {
	return p.statuses[cert.SerialNumber.String()]
}

// A heard is what the callbacks were told of one connection.
type heard struct {
	hello       string // the name that a ClientHello asked for
	chosen      int    // how often a certificate was to be chosen
	chain       string // the chain that was verified
	keylog      []string
	done        int // handshakes that were completed
	clientHello int // and ClientHellos seen
	status      []byte
	sessions    int
}

// everything is one side, and what its callbacks were told.
type everything struct {
	*everythingPKI
	ctx, other *libssl.Ctx // other: a server's for b.test, which lets in those who have a certificate
	signed     vault       // the key of the server's ECDSA certificate, or the client's
	store      *sessionMap
	mode       pair.Mode

	mu    sync.Mutex
	heard map[*libssl.SSL]*heard
}

// of returns a copy of what the callbacks were told of a connection.
func (e *everything) of(c *libssl.Conn) heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	if got := e.heard[c.SSL()]; got != nil {
		return *got
	}
	return heard{}
}

func (e *everything) note(s *libssl.SSL, f func(*heard)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.heard[s] == nil {
		e.heard[s] = new(heard)
	}
	f(e.heard[s])
}

// equip gives a Ctx what both sides have.
func (e *everything) equip(t *testing.T, ctx *libssl.Ctx) {
	t.Helper()
	t.Cleanup(func() { ctx.Close() })
	for _, err := range []error{
		ctx.SetMinVersion(e.mode.Version),
		ctx.SetMaxVersion(e.mode.Version),
		ctx.SetVerifyRoots(e.ca.PEM),
		ctx.SetCipherList("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"),
		ctx.SetCipherSuites("TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"),
		ctx.SetGroupsList("P-256"), // not what others send a share for: TLS 1.3 retries
		ctx.SetSigalgsList("ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256"),
		ctx.SetMaxSendFragment(4096),
	} {
		require.NoError(t, err)
	}
	ctx.SetOptions(libssl.NoCompression | libssl.CipherServerPreference)
	ctx.SetTimeout(time.Hour)
	ctx.SetVerifyDepth(3)
	ctx.SetVerifyFlags(libssl.VerifyFlagTrustedFirst)
	ctx.SetVerify(libssl.VerifyPeer, e.verify)
	ctx.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) {
		e.note(s, func(n *heard) { n.chosen++ })
		return nil, nil
	})
	ctx.SetKeylogCallback(func(s *libssl.SSL, line string) {
		e.note(s, func(n *heard) { n.keylog = append(n.keylog, line) })
	})
	ctx.SetInfoCallback(func(s *libssl.SSL, i libssl.Info) {
		if i.Where&libssl.InfoHandshakeDone != 0 {
			e.note(s, func(n *heard) { n.done++ })
		}
	})
	ctx.SetMsgCallback(func(s *libssl.SSL, m libssl.Msg) {
		if m.ContentType == 22 && len(m.Data) > 0 && m.Data[0] == 1 {
			e.note(s, func(n *heard) { n.clientHello++ })
		}
	})
}

func (e *everything) verify(v *libssl.Verification) error {
	if v.Depth() == 0 {
		chain := names([][]*x509.Certificate{v.Chain()})[0]
		e.note(v.SSL(), func(n *heard) { n.chain = strings.Join(chain, ", ") })
	}
	return v.Err()
}

// newEverythingServer returns a server that knows two names.
func newEverythingServer(t *testing.T, mode pair.Mode) *everything {
	t.Helper()
	e := &everything{everythingPKI: newEverythingPKI(t), mode: mode, heard: make(map[*libssl.SSL]*heard),
		store: &sessionMap{sessions: make(map[string][]byte)}}
	var cert tls.Certificate
	cert, e.signed = locked(e.ecdsa)
	var err error
	e.ctx, err = libssl.NewServerCtx(cert)
	require.NoError(t, err)
	bundle := testutil.File(t, "rsa.pem", append(testutil.CertPEM(e.rsa), testutil.KeyPEM(t, e.rsa)...))
	require.NoError(t, e.ctx.UseCertificateURI("file:"+bundle))
	e.other, err = libssl.NewServerCtx(e.everythingPKI.other)
	require.NoError(t, err)

	keys := libssl.NewRotatingTicketKeys(time.Hour, time.Hour)
	for _, ctx := range []*libssl.Ctx{e.ctx, e.other} {
		e.equip(t, ctx)
		if !mode.Tickets {
			ctx.SetOptions(libssl.NoTicket)
		}
		require.NoError(t, ctx.SetClientSigalgsList("ECDSA+SHA256:RSA-PSS+SHA256"))
		require.NoError(t, ctx.AddClientCA(e.ca.Cert))
		ctx.SetALPNSelectCallback(libssl.SelectALPN("h2", "http/1.1"))
		ctx.SetServerStatusCallback(func(s *libssl.SSL) ([]byte, error) {
			own, err := s.Certificate()
			if err != nil {
				return nil, err
			}
			return e.status(own), nil
		})
		ctx.SetClientHelloCallback(func(h *libssl.ClientHello) error {
			e.note(h.SSL(), func(n *heard) { n.hello = h.ServerName() })
			return nil
		})
		ctx.SetNotResumableSessionCallback(func(*libssl.SSL, bool) bool { return false })
		ctx.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternal)
		require.NoError(t, ctx.SetGenerateSessionID(libssl.PrefixSessionID([]byte("every"))))
		require.NoError(t, ctx.SetTicketKeyManager(keys))
		require.NoError(t, ctx.SetNumTickets(2))
		e.store.use(ctx)
	}
	// Nobody else's, or those who trust another CA would share it: after a switch by name that ends its sessions.
	require.NoError(t, e.ctx.SetSessionIDContext([]byte("a.test"+rand.Text())))
	require.NoError(t, e.other.SetSessionIDContext([]byte("b.test"+rand.Text())))
	e.other.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, e.verify)
	e.ctx.SetServerNameCallback(func(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
		if name == "b.test" {
			return e.other, nil
		}
		return nil, nil
	})
	return e
}

// newEverythingClient returns a client that trusts pki's CA and has its client certificate.
func newEverythingClient(t *testing.T, mode pair.Mode, pki *everythingPKI) *everything {
	t.Helper()
	e := &everything{everythingPKI: pki, mode: mode, heard: make(map[*libssl.SSL]*heard)}
	var err error
	e.ctx, err = libssl.NewClientCtx()
	require.NoError(t, err)
	e.equip(t, e.ctx)
	var cert tls.Certificate
	cert, e.signed = locked(e.client)
	require.NoError(t, e.ctx.UseCertificate(cert))
	require.NoError(t, e.ctx.SetALPNProtos("http/1.1", "h2"))
	e.ctx.SetPostHandshakeAuth(true)
	e.ctx.SetStatusType(libssl.StatusTypeOCSP)
	e.ctx.SetClientStatusCallback(func(s *libssl.SSL, response []byte) error {
		e.note(s, func(n *heard) { n.status = bytes.Clone(response) })
		if response == nil {
			return nil
		}
		_, err := ocsp.ParseResponse(response, e.intermediate.Cert)
		return err
	})
	e.ctx.SetSessionCacheMode(libssl.SessionCacheClient | libssl.SessionCacheNoInternal)
	e.ctx.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { e.note(s, func(n *heard) { n.sessions++ }) })
	return e
}

// dial connects a client that asks for a name, and shakes hands.
func (e *everything) dial(t *testing.T, addr, name string, sess *libssl.Session) *libssl.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), pair.Limit)
	defer cancel()
	d := libssl.Dialer{Ctx: e.ctx, ServerName: name, Session: sess}
	c, err := d.DialContext(ctx, "tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(pair.Limit)))
	return c.(*libssl.Conn)
}

// An account is what a side says of a connection. It need not say everything.
type account map[string]string

const (
	saysVersion    = "version"
	saysCipher     = "cipher, by libssl's name"
	saysALPN       = "protocol by ALPN"
	saysResumed    = "resumed"
	saysServerName = "name asked for"
	saysServerCert = "server's certificate"
	saysClientCert = "client's certificate"
	saysExporter   = "exported key"
	saysUnique     = "tls-unique"
	saysEndPoint   = "tls-server-end-point"
	saysTLSExport  = "tls-exporter"
	saysKeylog     = "key log"
	saysStatus     = "serial number in the stapled response"
)

// account returns what we say.
func (e *everything) account(t *testing.T, c *libssl.Conn) account {
	t.Helper()
	state := c.ConnectionState()
	require.True(t, state.HandshakeComplete)
	a := account{
		saysVersion: strings.ReplaceAll(tls.VersionName(state.Version), " ", "v"),
		saysCipher:  c.CipherName(),
		saysALPN:    state.NegotiatedProtocol,
		saysResumed: fmt.Sprint(state.DidResume),
		saysUnique:  hex.EncodeToString(c.TLSUnique()),
		saysKeylog:  sortedKeylog(e.of(c).keylog),
	}
	exported, err := c.ExportKeyingMaterial(exporterLabel, nil, exporterLength)
	require.NoError(t, err)
	a[saysExporter] = hex.EncodeToString(exported)
	channel, err := c.TLSExporter()
	require.NoError(t, err)
	a[saysTLSExport] = hex.EncodeToString(channel)
	if !state.DidResume {
		a[saysServerName] = state.ServerName
		own, err := c.Certificate()
		require.NoError(t, err)
		server, client := own, own
		if e.isServer() {
			client = nil
			if len(state.PeerCertificates) > 0 {
				client = state.PeerCertificates[0]
			}
		} else {
			server = state.PeerCertificates[0]
		}
		if client != nil {
			a[saysClientCert] = client.Subject.CommonName
		}
		a[saysServerCert] = server.Subject.CommonName
		sum, err := c.TLSServerEndPoint()
		require.NoError(t, err)
		want := sha256.Sum256(server.Raw)
		require.Equal(t, want[:], sum)
		a[saysEndPoint] = hex.EncodeToString(sum)
		a[saysStatus] = fmt.Sprintf("%x", server.SerialNumber)
	}
	return a
}

func (e *everything) isServer() bool { return e.store != nil }

// requireAgree requires that the other side says the same wherever it says something.
func (a account) requireAgree(t *testing.T, theirs account) {
	t.Helper()
	require.NotEmpty(t, theirs)
	for what, said := range theirs {
		ours, ok := a[what]
		require.True(t, ok, "we say nothing of %s", what)
		assert.Equal(t, ours, said, what)
	}
}

// sortedKeylog returns the lines of a key log in one order.
func sortedKeylog(lines []string) string {
	lines = slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return s == "" || strings.HasPrefix(s, "#") })
	for i := range lines {
		lines[i] = strings.ToLower(strings.TrimSpace(lines[i]))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

// readKeylog returns what a program has logged in a file.
func readKeylog(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotEmpty(t, text)
	return sortedKeylog(strings.Split(string(text), "\n"))
}

// requireServed requires that a server's callbacks were all told of a connection with a client who asked for a name and
// has our certificate.
func (e *everything) requireServed(t *testing.T, c *libssl.Conn, name string, resumed bool) {
	t.Helper()
	got := e.of(c)
	assert.Equal(t, name, got.hello)
	assert.Positive(t, got.clientHello)
	assert.Positive(t, got.done)
	assert.NotEmpty(t, got.keylog)
	assert.Equal(t, resumed, c.SessionReused())
	if resumed {
		assert.Zero(t, got.chosen)
		assert.Empty(t, got.chain, "nobody is verified again")
	} else {
		assert.Positive(t, got.chosen)
		assert.Equal(t, "client, everything's intermediate, Test CA", got.chain)
		state := c.ConnectionState()
		require.Len(t, state.PeerCertificates, 2)
		assert.Equal(t, [][]string{strings.Split(got.chain, ", ")}, names(state.VerifiedChains))
	}
	requirePeer(t, e.client, c.Session())
	assert.NoError(t, c.VerifyResult())
	want := e.ctx
	if name == "b.test" {
		want = e.other
	}
	assert.Same(t, want, c.Ctx())
	if libssl.VersionNumber() >= 0x30000000 && !(resumed && !e.mode.TLS13()) {
		assert.Equal(t, tls.CurveP256, c.ConnectionState().CurveID)
	}
	if !e.mode.Tickets {
		assert.Equal(t, "every", string(c.Session().ID()[:5]))
	}
}

// requireStored requires that a server's sessions went to the store, and came from there if they are no tickets.
func (e *everything) requireStored(t *testing.T) {
	t.Helper()
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	if !e.mode.Tickets {
		assert.Positive(t, e.store.put)
		assert.Positive(t, e.store.found)
	}
}

// requireConnected requires that a client's callbacks were all told of a connection with a server that has shown
// cert and stapled status.
func (e *everything) requireConnected(t *testing.T, c *libssl.Conn, cert tls.Certificate, status []byte, resumed bool) {
	t.Helper()
	got := e.of(c)
	assert.Positive(t, got.clientHello)
	assert.Positive(t, got.done)
	assert.NotEmpty(t, got.keylog)
	assert.Equal(t, resumed, c.SessionReused())
	assert.NoError(t, c.VerifyResult())
	if resumed {
		assert.Empty(t, got.chain)
		return
	}
	chain := cert.Leaf.Subject.CommonName + ", everything's intermediate, Test CA"
	assert.Equal(t, chain, got.chain)
	state := c.ConnectionState()
	assert.Equal(t, cert.Certificate[0], state.PeerCertificates[0].Raw)
	assert.Equal(t, [][]string{strings.Split(chain, ", ")}, names(state.VerifiedChains))
	assert.Equal(t, status, got.status)
	assert.Equal(t, status, state.OCSPResponse)
}

// The two with each other.
func TestEverything(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := newEverythingServer(t, mode)
			client := newEverythingClient(t, mode, server.everythingPKI)
			next := serveAll(t, server.ctx)
			for _, tt := range []struct {
				name string
				cert tls.Certificate
			}{{"a.test", server.ecdsa}, {"b.test", server.everythingPKI.other}} {
				var sess *libssl.Session
				for _, resumed := range []bool{false, true} {
					c := client.dial(t, next.addr, tt.name, sess)
					s := next.conn(t)
					require.NoError(t, pair.Echo(c, s, "hello"))
					server.requireServed(t, s, tt.name, resumed)
					client.requireConnected(t, c, tt.cert, server.status(tt.cert.Leaf), resumed)
					assert.Equal(t, tt.name, c.ConnectionState().ServerName)
					ours := server.account(t, s)
					theirs := client.account(t, c)
					delete(theirs, saysServerName)
					ours.requireAgree(t, theirs)
					theirs.requireAgree(t, maps.Clone(theirs))
					assert.Equal(t, "h2", ours[saysALPN])
					sess = c.Session()
					require.NoError(t, pair.Close(c, s))
				}
			}
			assert.Equal(t, int32(1), server.signed.used.Load())
			assert.Equal(t, int32(2), client.signed.used.Load())
			server.requireStored(t)
		})
	}
}

// An arrivals accepts connections in the background.
type arrivals struct {
	addr  string
	conns <-chan *libssl.Conn
}

// serveAll accepts connections and shakes hands with them until the test ends.
func serveAll(t *testing.T, ctx *libssl.Ctx) *arrivals {
	t.Helper()
	l, err := libssl.Listen("tcp", "127.0.0.1:0", ctx)
	require.NoError(t, err)
	conns := make(chan *libssl.Conn, 16)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conn := c.(*libssl.Conn)
			conn.SetDeadline(time.Now().Add(pair.Limit))
			conns <- conn
			all.Go(func() { conn.Handshake() }) // its error stays
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
		for len(conns) > 0 {
			(<-conns).Close()
		}
	})
	return &arrivals{l.Addr().String(), conns}
}

// conn returns the next connection, after its handshake.
func (a *arrivals) conn(t *testing.T) *libssl.Conn {
	t.Helper()
	c := within(t, pair.Limit, a.conns, "a connection")
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.Handshake())
	return c
}

// readLine reads a line, byte by byte, so that nothing after it is lost.
func readLine(t *testing.T, c io.Reader) string {
	t.Helper()
	var line []byte
	for b := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; line = append(line, b[0]) {
		_, err := io.ReadFull(c, b)
		require.NoError(t, err, "after %q", line)
	}
	return string(line)
}
