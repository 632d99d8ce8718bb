package libssl

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"unsafe"
)

// ConnectionState returns what was negotiated, as crypto/tls says it. Before the handshake is complete only
// HandshakeComplete means anything. VerifiedChains holds the one chain that libssl built, if it verified one in this
// connection. ServerName on a server that has resumed a TLS 1.2 session is what libssl keeps in the session: the name
// that it was made for, if there was a server name callback then. CurveID needs OpenSSL 3.0. libssl has nothing to say
// of signed certificate timestamps. Its ExportKeyingMaterial panics: use the Conn's.
//
// C: SSL_version(3)
func (c *Conn) ConnectionState() tls.ConnectionState {
	return ask(c.ssl, func(p *C.SSL) (s tls.ConnectionState) {
		if C.SSL_in_before(p) == 1 {
			return s
		}
		s.HandshakeComplete = c.done.Load()
		s.Version = uint16(C.SSL_version(p))
		s.DidResume = C.SSL_session_reused(p) == 1
		if cipher := C.SSL_get_current_cipher(p); cipher != nil {
			s.CipherSuite = uint16(C.SSL_CIPHER_get_protocol_id(cipher))
		}
		s.NegotiatedProtocol = negotiatedProtocol(p)
		//lint:ignore SA1019 crypto/tls still sets it, and programs still look
		s.NegotiatedProtocolIsMutual = true
		s.ServerName = C.GoString(C.SSL_get_servername(p, C.TLSEXT_NAMETYPE_host_name))
		s.OCSPResponse = ocspResponse(p)
		s.CurveID = groupIDs[C.GoString(C.gls_SSL_get0_group_name(p))]
		s.TLSUnique = tlsUnique(p)
		var der *C.uchar
		n := C.gls_SSL_get_peer_cert_chain(p, &der)
		s.PeerCertificates = parseChain(der, n)
		if VerifyMode(C.SSL_get_verify_mode(p))&VerifyPeer != 0 {
			var der *C.uchar
			n := C.gls_SSL_get0_verified_chain(p, &der)
			if chain := parseChain(der, n); chain != nil {
				s.VerifiedChains = [][]*x509.Certificate{chain}
			}
		}
		return s
	})
}

// PeerCertChain returns the certificates that the peer has sent in DER, its own first: also those that crypto/x509
// can't read. nil if there are none.
//
// C: SSL_get_peer_cert_chain(3)
func (s *SSL) PeerCertChain() (der [][]byte) {
	all := ask(s, func(p *C.SSL) []byte {
		var der *C.uchar
		n := C.gls_SSL_get_peer_cert_chain(p, &der)
		return takeBytes(der, n)
	})
	for len(all) > 0 {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(all, &one)
		if err != nil {
			return nil // libssl wrote no DER
		}
		der = append(der, one.FullBytes)
		all = rest
	}
	return der
}

// ServerName returns the name that the client has asked for (SNI), empty for none; for a resumed session see
// [Conn.ConnectionState].
//
// C: SSL_get_servername(3)
func (s *SSL) ServerName() string {
	return ask(s, func(p *C.SSL) string { return C.GoString(C.SSL_get_servername(p, C.TLSEXT_NAMETYPE_host_name)) })
}

// groupIDs are the numbers of the groups by the names that libssl gives them.
var groupIDs = map[string]tls.CurveID{
	"prime256v1": tls.CurveP256, "secp256r1": tls.CurveP256, "P-256": tls.CurveP256,
	"secp384r1": tls.CurveP384, "P-384": tls.CurveP384,
	"secp521r1": tls.CurveP521, "P-521": tls.CurveP521,
	"x25519": tls.X25519, "X25519": tls.X25519, "x448": 30, "X448": 30,
	"brainpoolP256r1": 26, "brainpoolP384r1": 27, "brainpoolP512r1": 28,
	"ffdhe2048": 256, "ffdhe3072": 257, "ffdhe4096": 258, "ffdhe6144": 259, "ffdhe8192": 260,
	"MLKEM512": 512, "MLKEM768": 513, "MLKEM1024": 514,
	"SecP256r1MLKEM768": 4587, "X25519MLKEM768": tls.X25519MLKEM768, "SecP384r1MLKEM1024": 4589,
}

// parseChain frees der. A chain that crypto/x509 can't read is none.
func parseChain(der *C.uchar, n C.size_t) []*x509.Certificate {
	if n == 0 {
		C.free(unsafe.Pointer(der))
		return nil
	}
	chain, err := x509.ParseCertificates(takeBytes(der, n))
	if err != nil {
		return nil
	}
	return chain
}
