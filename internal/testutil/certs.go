package testutil

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// ServerNames are the DNS names that every server certificate of this package is valid for, beside the
// addresses 127.0.0.1 and ::1.
var ServerNames = []string{"localhost", "*.example.test", "a.test", "b.test"}

// Authority is a certificate authority of the test binary.
type Authority struct {
	Cert *x509.Certificate
	Key  crypto.Signer
	PEM  []byte         // the certificate
	Pool *x509.CertPool // nothing but the certificate
}

// PKI is the set of certificates that one test binary makes once and shares. Treat it as read-only.
type PKI struct {
	CA      *Authority // issued everything that does not say otherwise
	OtherCA *Authority // unrelated to CA, although its subject looks like any other

	Server      tls.Certificate // ECDSA P-256
	ServerRSA   tls.Certificate // RSA 2048, the same names
	ServerChain tls.Certificate // ECDSA, issued by an intermediate that is sent along
	Client      tls.Certificate // ECDSA, for client authentication
	ClientRSA   tls.Certificate
	SelfSigned  tls.Certificate // the server's names, its own issuer
	OtherServer tls.Certificate // the server's names, issued by OtherCA
	OtherClient tls.Certificate // a client certificate issued by OtherCA
}

// Certs returns the certificates of this test binary.
func Certs(t testing.TB) *PKI {
	t.Helper()
	p, err := pki()
	if err != nil {
		t.Fatalf("making the test certificates: %v", err)
	}
	return p
}

var pki = sync.OnceValues(makePKI)

func makePKI() (*PKI, error) {
	p := new(PKI)
	var err error
	must := func(f func() error) {
		if err == nil {
			err = f()
		}
	}
	must(func() (e error) { p.CA, e = newAuthority("Test CA", nil); return })
	must(func() (e error) { p.OtherCA, e = newAuthority("Another Test CA", nil); return })
	leaf := func(dst *tls.Certificate, ca *Authority, name string, server, useRSA bool) {
		must(func() (e error) { *dst, e = newLeaf(ca, name, server, useRSA); return })
	}
	leaf(&p.Server, p.CA, "server", true, false)
	leaf(&p.ServerRSA, p.CA, "server with RSA", true, true)
	leaf(&p.Client, p.CA, "client", false, false)
	leaf(&p.ClientRSA, p.CA, "client with RSA", false, true)
	leaf(&p.SelfSigned, nil, "self-signed", true, false)
	leaf(&p.OtherServer, p.OtherCA, "server of another authority", true, false)
	leaf(&p.OtherClient, p.OtherCA, "client of another authority", false, false)
	must(func() error {
		mid, e := newAuthority("Test Intermediate", p.CA)
		if e != nil {
			return e
		}
		p.ServerChain, e = newLeaf(mid, "server below an intermediate", true, false)
		p.ServerChain.Certificate = append(p.ServerChain.Certificate, mid.Cert.Raw)
		return e
	})
	return p, err
}

// NewAuthority makes an authority that issuer signs, or that signs itself when issuer is nil.
func NewAuthority(t testing.TB, name string, issuer *Authority) *Authority {
	t.Helper()
	a, err := newAuthority(name, issuer)
	if err != nil {
		t.Fatalf("making an authority: %v", err)
	}
	return a
}

// newAuthority makes an authority that issuer signs, or that signs itself when issuer is nil.
func newAuthority(name string, issuer *Authority) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl, err := template(name)
	if err != nil {
		return nil, err
	}
	tmpl.IsCA = true
	tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	cert, err := sign(tmpl, key, issuer)
	if err != nil {
		return nil, err
	}
	a := &Authority{Cert: cert, Key: key, PEM: certPEM(cert.Raw), Pool: x509.NewCertPool()}
	a.Pool.AddCert(cert)
	return a, nil
}

// Issue has ca issue a certificate for key: for servers of ServerNames and for clients, unless change says otherwise.
func Issue(t testing.TB, ca *Authority, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	tmpl, err := template("issued")
	if err != nil {
		t.Fatal(err)
	}
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	tmpl.DNSNames = ServerNames
	tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if change != nil {
		change(tmpl)
	}
	cert, err := sign(tmpl, key, ca)
	if err != nil {
		t.Fatalf("issuing a certificate: %v", err)
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// IssuePublic has ca issue a server certificate for a public key.
func IssuePublic(t testing.TB, ca *Authority, key crypto.PublicKey) tls.Certificate {
	t.Helper()
	tmpl, err := template("issued")
	if err != nil {
		t.Fatal(err)
	}
	tmpl.DNSNames = ServerNames
	der, err := x509.CreateCertificate(rand.Reader, tmpl, ca.Cert, key, ca.Key)
	if err != nil {
		t.Fatalf("issuing a certificate: %v", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}}
}

// CRL returns a PEM list of what ca has revoked, good from yesterday, an hour later for each number, until then.
func CRL(t testing.TB, ca *Authority, number int64, until time.Time, revoked ...*x509.Certificate) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(number), NextUpdate: until,
		ThisUpdate: time.Now().Add(-24*time.Hour + time.Duration(number)*time.Hour)}
	for _, cert := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: list.ThisUpdate})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.Cert, ca.Key)
	if err != nil {
		t.Fatalf("making a CRL: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

func newLeaf(ca *Authority, name string, server, useRSA bool) (tls.Certificate, error) {
	var key crypto.Signer
	var err error
	if useRSA {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	tmpl, err := template(name)
	if err != nil {
		return tls.Certificate{}, err
	}
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	if useRSA {
		tmpl.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if server {
		tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		tmpl.DNSNames = ServerNames
		tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	} else {
		tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	cert, err := sign(tmpl, key, ca)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

func template(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: []string{"libssl tests"}},
		NotBefore:             now.Add(-24 * time.Hour),
		NotAfter:              now.Add(30 * 24 * time.Hour),
		BasicConstraintsValid: true,
	}, nil
}

func sign(tmpl *x509.Certificate, key crypto.Signer, issuer *Authority) (*x509.Certificate, error) {
	parent, parentKey := tmpl, key
	if issuer != nil {
		parent, parentKey = issuer.Cert, issuer.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), parentKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// CertPEM returns the certificates of c as PEM, the leaf first.
func CertPEM(c tls.Certificate) []byte {
	var out []byte
	for _, der := range c.Certificate {
		out = append(out, certPEM(der)...)
	}
	return out
}

// KeyPEM returns the private key of c as an unencrypted PKCS #8 PEM block.
func KeyPEM(t testing.TB, c tls.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatalf("encoding a private key: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Files writes certificate and key of c to two files that live as long as the test.
func Files(t testing.TB, c tls.Certificate) (cert, key string) {
	t.Helper()
	return File(t, "cert.pem", CertPEM(c)), File(t, "key.pem", KeyPEM(t, c))
}

// CAFile writes the certificate of a to a file that lives as long as the test.
func CAFile(t testing.TB, a *Authority) string {
	t.Helper()
	return File(t, "ca.pem", a.PEM)
}

// File writes data to a file called name in a new folder that lives as long as the test.
func File(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
