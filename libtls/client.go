package libtls

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/go-libssl/libssl"
)

// Dial connects to addr and makes a client's connection, whose server must be the host in addr. The handshake runs at
// the first Handshake, Read or Write. A nil Config is the default one.
//
// C: tls_connect(3)
func Dial(network, addr string, cfg *Config) (*Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = ""
	}
	return DialServerName(network, addr, host, cfg)
}

// DialServerName is Dial for a server of another name than the host's.
//
// C: tls_connect_servername(3)
func DialServerName(network, addr, serverName string, cfg *Config) (*Conn, error) {
	transport, err := net.Dial(network, addr)
	if err != nil {
		return nil, err
	}
	c, err := Client(transport, serverName, cfg)
	if err != nil {
		transport.Close()
		return nil, err
	}
	return c, nil
}

// Client makes a client's connection on a transport, which the Conn owns once there is one: unlike tls_close(3), Close
// closes it. serverName is who the server must be, a name or an address; a name is also told to the server. It may be
// empty with InsecureNoVerifyName alone. A session file is read now. A nil Config is the default one.
//
// C: tls_connect_socket(3)
func Client(transport net.Conn, serverName string, cfg *Config) (*Conn, error) {
	if cfg == nil {
		cfg = NewConfig()
	}
	as, err := cfg.clientSettings(serverName)
	if err != nil {
		return nil, err
	}
	saved, err := as.savedSession()
	if err != nil {
		return nil, err
	}
	defer saved.close()
	c := &Conn{client: true, trust: as.trust, serverName: serverName, file: as.file, lockTries: lockTries}
	conn, err := libssl.Client(transport, as.ctx)
	if err != nil {
		return nil, fault(ErrContext, err)
	}
	c.conn = conn
	conn.SetValue(connKey{}, c)
	// A Conn that fails here is dropped and not closed: the transport is still the caller's.
	if serverName != "" {
		if err := conn.SetServerName(serverName); err != nil {
			return nil, fault(ErrServerNameIndicated, err)
		}
	}
	if saved.sess != nil && (as.legacy || c.trusts(as.ctx, saved.sess)) {
		if err := c.offer(saved); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// clientSettings is what a client takes over from its Config.
type clientSettings struct {
	ctx          *libssl.Ctx
	trust        trust
	file         *sessionFile // nil: there is none
	heal, legacy bool
}

// clientSettings returns them as they are at one moment: a Ctx that tells of new sessions goes with a file to save them in.
func (c *Config) clientSettings(serverName string) (clientSettings, error) {
	c.lock()
	defer c.mu.Unlock()
	if serverName == "" && !c.trust.noName {
		return clientSettings{}, fault(ErrServerNameMissing, nil)
	}
	ctx, err := c.clientCtx()
	return clientSettings{ctx, c.trust, c.file, c.heal, c.legacy}, err
}

// savedSession is what a client finds in its session file.
type savedSession struct {
	sess  *libssl.Session // nil: there is none
	alone bool            // in the file
}

func (s savedSession) close() {
	if s.sess != nil {
		s.sess.Close()
	}
}

// savedSession reads the session file.
func (as *clientSettings) savedSession() (s savedSession, err error) {
	if as.file == nil {
		return s, nil
	}
	s.sess, s.alone, err = as.file.loadSession()
	if as.heal && unparsable(err) {
		err = nil
	}
	return s, err
}

// offer has the server asked to resume a session.
func (c *Conn) offer(saved savedSession) error {
	if err := c.conn.SetSession(saved.sess); err != nil {
		return fault(ErrSetSession, err)
	}
	c.mark = saved.sess.TicketAppData() // as it is: resumption verifies nothing
	if !saved.alone {
		c.untidy, _ = saved.sess.Clone()
	}
	return nil
}

// connKey is what a Conn is kept under, for callbacks.
type connKey struct{}

func connOf(s *libssl.SSL) *Conn {
	c, _ := s.Value(connKey{}).(*Conn)
	return c
}

// clientCtx returns what clients are made from. c.mu is held.
func (c *Config) clientCtx() (*libssl.Ctx, error) {
	if c.client != nil {
		return c.client, nil
	}
	ctx, err := libssl.NewCtx(libssl.TLSClientMethod)
	if err != nil {
		return nil, fault(ErrContext, err)
	}
	if err := c.setUpClient(ctx); err != nil {
		ctx.Close()
		return nil, err
	}
	c.client = ctx
	return ctx, nil
}

func (c *Config) setUpClient(ctx *libssl.Ctx) error {
	if err := c.setUp(ctx); err != nil {
		return err
	}
	if k := c.keypairs[0]; !k.empty() {
		if err := k.use(ctx); err != nil {
			return err
		}
	}
	if err := c.trust.use(ctx, libssl.VerifyPeer); err != nil {
		return err
	}
	if len(c.alpn) > 0 {
		if err := ctx.SetALPNProtos(c.alpn...); err != nil {
			return fault(ErrContext, err)
		}
	}
	ctx.SetStatusType(libssl.StatusTypeOCSP)
	ctx.SetClientStatusCallback(func(s *libssl.SSL, response []byte) error {
		return connOf(s).judgeStaple(response)
	})
	if c.file == nil {
		ctx.SetSessionCacheMode(libssl.SessionCacheOff)
		ctx.SetOptions(libssl.NoTicket)
		return nil
	}
	ctx.SetSessionCacheMode(libssl.SessionCacheClient | libssl.SessionCacheNoInternalStore)
	ctx.SetNewSessionCallback(func(s *libssl.SSL, sess *libssl.Session) {
		connOf(s).ticketArrived(sess)
	})
	return nil
}

// setUp is what clients and servers have in common. c.mu is held.
func (c *Config) setUp(ctx *libssl.Ctx) error {
	ctx.SetOptions(c.protocols.options() | libssl.NoRenegotiation)
	err := ctx.SetCipherList(c.ciphers)
	if err == nil {
		err = ctx.SetGroupsList(c.curves)
	}
	if err != nil {
		return fault(ErrContext, err)
	}
	return nil
}

// trusts tells whether the server that the session was made with would be let in by a full handshake now: the certificate
// that it proved to have the key of is verified anew, and if the session was made by this package, its full handshake was
// under the same trust, for the same name.
//
// The mark of this package is in the session as the application's data of a ticket: libssl keeps that through
// resumptions, new tickets and files, and a client has no other use for it. It holds the intermediate certificates too,
// which a session does not.
func (c *Conn) trusts(ctx *libssl.Ctx, sess *libssl.Session) bool {
	if !c.trust.checks() {
		return true
	}
	cert, err := sess.PeerCertificate()
	if err != nil || cert == nil {
		return false
	}
	chain := []*x509.Certificate{cert}
	if mark := sess.TicketAppData(); len(mark) > 0 {
		below, ok := bytes.CutPrefix(mark, c.trust.ofServer(c.serverName))
		intermediates, err := x509.ParseCertificates(below)
		if !ok || err != nil {
			return false
		}
		chain = append(chain, intermediates...)
	} else if c.trust.staple { // the session does not hold it
		return false
	}
	if !c.trust.noCert && ctx.VerifyCertificate(chain, libssl.PurposeSSLServer) != nil {
		return false
	}
	return c.checkName(cert) == nil
}

// markOf is the mark of the sessions of a full handshake.
func (c *Conn) markOf(state *tls.ConnectionState) []byte {
	mark := c.trust.ofServer(c.serverName)
	if len(state.PeerCertificates) > 0 {
		for _, cert := range state.PeerCertificates[1:] {
			mark = append(mark, cert.Raw...)
		}
	}
	return mark
}

// checkName compares the name of the server's certificate.
func (c *Conn) checkName(cert *x509.Certificate) error {
	if c.trust.noName {
		return nil
	}
	ok, err := certContains(cert, c.serverName)
	if err == nil && !ok {
		err = faultf(ErrNameNotPresent, nil, "name `%s' not present in server certificate", c.serverName)
	}
	return err
}

// checkServer is what a client has to say after libssl is content.
func (c *Conn) checkServer(state *tls.ConnectionState) error {
	switch {
	case c.trust.noName:
		return nil
	case len(state.PeerCertificates) == 0:
		return c.noCertificate()
	}
	return c.checkName(state.PeerCertificates[0])
}

// noCertificate is why there is none to look at: the server has shown none, or one that libssl can read and crypto/x509
// can't.
func (c *Conn) noCertificate() error {
	for _, der := range c.conn.PeerCertChain() {
		if _, err := x509.ParseCertificate(der); err != nil {
			return faultf(ErrUnreadableCertificate, err, "%v: %v", ErrUnreadableCertificate, err)
		}
	}
	return fault(ErrNoServerCertificate, nil)
}

// saveAtEnd saves the session at the end of a handshake. That of TLS 1.3 can't be resumed yet, and is not put in the
// place of one that can; but the file is looked at, and tidied up. c.saving is held.
func (c *Conn) saveAtEnd(state *tls.ConnectionState) error {
	if c.file == nil {
		return nil
	}
	if !state.DidResume {
		c.mark = c.markOf(state)
	}
	sess := c.sessionToSave(state)
	if sess == nil {
		return c.file.checkWritable()
	}
	defer sess.Close()
	return c.save(sess)
}

func (c *Conn) sessionToSave(state *tls.ConnectionState) *libssl.Session {
	if c.early != nil {
		return c.early
	}
	sess := c.conn.Session()
	if sess == nil || state.Version < versionTLS13 || sess.IsResumable() {
		return sess
	}
	sess.Close()
	if state.DidResume {
		return c.untidy
	}
	return nil
}

// ticketArrived is told of a client's new sessions. Those up to TLS 1.2 are saved at the end of the handshake; tickets of
// TLS 1.3 come later, while the program reads. That one can't be saved is no failure of the reading: Close tells of it.
func (c *Conn) ticketArrived(sess *libssl.Session) {
	if sess.Version() < versionTLS13 {
		sess.Close()
		return
	}
	c.saving.Lock()
	defer c.saving.Unlock()
	over, failure := c.outcome()
	if !over { // the handshake's own end has yet to come
		if c.early != nil {
			c.early.Close()
		}
		c.early = sess
		return
	}
	defer sess.Close()
	if failure == nil {
		err := c.save(sess)
		c.mu.Lock()
		c.saveErr = err
		c.mu.Unlock()
	}
}

// save saves a session of the connection, with the mark of the trust under which its full handshake was made. c.saving is
// held, and c.mu is not: other processes may have to be waited for.
func (c *Conn) save(sess *libssl.Session) error {
	if len(c.mark) > 0 {
		if err := sess.SetTicketAppData(c.mark); err != nil {
			return fault(ErrSessionFileWrite, err)
		}
	}
	return c.file.saveSession(sess, &c.lockTries)
}
