package libssl

// #include "shim.h"
import "C"

// Options is a set of SSL_OP_ bits.
type Options uint64

// The options, each SSL_OP_ of that name. One that the headers lack is 0.
const (
	NoTicket                           Options = C.SSL_OP_NO_TICKET
	NoAntiReplay                       Options = C.SSL_OP_NO_ANTI_REPLAY
	AllowNoDHEKEX                      Options = C.SSL_OP_ALLOW_NO_DHE_KEX
	NoSessionResumptionOnRenegotiation Options = C.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION
	NoRenegotiation                    Options = C.SSL_OP_NO_RENEGOTIATION
	AllowClientRenegotiation           Options = C.GLS_OP_ALLOW_CLIENT_RENEGOTIATION // OpenSSL 3.0
	AllowUnsafeLegacyRenegotiation     Options = C.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION
	LegacyServerConnect                Options = C.SSL_OP_LEGACY_SERVER_CONNECT
	IgnoreUnexpectedEOF                Options = C.GLS_OP_IGNORE_UNEXPECTED_EOF // OpenSSL 3.0
	CipherServerPreference             Options = C.SSL_OP_CIPHER_SERVER_PREFERENCE
	PrioritizeChaCha                   Options = C.SSL_OP_PRIORITIZE_CHACHA
	EnableMiddleboxCompat              Options = C.SSL_OP_ENABLE_MIDDLEBOX_COMPAT
	NoEncryptThenMAC                   Options = C.SSL_OP_NO_ENCRYPT_THEN_MAC
	NoExtendedMasterSecret             Options = C.GLS_OP_NO_EXTENDED_MASTER_SECRET // OpenSSL 3.0
	NoCompression                      Options = C.SSL_OP_NO_COMPRESSION
	DontInsertEmptyFragments           Options = C.SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS
	TLSRollbackBug                     Options = C.SSL_OP_TLS_ROLLBACK_BUG
	NoTLSv1                            Options = C.SSL_OP_NO_TLSv1
	NoTLSv1_1                          Options = C.SSL_OP_NO_TLSv1_1
	NoTLSv1_2                          Options = C.SSL_OP_NO_TLSv1_2
	NoTLSv1_3                          Options = C.SSL_OP_NO_TLSv1_3
	OptionsAll                         Options = C.SSL_OP_ALL // the work-arounds for other implementations' faults
)

// SetOptions adds options and returns the new set.
//
// C: SSL_CTX_set_options(3)
func (c *Ctx) SetOptions(o Options) (all Options) {
	c.adjust(func(p *C.SSL_CTX) { all = Options(C.gls_SSL_CTX_set_options(p, C.uint64_t(o))) })
	return all
}

// ClearOptions removes options and returns the new set.
//
// C: SSL_CTX_clear_options(3)
func (c *Ctx) ClearOptions(o Options) (all Options) {
	c.adjust(func(p *C.SSL_CTX) { all = Options(C.gls_SSL_CTX_clear_options(p, C.uint64_t(o))) })
	return all
}

// Options returns the set.
//
// C: SSL_CTX_get_options(3)
func (c *Ctx) Options() (all Options) {
	c.view(func(p *C.SSL_CTX) { all = Options(C.SSL_CTX_get_options(p)) })
	return all
}

// SetOptions adds options for one connection and returns the new set.
//
// C: SSL_set_options(3)
func (s *SSL) SetOptions(o Options) Options {
	return ask(s, func(p *C.SSL) Options { return Options(C.gls_SSL_set_options(p, C.uint64_t(o))) })
}

// ClearOptions removes options of one connection and returns the new set.
//
// C: SSL_clear_options(3)
func (s *SSL) ClearOptions(o Options) Options {
	return ask(s, func(p *C.SSL) Options { return Options(C.gls_SSL_clear_options(p, C.uint64_t(o))) })
}

// Options returns the set of one connection.
//
// C: SSL_get_options(3)
func (s *SSL) Options() Options {
	return ask(s, func(p *C.SSL) Options { return Options(C.SSL_get_options(p)) })
}
