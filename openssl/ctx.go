package openssl

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-libssl/libssl"
)

type rootCtx = libssl.Ctx

// A Ctx is an SSL_CTX: the configuration and the session cache that connections are made from. It has the methods of
// [libssl.Ctx] too, but for those that have another signature here. Several goroutines may use it. It is freed when it
// is closed or no longer reachable.
//
// C: SSL_CTX_new(3)
type Ctx struct {
	*rootCtx

	mu         sync.Mutex // guards what is below
	modes      Modes
	verify     VerifyCallback
	serverName TLSExtServernameCallback
}

// Libssl returns what c is made of, for the functions and methods of package libssl. For a zero Ctx, that is a closed
// one.
func (c *Ctx) Libssl() *libssl.Ctx {
	if c == nil || c.rootCtx == nil {
		return new(libssl.Ctx)
	}
	return c.rootCtx
}

// An SSLVersion is a protocol version for [NewCtxWithVersion].
type SSLVersion int

// The versions. SSLv3 is no longer to be had.
const (
	SSLv3      SSLVersion = 0x02
	TLSv1      SSLVersion = 0x03
	TLSv1_1    SSLVersion = 0x04
	TLSv1_2    SSLVersion = 0x05
	AnyVersion SSLVersion = 0x06 // whatever libssl and its configuration allow, TLS 1.3 too
)

var protocols = map[SSLVersion]uint16{TLSv1: tls.VersionTLS10, TLSv1_1: tls.VersionTLS11, TLSv1_2: tls.VersionTLS12}

// NewCtxWithVersion returns a Ctx for one protocol version, or any. libssl's security level may leave no cipher suite to
// an old one: see libssl.Ctx.SetSecurityLevel. For SSLv3 the error wraps [libssl.ErrUnsupported].
//
// C: SSL_CTX_new(3)
func NewCtxWithVersion(version SSLVersion) (*Ctx, error) {
	v, fixed := protocols[version]
	switch {
	case version == SSLv3:
		return nil, fmt.Errorf("unknown ssl/tls version SSL 3.0: %w", libssl.ErrUnsupported)
	case !fixed && version != AnyVersion:
		return nil, errors.New("unknown ssl/tls version")
	}
	root, err := libssl.NewCtx(libssl.TLSMethod)
	if err != nil {
		return nil, sslError(err)
	}
	c := &Ctx{rootCtx: root, modes: modeAutoRetry}
	if fixed {
		// The configured lower bound may lie above: it goes first.
		err = errors.Join(root.SetMinVersion(0), root.SetMaxVersion(v), root.SetMinVersion(v))
	}
	if err != nil {
		return nil, sslError(err)
	}
	return c, nil
}

// NewCtx returns a Ctx for any protocol version that libssl and its configuration allow. Nobody is verified: see
// [Ctx.SetVerify].
//
// C: SSL_CTX_new(3)
func NewCtx() (*Ctx, error) {
	c, err := NewCtxWithVersion(AnyVersion)
	if err == nil {
		c.SetOptions(NoSSLv2 | NoSSLv3)
	}
	return c, err
}

