package libssl

// #include "shim.h"
import "C"

import (
	"crypto"
	_ "crypto/sha512" // for TLSServerEndPoint
	"crypto/x509"
	"errors"
	"fmt"
	"unsafe"
)

// ExportKeyingMaterial returns n bytes that both ends can derive and nobody else, by RFC 5705; in TLS 1.3, RFC 8446
// section 7.5. Up to TLS 1.2 no context is another thing than an empty one: nil is none. The handshake must be complete.
// [crypto/tls.ConnectionState]'s method of this name can't be served: it panics on the state of a Conn.
//
// C: SSL_export_keying_material(3)
func (s *SSL) ExportKeyingMaterial(label string, context []byte, n int) ([]byte, error) {
	if n < 0 {
		return nil, fmt.Errorf("libssl: SSL_export_keying_material: %d bytes", n)
	}
	out := make([]byte, n)
	l := []byte(label)
	err := s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_export_keying_material(p, (*C.uchar)(unsafe.SliceData(out)), C.size_t(len(out)),
			(*C.char)(unsafe.Pointer(unsafe.SliceData(l))), C.size_t(len(l)),
			uchars(context), C.size_t(len(context)), cBool(context != nil))
	})
	if err != nil {
		return nil, because(err, "the handshake is not complete")
	}
	return out, nil
}

// Finished returns the verify data of the last Finished message that was sent; nil before.
//
// C: SSL_get_finished(3)
func (s *SSL) Finished() []byte {
	return ask(s, func(p *C.SSL) []byte {
		return finished(func(b unsafe.Pointer, n C.size_t) C.size_t { return C.SSL_get_finished(p, b, n) })
	})
}

// PeerFinished returns that of the last one that has come.
//
// C: SSL_get_peer_finished(3)
func (s *SSL) PeerFinished() []byte {
	return ask(s, func(p *C.SSL) []byte {
		return finished(func(b unsafe.Pointer, n C.size_t) C.size_t { return C.SSL_get_peer_finished(p, b, n) })
	})
}

func finished(get func(b unsafe.Pointer, n C.size_t) C.size_t) []byte {
	buf := make([]byte, C.EVP_MAX_MD_SIZE)
	n := get(unsafe.Pointer(unsafe.SliceData(buf)), C.size_t(len(buf)))
	if n == 0 {
		return nil
	}
	return buf[:n]
}

// TLSUnique returns the channel binding tls-unique of RFC 5929: the first Finished message of the last handshake. It is
// nil in TLS 1.3, which has none, before the handshake is complete, and for a session that was resumed without the
// extended master secret, where it binds nothing.
//
// C: SSL_get_finished(3)
func (s *SSL) TLSUnique() []byte { return ask(s, tlsUnique) }

func tlsUnique(p *C.SSL) []byte {
	resumed := C.SSL_session_reused(p) == 1
	if C.SSL_version(p) >= C.TLS1_3_VERSION || C.SSL_is_init_finished(p) != 1 || resumed && C.gls_SSL_get_extms_support(p) != 1 {
		return nil
	}
	// The client's comes first in a full handshake, the server's in one that resumes.
	if (C.SSL_is_server(p) == 1) == resumed {
		return finished(func(b unsafe.Pointer, n C.size_t) C.size_t { return C.SSL_get_finished(p, b, n) })
	}
	return finished(func(b unsafe.Pointer, n C.size_t) C.size_t { return C.SSL_get_peer_finished(p, b, n) })
}

// TLSExporter returns the channel binding tls-exporter of RFC 9266.
//
// C: SSL_export_keying_material(3)
func (s *SSL) TLSExporter() ([]byte, error) {
	return s.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
}

// TLSServerEndPoint returns the channel binding tls-server-end-point of RFC 5929: a hash of the server's certificate.
// It is an error where there is none, or its signature names no hash, as Ed25519's does not.
//
// C: SSL_get_certificate(3)
func (s *SSL) TLSServerEndPoint() ([]byte, error) {
	cert, err := s.serverCertificate()
	if err != nil {
		return nil, err
	}
	hash, ok := endPointHashes[cert.SignatureAlgorithm]
	if !ok {
		return nil, errors.New("libssl: TLSServerEndPoint: not defined for a certificate signed with " + cert.SignatureAlgorithm.String())
	}
	h := hash.New()
	h.Write(cert.Raw)
	return h.Sum(nil), nil
}

// endPointHashes are the hashes of signatures, with those that are too weak replaced, as the RFC says.
var endPointHashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.MD5WithRSA: crypto.SHA256, x509.SHA1WithRSA: crypto.SHA256, x509.ECDSAWithSHA1: crypto.SHA256,
	x509.SHA256WithRSA: crypto.SHA256, x509.SHA256WithRSAPSS: crypto.SHA256, x509.ECDSAWithSHA256: crypto.SHA256,
	x509.SHA384WithRSA: crypto.SHA384, x509.SHA384WithRSAPSS: crypto.SHA384, x509.ECDSAWithSHA384: crypto.SHA384,
	x509.SHA512WithRSA: crypto.SHA512, x509.SHA512WithRSAPSS: crypto.SHA512, x509.ECDSAWithSHA512: crypto.SHA512,
}

func (s *SSL) serverCertificate() (*x509.Certificate, error) {
	defer s.unlock(s.lock())
	if s.ptr == nil {
		return nil, s.gone()
	}
	var cert *C.X509
	if s.server {
		cert = C.SSL_get_certificate(s.ptr)
	} else if sess := C.SSL_get_session(s.ptr); sess != nil {
		cert = C.SSL_SESSION_get0_peer(sess)
	}
	if cert == nil {
		return nil, errors.New("libssl: TLSServerEndPoint: the server has no certificate")
	}
	return parseCertificate(cert)
}
