package libtls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"

	"github.com/go-libssl/libssl/libtls"
)

// The certificates of a process, each as PEM.
type certificates struct {
	authority, stranger pair // stranger is an authority too, of nobody here
	server, client      pair // of authority
}

// A pair is a certificate and its key.
type pair struct{ cert, key []byte }

// pki makes them, once.
var pki = sync.OnceValue(func() certificates {
	authority, issue := newAuthority("clauses")
	stranger, _ := newAuthority("stranger")
	return certificates{
		authority: authority, stranger: stranger,
		server: issue(serverName, x509.ExtKeyUsageServerAuth),
		client: issue("client.test", x509.ExtKeyUsageClientAuth),
	}
})

// newAuthority makes an authority and what issues its certificates.
func newAuthority(name string) (pair, func(name string, use x509.ExtKeyUsage) pair) {
	template := certificate(name)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	own := newKey()
	return encode(template, template, own, own), func(name string, use x509.ExtKeyUsage) pair {
		c := certificate(name)
		c.DNSNames, c.ExtKeyUsage, c.KeyUsage = []string{name}, []x509.ExtKeyUsage{use}, x509.KeyUsageDigitalSignature
		return encode(c, template, newKey(), own)
	}
}

func newKey() *ecdsa.PrivateKey { return must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
	}
}

func encode(c, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) pair {
	der := must1(x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), issuerKey))
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return pair{block("CERTIFICATE", der), block("EC PRIVATE KEY", must1(x509.MarshalECPrivateKey(key)))}
}

func keypair(p pair) setting {
	return func(c *libtls.Config) error { return c.SetKeypairMem(p.cert, p.key) }
}

func trust(p pair) setting { return func(c *libtls.Config) error { return c.SetCAMem(p.cert) } }