// NewCtxFromFiles returns a Ctx with the certificate in a PEM file, followed by its chain, and the private key in
// another, or the same.
func NewCtxFromFiles(cert_file string, key_file string) (*Ctx, error) {
	ctx, err := NewCtx()
	if err != nil {
		return nil, err
	}
	certs, err := os.ReadFile(cert_file)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(key_file)
	if err != nil {
		return nil, err
	}
	if err := ctx.useCertificates(SplitPEM(certs), cert_file); err != nil {
		return nil, err
	}
	k, err := LoadPrivateKeyFromPEM(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.UsePrivateKey(k); err != nil {
		return nil, err
	}
	return ctx, nil
}

// useCertificates gives c those in PEM blocks, its own first. The same file may hold a private key.
func (c *Ctx) useCertificates(blocks [][]byte, file string) error {
	use := c.UseCertificate
	found := false
	for _, b := range blocks {
		if block, _ := pem.Decode(b); block != nil && !strings.HasSuffix(block.Type, "CERTIFICATE") {
			continue
		}
		cert, err := LoadCertificateFromPEM(b)
		if err != nil {
			return err
		}
		if err := use(cert); err != nil {
			return err
		}
		found = true
		use = c.AddChainCertificate
	}
	if !found {
		//lint:ignore ST1005 the original's words
		return fmt.Errorf("No PEM certificate found in '%s'", file)
	}
	return nil
}

// SetEllipticCurve sets the one curve of the key exchange; without it there are libssl's own, the fast ones first.
//
// C: SSL_CTX_set1_groups_list(3)
func (c *Ctx) SetEllipticCurve(curve EllipticCurve) error {
	name, err := Nid2ShortName(NID(curve))
	if err == nil {
		err = c.Libssl().SetGroupsList(name)
	}
	if e := new(libssl.Error); errors.As(err, &e) {
		//lint:ignore ST1005 the original's words
		return fmt.Errorf("Unknown curve: %w", err)
	}
	return err
}

// UseCertificate gives c a certificate. A Ctx may have one of each key type.
//
// C: SSL_CTX_use_certificate(3)
func (c *Ctx) UseCertificate(cert *Certificate) error {
	der, err := certDER(cert)
	if err != nil {
		return err
	}
	return sslError(c.Libssl().UseCertificateASN1(der))
}

// AddChainCertificate adds a certificate to the chain that is sent after any of c's own.
//
// C: SSL_CTX_add_extra_chain_cert(3)
func (c *Ctx) AddChainCertificate(cert *Certificate) error {
	der, err := certDER(cert)
	if err != nil {
		return err
	}
	return sslError(c.Libssl().AddExtraChainCert(der))
}

// UsePrivateKey gives c the private key of a certificate, before or after it.
//
// C: SSL_CTX_use_PrivateKey(3)
func (c *Ctx) UsePrivateKey(key PrivateKey) error {
	text, err := keyPEM(key)
	if err != nil {
		return err
	}
	defer clear(text)
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("failed dumping private key")
	}
	defer clear(block.Bytes)
	return sslError(c.Libssl().UsePrivateKeyASN1(block.Bytes))
}

// SetDHParameters sets the group for ephemeral Diffie-Hellman in TLS 1.2 and before.
//
// C: SSL_CTX_set0_tmp_dh_pkey(3)
func (c *Ctx) SetDHParameters(dh *DH) error {
	text, err := dhPEM(dh)
	if err != nil {
		return err
	}
	return sslError(c.Libssl().SetDHParameters(text))
}

// SetCipherList sets the cipher suites up to TLS 1.2, in the form of ciphers(1).
//
// C: SSL_CTX_set_cipher_list(3)
func (c *Ctx) SetCipherList(list string) error { return sslError(c.Libssl().SetCipherList(list)) }

// Options is a set of SSL_OP_ bits.
type Options int

// The options, each SSL_OP_ of that name but for NoSessionResumptionOrRenegotiation, which is
// SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION. NoSSLv2 is 0: no libssl has SSL 2.0.
const (
	NoCompression                      = Options(libssl.NoCompression)
	NoSSLv2                            = Options(0)
	NoSSLv3                            = Options(0x02000000)
	NoTLSv1                            = Options(libssl.NoTLSv1)
	CipherServerPreference             = Options(libssl.CipherServerPreference)
	NoSessionResumptionOrRenegotiation = Options(libssl.NoSessionResumptionOnRenegotiation)
	NoTicket                           = Options(libssl.NoTicket)
)

// bits returns o as libssl has it. On a 32-bit machine an int with the highest bit set is negative.
func (o Options) bits() libssl.Options {
	return libssl.Options(uint(o))
}

