package libtls

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"github.com/go-libssl/libssl"
)

// A Server makes the server's ends of connections. It may be used by many goroutines.
type Server struct {
	ctx   *libssl.Ctx
	named []namedCtx
}

// A namedCtx shows one of the certificates of AddKeypairFile.
type namedCtx struct {
	*libssl.Ctx
	cert *x509.Certificate
}

// NewServer makes a server from what the Config is now; of what is changed later only ticket keys and their age count.
// It needs a certificate and its key: without, as with a nil Config, the error is [ErrKeyMismatch].
//
// C: tls_server(3), tls_configure(3)
func NewServer(cfg *Config) (*Server, error) {
	if cfg == nil {
		cfg = NewConfig()
	}
	cfg.lock()
	defer cfg.mu.Unlock()
	s := new(Server)
	if err := s.setUp(cfg); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) setUp(cfg *Config) (err error) {
	if s.ctx, err = cfg.serverCtx(cfg.keypairs[0]); err != nil {
		return err
	}
	for _, k := range cfg.keypairs[1:] {
		ctx, err := cfg.serverCtx(k)
		if err != nil {
			return err
		}
		cert, err := k.leaf()
		if err != nil {
			ctx.Close()
			return err
		}
		s.named = append(s.named, namedCtx{ctx, cert})
	}
	s.ctx.SetClientHelloCallback(noteServerName)
	if len(s.named) > 0 {
		s.ctx.SetServerNameCallback(s.choose)
	}
	return nil
}

// serverCtx returns what shows the keypair. c.mu is held.
func (c *Config) serverCtx(k *keypair) (*libssl.Ctx, error) {
	ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
	if err != nil {
		return nil, fault(ErrContext, err)
	}
	if err := c.setUpServer(ctx, k); err != nil {
		ctx.Close()
		return nil, err
	}
	return ctx, nil
}

func (c *Config) setUpServer(ctx *libssl.Ctx, k *keypair) error {
	if err := c.setUp(ctx); err != nil {
		return err
	}
	if c.serverPrefers {
		ctx.SetOptions(libssl.CipherServerPreference)
	}
	ctx.SetDHAuto(c.dhe)
	if err := k.use(ctx); err != nil {
		return err
	}
	mode := libssl.VerifyNone
	if c.verifyClient {
		mode = libssl.VerifyPeer
		if !c.clientMayHaveNone {
			mode |= libssl.VerifyFailIfNoPeerCert
		}
		if err := c.trust.use(ctx, mode); err != nil {
			return err
		}
	}
	if len(c.alpn) > 0 {
		ctx.SetALPNSelectCallback(selectALPN(c.alpn))
	}
	if staple := k.staple; len(staple) > 0 {
		ctx.SetServerStatusCallback(func(*libssl.SSL) ([]byte, error) { return staple, nil })
	}
	return c.setUpSessions(ctx, mode)
}

// setUpSessions has sessions in tickets, or none at all.
func (c *Config) setUpSessions(ctx *libssl.Ctx, mode libssl.VerifyMode) error {
	ctx.SetSessionCacheMode(libssl.SessionCacheOff)
	sid := c.id[:]
	if !c.legacy {
		sid = c.trust.ofClients(sid, mode)
	}
	if err := ctx.SetSessionIDContext(sid); err != nil {
		return fault(ErrSessionIDContext, err)
	}
	if c.lifetime == 0 {
		ctx.SetOptions(libssl.NoTicket)
		if err := ctx.SetNumTickets(0); err != nil { // else TLS 1.3 sends some that are of no use
			return fault(ErrContext, err)
		}
		return nil
	}
	ctx.SetTimeout(c.lifetime)
	if err := ctx.SetTicketKeyCallback(c.tickets.callback); err != nil {
		return fault(ErrTicketCallback, err)
	}
	if mode != libssl.VerifyNone && !c.legacy && !c.trust.noCert && !c.trust.noTime {
		if err := ctx.SetSessionTicketCallback(nil, unlessExpired); err != nil {
			return fault(ErrTicketCallback, err)
		}
	}
	return nil
}

// unlessExpired does with a client's ticket what libssl would do, but for one whose certificate is not valid at the
// moment: then there is a full handshake.
func unlessExpired(_ *libssl.SSL, sess *libssl.Session, _ []byte, status libssl.TicketStatus) (libssl.TicketReturn, error) {
	if sess == nil {
		return libssl.TicketReturnIgnoreRenew, nil
	}
	defer sess.Close()
	cert, err := sess.PeerCertificate()
	now := time.Now()
	switch {
	case err != nil || cert != nil && (now.Before(cert.NotBefore) || now.After(cert.NotAfter)):
		return libssl.TicketReturnIgnoreRenew, nil
	case status == libssl.TicketSuccess:
		return libssl.TicketReturnUse, nil
	}
	return libssl.TicketReturnUseRenew, nil
}

// noteServerName keeps the name that the client asks for. An address is none (RFC 6066, section 3).
func noteServerName(hello *libssl.ClientHello) error {
	name := hello.ServerName()
	if name == "" {
		return nil
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return faultf(ErrServerNameIndicated, unrecognizedName, "%v: %q is an address", ErrServerNameIndicated, name)
	}
	connOf(hello.SSL()).askedName.Store(&name)
	return nil
}

const unrecognizedName tls.AlertError = 112

// choose takes the certificate that is for the name, or stays with the first.
func (s *Server) choose(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
	if name == "" {
		return nil, nil
	}
	for _, n := range s.named {
		ok, err := certContains(n.cert, name)
		if err != nil {
			return nil, err
		}
		if ok {
			return n.Ctx, nil
		}
	}
	return nil, nil
}

// Accept makes the server's end of a connection on a transport, which the Conn owns once there is one: unlike
// tls_close(3), Close closes it. The handshake runs at the first Handshake, Read or Write.
//
// C: tls_accept_socket(3)
func (s *Server) Accept(transport net.Conn) (*Conn, error) {
	conn, err := libssl.Server(transport, s.ctx)
	if err != nil {
		return nil, fault(ErrContext, err)
	}
	c := &Conn{conn: conn}
	conn.SetValue(connKey{}, c)
	return c, nil
}

// Close drops the server: it accepts no more. Connections go on, those whose handshake is yet to come too.
//
// C: tls_free(3)
func (s *Server) Close() error {
	if s.ctx != nil {
		s.ctx.Close() // the others are chosen by the connections that are left, and dropped with the last
	}
	return nil
}
