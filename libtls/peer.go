package libtls

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"time"

	"github.com/go-libssl/libssl"
)

// The peer's certificate: that of the handshake, or of the session that was resumed.

// PeerCertificate returns the certificate that the peer has shown, nil for none.
func (c *Conn) PeerCertificate() *x509.Certificate {
	if certs := c.knownState().PeerCertificates; len(certs) > 0 {
		return certs[0]
	}
	return nil
}

// PeerCertProvided reports whether the peer has shown a certificate.
//
// C: tls_peer_cert_provided(3)
func (c *Conn) PeerCertProvided() bool { return c.PeerCertificate() != nil }

// PeerCertContainsName reports whether the peer's certificate is for a name or an address.
//
// C: tls_peer_cert_contains_name(3)
func (c *Conn) PeerCertContainsName(name string) bool {
	cert := c.PeerCertificate()
	if cert == nil {
		return false
	}
	ok, err := certContains(cert, name)
	return ok && err == nil
}

// PeerCertSubject returns the subject in one line, as "/C=DE/CN=example.org".
//
// C: tls_peer_cert_subject(3)
func (c *Conn) PeerCertSubject() string {
	return c.nameLine(func(cert *x509.Certificate) []byte { return cert.RawSubject })
}

// PeerCertIssuer returns the issuer in one line.
//
// C: tls_peer_cert_issuer(3)
func (c *Conn) PeerCertIssuer() string {
	return c.nameLine(func(cert *x509.Certificate) []byte { return cert.RawIssuer })
}

func (c *Conn) nameLine(of func(*x509.Certificate) []byte) string {
	cert := c.PeerCertificate()
	if cert == nil {
		return ""
	}
	line, err := libssl.NameLine(of(cert))
	if err != nil {
		return ""
	}
	return line
}

// PeerCertCommonName returns the subject's common name.
//
// C: tls_peer_cert_common_name(3)
func (c *Conn) PeerCertCommonName() string {
	if cert := c.PeerCertificate(); cert != nil {
		return cert.Subject.CommonName
	}
	return ""
}

// PeerCertHash returns the hash of the certificate, as "SHA256:" and 64 hexadecimal digits.
//
// C: tls_peer_cert_hash(3)
func (c *Conn) PeerCertHash() string {
	cert := c.PeerCertificate()
	if cert == nil {
		return ""
	}
	sum := sha256.Sum256(cert.Raw)
	return "SHA256:" + hex.EncodeToString(sum[:])
}

// PeerCertNotBefore returns from when on the certificate is valid; the zero time without one.
//
// C: tls_peer_cert_notbefore(3)
func (c *Conn) PeerCertNotBefore() time.Time {
	if cert := c.PeerCertificate(); cert != nil {
		return cert.NotBefore
	}
	return time.Time{}
}

// PeerCertNotAfter returns until when the certificate is valid; the zero time without one.
//
// C: tls_peer_cert_notafter(3)
func (c *Conn) PeerCertNotAfter() time.Time {
	if cert := c.PeerCertificate(); cert != nil {
		return cert.NotAfter
	}
	return time.Time{}
}

// PeerCertChainPEM returns the certificates that the peer has shown, its own first, as PEM text. A session holds no
// more than the first.
//
// C: tls_peer_cert_chain_pem(3)
func (c *Conn) PeerCertChainPEM() []byte {
	var text []byte
	for _, cert := range c.knownState().PeerCertificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return text
}