// SetOptions adds options and returns the new set.
//
// C: SSL_CTX_set_options(3)
func (c *Ctx) SetOptions(options Options) Options {
	return Options(c.Libssl().SetOptions(options.bits()))
}

// ClearOptions removes options and returns the new set.
//
// C: SSL_CTX_clear_options(3)
func (c *Ctx) ClearOptions(options Options) Options {
	return Options(c.Libssl().ClearOptions(options.bits()))
}

// GetOptions returns the set.
//
// C: SSL_CTX_get_options(3)
func (c *Ctx) GetOptions() Options { return Options(c.Libssl().Options()) }

// Modes is a set of SSL_MODE_ bits.
type Modes int

// ReleaseBuffers has connections give back memory that they have no use for. They do without being told.
const ReleaseBuffers Modes = 0x10

// modeAutoRetry is what a new Ctx has.
const modeAutoRetry Modes = 0x4

// SetMode adds modes and returns the new set. It has no other effect: how a [Conn] uses libssl is not for a mode to
// say, and what ReleaseBuffers asks for is always done.
func (c *Ctx) SetMode(modes Modes) Modes {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.modes |= modes
	return c.modes
}

// GetMode returns the set.
func (c *Ctx) GetMode() Modes { return c.SetMode(0) }

// SetSessionId sets the session id context, of up to 32 bytes: what a session must have been made under to be resumed
// here. A server that verifies its clients needs one: without it the handshakes of clients that offer a session fail. It is
// [libssl.Ctx.SetSessionIDContext].
//
// C: SSL_CTX_set_session_id_context(3)
func (c *Ctx) SetSessionId(session_id []byte) error {
	return sslError(c.Libssl().SetSessionIDContext(session_id))
}

// SessionCacheModes is a set of SSL_SESS_CACHE_ bits.
type SessionCacheModes int

// The modes, each SSL_SESS_CACHE_ of that name.
const (
	SessionCacheOff    = SessionCacheModes(libssl.SessionCacheOff)
	SessionCacheClient = SessionCacheModes(libssl.SessionCacheClient)
	SessionCacheServer = SessionCacheModes(libssl.SessionCacheServer)
	SessionCacheBoth   = SessionCacheModes(libssl.SessionCacheBoth)
	NoAutoClear        = SessionCacheModes(libssl.SessionCacheNoAutoClear)
	NoInternalLookup   = SessionCacheModes(libssl.SessionCacheNoInternalLookup)
	NoInternalStore    = SessionCacheModes(libssl.SessionCacheNoInternalStore)
	NoInternal         = SessionCacheModes(libssl.SessionCacheNoInternal)
)

// SetSessionCacheMode sets which sessions the Ctx caches, and returns what it was.
//
// C: SSL_CTX_set_session_cache_mode(3)
func (c *Ctx) SetSessionCacheMode(modes SessionCacheModes) SessionCacheModes {
	return SessionCacheModes(c.Libssl().SetSessionCacheMode(libssl.SessionCacheMode(modes)))
}

// SetTimeout sets how long new sessions may be resumed, in whole seconds, and returns what it was.
//
// C: SSL_CTX_set_timeout(3)
func (c *Ctx) SetTimeout(t time.Duration) time.Duration { return c.Libssl().SetTimeout(t) }

// GetTimeout returns how long new sessions may be resumed.
//
// C: SSL_CTX_get_timeout(3)
func (c *Ctx) GetTimeout() time.Duration { return c.Libssl().Timeout() }

// SessSetCacheSize sets how many sessions the cache holds, 0 for any number, and returns what it was.
//
// C: SSL_CTX_sess_set_cache_size(3)
func (c *Ctx) SessSetCacheSize(t int) int { return c.Libssl().SetSessionCacheSize(t) }

// SessGetCacheSize returns how many sessions the cache holds.
//
// C: SSL_CTX_sess_get_cache_size(3)
func (c *Ctx) SessGetCacheSize() int { return c.Libssl().SessionCacheSize() }
