package libssl

// #include "shim.h"
import "C"

import (
	"crypto/x509"
	"errors"
)

// The chain belongs to the current certificate, of which a Ctx with several has one: that given last, or selected.

// SelectCurrentCert makes cert, one of those that c was given, the one that the methods of the chain and the getters
// mean.
//
// C: SSL_CTX_select_current_cert(3)
func (c *Ctx) SelectCurrentCert(cert *x509.Certificate) error {
	if cert == nil {
		return errors.New("libssl: SelectCurrentCert: nil certificate")
	}
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_select_current_cert(p, uchars(cert.Raw), C.size_t(len(cert.Raw)))
	})
}

// AddChainCert adds a certificate to the chain that is sent after the current one.
//
// C: SSL_CTX_add1_chain_cert(3)
func (c *Ctx) AddChainCert(cert *x509.Certificate) error {
	if cert == nil {
		return errors.New("libssl: AddChainCert: nil certificate")
	}
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_add1_chain_cert(p, uchars(cert.Raw), C.size_t(len(cert.Raw)))
	})
}

// AddExtraChainCert adds a certificate, in DER, to the chain that is sent after each certificate that has none of its
// own.
//
// C: SSL_CTX_add_extra_chain_cert(3)
func (c *Ctx) AddExtraChainCert(der []byte) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_add_extra_chain_cert(p, uchars(der), C.size_t(len(der)))
	})
}

// ClearChainCerts removes the chain. libssl then sends one that it builds from the CAs that c trusts, if it can.
//
// C: SSL_CTX_clear_chain_certs(3)
func (c *Ctx) ClearChainCerts() error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_clear_chain_certs(p) })
}

// ChainCerts returns the chain, without the current certificate itself.
//
// C: SSL_CTX_get0_chain_certs(3)
func (c *Ctx) ChainCerts() (chain []*x509.Certificate) {
	c.view(func(p *C.SSL_CTX) {
		var der *C.uchar
		n := C.gls_SSL_CTX_get0_chain_certs(p, &der)
		chain = parseChain(der, n)
	})
	return chain
}

// BuildChainFlags say how BuildCertChain works: a set of SSL_BUILD_CHAIN_FLAG_ bits.
type BuildChainFlags int

// The flags.
const (
	BuildChainUntrusted   BuildChainFlags = C.SSL_BUILD_CHAIN_FLAG_UNTRUSTED    // take intermediates from the present chain, too
	BuildChainNoRoot      BuildChainFlags = C.SSL_BUILD_CHAIN_FLAG_NO_ROOT      // leave the root out
	BuildChainCheck       BuildChainFlags = C.SSL_BUILD_CHAIN_FLAG_CHECK        // from the present chain alone: check and put in order
	BuildChainIgnoreError BuildChainFlags = C.SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR // accept what does not verify
	BuildChainClearError  BuildChainFlags = C.SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR  // with BuildChainIgnoreError: of no effect here
)

// BuildCertChain replaces the current certificate's chain with one that is built from the CAs that c trusts, and fails
// if it does not lead to one of those. That finds a missing or expired intermediate before a client does.
//
// C: SSL_CTX_build_cert_chain(3)
func (c *Ctx) BuildCertChain(flags BuildChainFlags) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_build_cert_chain(p, C.int(flags)) })
}
