package openssl

import (
	"sync"

	"github.com/go-libssl/libssl"
)

type rootSSL = libssl.SSL

// An SSL is the libssl side of a connection: its configuration and state. Callbacks get it; a [Conn] has all its
// methods. It has those of [libssl.SSL] too, but for those that have another signature here.
//
// C: SSL_new(3)
type SSL struct {
	*rootSSL
	ctx *Ctx // that it was made from

	mu     sync.Mutex // guards what is below
	verify VerifyCallback
	asked  string // the server name, while the Ctx is chosen by it, and after Close
}

// sslKey leads from a libssl.SSL to what this package has made of it.
type sslKey struct{}

func newSSL(root *libssl.SSL, ctx *Ctx) *SSL {
	s := &SSL{rootSSL: root, ctx: ctx}
	root.SetValue(sslKey{}, s)
	return s
}

// sslOf returns the SSL of a callback. A connection that package libssl has made of a Ctx of ours gets one then.
func sslOf(root *libssl.SSL, ctx *Ctx) *SSL {
	if s, ok := root.Value(sslKey{}).(*SSL); ok {
		return s
	}
	return newSSL(root, ctx)
}

// Libssl returns what s is made of, for the functions and methods of package libssl. For a zero SSL, that is one of a
// closed connection.
func (s *SSL) Libssl() *libssl.SSL {
	if s == nil || s.rootSSL == nil {
		return new(libssl.SSL)
	}
	return s.rootSSL
}

// GetServername returns the name that the client asks for (SNI), empty for none. After Close it is still there.
//
// C: SSL_get_servername(3)
func (s *SSL) GetServername() string {
	s.mu.Lock()
	asked := s.asked
	s.mu.Unlock()
	if asked != "" {
		return asked
	}
	return s.Libssl().ServerName()
}

// GetOptions returns the options of the connection.
//
// C: SSL_get_options(3)
func (s *SSL) GetOptions() Options { return Options(s.Libssl().Options()) }

// SetOptions adds options and returns the new set.
//
// C: SSL_set_options(3)
func (s *SSL) SetOptions(options Options) Options {
	return Options(s.Libssl().SetOptions(options.bits()))
}

// ClearOptions removes options and returns the new set.
//
// C: SSL_clear_options(3)
func (s *SSL) ClearOptions(options Options) Options {
	return Options(s.Libssl().ClearOptions(options.bits()))
}

// SetVerify is [Ctx.SetVerify] for one connection, before its handshake or from a [TLSExtServernameCallback]. A nil
// verify_cb leaves the callback that is in force: the connection's own, or that of the Ctx, also after [SSL.SetSSLCtx].
//
// C: SSL_set_verify(3)
func (s *SSL) SetVerify(options VerifyOptions, verify_cb VerifyCallback) {
	if verify_cb == nil {
		s.SetVerifyMode(options)
		return
	}
	s.mu.Lock()
	s.verify = verify_cb
	s.mu.Unlock()
	s.Libssl().SetVerify(libssl.VerifyMode(options), verify_cb.root())
}

// SetVerifyMode is [SSL.SetVerify] with the callback as it is.
//
// C: SSL_set_verify(3)
func (s *SSL) SetVerifyMode(options VerifyOptions) {
	s.Libssl().SetVerifyMode(libssl.VerifyMode(options))
}

// SetVerifyCallback is [SSL.SetVerify] with the options as they are.
//
// C: SSL_set_verify(3)
func (s *SSL) SetVerifyCallback(verify_cb VerifyCallback) { s.SetVerify(s.VerifyMode(), verify_cb) }

// GetVerifyCallback returns the connection's own callback, nil for none.
func (s *SSL) GetVerifyCallback() VerifyCallback {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verify
}

// VerifyMode returns the options: the connection's own, or what its Ctx had when it was made.
//
// C: SSL_get_verify_mode(3)
func (s *SSL) VerifyMode() VerifyOptions { return VerifyOptions(s.Libssl().VerifyMode()) }

// SetVerifyDepth is [Ctx.SetVerifyDepth] for one connection.
//
// C: SSL_set_verify_depth(3)
func (s *SSL) SetVerifyDepth(depth int) { s.Libssl().SetVerifyDepth(depth) }

// GetVerifyDepth returns the limit of [SSL.SetVerifyDepth]; -1 is libssl's default of 100.
//
// C: SSL_get_verify_depth(3)
func (s *SSL) GetVerifyDepth() int { return s.Libssl().VerifyDepth() }
