package libtls

import (
	"bytes"
	"crypto/x509"
	"net"
	"time"

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
	saved, err := cfg.savedSession()
	if err != nil {
		return nil, err
	}
	defer saved.close()
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	if serverName == "" && !cfg.trust.noName {
		return nil, fault(ErrServerNameMissing, nil)
	}
	ctx, err := cfg.clientCtx()
	if err != nil {
		return nil, err
	}
	c := &Conn{client: true, trust: cfg.trust, serverName: serverName, file: saved.file}
	conn, err := libssl.Client(transport, ctx)
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
	if saved.sess != nil && (cfg.legacy || c.trusts(ctx, saved.sess, time.Now())) {
		if err := c.offer(saved); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// savedSession is what a client finds in its session file.
type savedSession struct {
	file  *sessionFile    // nil: there is none
	sess  *libssl.Session // nil: the file is empty
	alone bool            // in the file
}

func (s savedSession) close() {
	if s.sess != nil {
		s.sess.Close()
	}
}

// savedSession reads the session file. Meanwhile the Config is not locked.
func (c *Config) savedSession() (s savedSession, err error) {
	c.mu.Lock()
	file, heal := c.file, c.heal
	c.mu.Unlock()
	if file == nil {
		return s, nil
	}
	s.file = file
	s.sess, s.alone, err = file.loadSession()
	if heal && unparsable(err) {
		err = nil
	}
	return s, err
}

// offer has the server asked to resume a session.
func (c *Conn) offer(saved savedSession) error {
	if err := c.conn.SetSession(saved.sess); err != nil {
		return fault(ErrSetSession, err)
	}
	c.mark = saved.sess.TicketAppData()
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

// trusts tells whether the server that the session was made with would be let in by a full handshake: the session was
// made by this package, and the full handshake was under the same trust, for the same name; or else, who made it is
// not known, and the certificate that the server proved to have the key of is verified anew.
//
// The mark of this package is in the session as the application's data of a ticket: libssl keeps that through
// resumptions, new tickets and files, and a client has no other use for it.
func (c *Conn) trusts(ctx *libssl.Ctx, sess *libssl.Session, now time.Time) bool {
	if !c.trust.checks() {
		return true
	}
	cert, err := sess.PeerCertificate()
	if err != nil || cert == nil {
		return false
	}
	mark := sess.TicketAppData()
	switch {
	case !c.trust.noTime && (now.After(cert.NotAfter) || now.Before(cert.NotBefore)):
		return false
	case len(mark) > 0:
		return bytes.Equal(mark, c.trust.ofServer(c.serverName))
	case c.trust.staple: // the session does not hold it
		return false
	}
	if !c.trust.noCert && ctx.VerifyCertificate([]*x509.Certificate{cert}, libssl.PurposeSSLServer) != nil {
		return false
	}
	return c.checkName(cert) == nil
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
func (c *Conn) checkServer() error {
	switch {
	case c.trust.noName:
		return nil
	case len(c.state.PeerCertificates) == 0:
		return fault(ErrNoServerCertificate, nil)
	}
	return c.checkName(c.state.PeerCertificates[0])
}

// saveAtEnd saves the session at the end of a handshake. That of TLS 1.3 can't be resumed yet, and is not put in the
// place of one that can; but the file is looked at, and tidied up.
func (c *Conn) saveAtEnd() error {
	if c.file == nil {
		return nil
	}
	sess := c.sessionToSave()
	if sess == nil {
		return c.file.checkWritable()
	}
	defer sess.Close()
	return c.save(sess)
}

func (c *Conn) sessionToSave() *libssl.Session {
	if c.early != nil {
		return c.early
	}
	sess := c.conn.Session()
	if sess == nil || c.state.Version < versionTLS13 || sess.IsResumable() {
		return sess
	}
	sess.Close()
	if c.state.DidResume {
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
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.finished: // the handshake's own end has yet to come
		if c.early != nil {
			c.early.Close()
		}
		c.early = sess
		return
	case c.failure == nil:
		c.saveErr = c.save(sess)
	}
	sess.Close()
}

// save saves a session of the connection, with the mark of the trust under which its full handshake was made.
func (c *Conn) save(sess *libssl.Session) error {
	mark := c.mark
	if !c.state.DidResume {
		mark = c.trust.ofServer(c.serverName)
	}
	if len(mark) > 0 {
		if err := sess.SetTicketAppData(mark); err != nil {
			return fault(ErrSessionFileWrite, err)
		}
	}
	return c.file.saveSession(sess)
}
