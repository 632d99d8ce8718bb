package openssl

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
)

// An SSLTLSExtErr is what a [TLSExtServernameCallback] decides.
type SSLTLSExtErr int

// The decisions, each SSL_TLSEXT_ERR_ of that name. SSLTLSEXTErrAlertFatal ends the handshake with the alert
// unrecognized_name; with any other it goes on.
const (
	SSLTLSExtErrOK           SSLTLSExtErr = 0
	SSLTLSExtErrAlertWarning SSLTLSExtErr = 1
	SSLTLSEXTErrAlertFatal   SSLTLSExtErr = 2
	SSLTLSEXTErrNoAck        SSLTLSExtErr = 3
)

// A TLSExtServernameCallback is shown a server's connection when the client has said what server it wants:
// [SSL.GetServername] tells, and [SSL.SetSSLCtx] makes it another Ctx's.
type TLSExtServernameCallback func(ssl *SSL) SSLTLSExtErr

// SetTLSExtServernameCallback sets the callback; nil takes it away. It runs inside libssl, once in a handshake, before
// libssl looks for a session.
//
// C: SSL_CTX_set_client_hello_cb(3)
func (c *Ctx) SetTLSExtServernameCallback(sni_cb TLSExtServernameCallback) {
	c.mu.Lock()
	c.serverName = sni_cb
	c.mu.Unlock()
	if sni_cb == nil {
		c.Libssl().SetServerNameCallback(nil)
	} else {
		c.Libssl().SetServerNameCallback(c.chooseByName)
	}
}

var errServerName = errors.New("the server name callback has refused")

// chooseByName is the callback of package libssl. The SSL has been switched when it returns.
func (c *Ctx) chooseByName(root *libssl.SSL, name string) (*libssl.Ctx, error) {
	c.mu.Lock()
	cb := c.serverName
	c.mu.Unlock()
	if cb == nil {
		return nil, nil
	}
	s := sslOf(root, c)
	s.setAsked(name)
	defer s.setAsked("")
	if cb(s) == SSLTLSEXTErrAlertFatal {
		return nil, fmt.Errorf("%w: %q", errServerName, name)
	}
	return nil, nil
}

func (s *SSL) setAsked(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = name
}

// SetSSLCtx puts another Ctx in force, with its certificates, session id context, verification, options and versions:
// for a server's connection, from a [TLSExtServernameCallback] or before the handshake. It does nothing otherwise, or
// if ctx is nil or closed: [libssl.SSL.SetCtx] returns an error then. What s is told afterwards, as by
// [SSL.SetVerify], stays.
//
// C: SSL_set_SSL_CTX(3)
func (s *SSL) SetSSLCtx(ctx *Ctx) {
	if s.Libssl().SetCtx(ctx.Libssl()) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verify = nil // the callback of ctx is in its place
}
