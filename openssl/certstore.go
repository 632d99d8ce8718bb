package openssl

import (
	"errors"
	"sync"
)

// A CertificateStore is a set of trusted certificates: that of a [Ctx], or one by itself, which nothing else takes.
// Several goroutines may use it.
type CertificateStore struct {
	add func(pem []byte) error // nil for one by itself

	mu    sync.Mutex
	certs []*Certificate // of one by itself
}

// NewCertificateStore returns an empty one.
func NewCertificateStore() (*CertificateStore, error) { return new(CertificateStore), nil }

// GetCertificateStore returns the certificates that peers of c are verified with, so that some can be added.
//
// C: SSL_CTX_get_cert_store(3)
func (c *Ctx) GetCertificateStore() *CertificateStore {
	return &CertificateStore{add: c.Libssl().AddRootCAs}
}

// LoadCertificatesFromPEM adds all certificates in PEM text, in which there must be one. Those before one that can't be read
// stay.
func (s *CertificateStore) LoadCertificatesFromPEM(data []byte) error {
	blocks := SplitPEM(data)
	if len(blocks) == 0 {
		return errors.New("no PEM certificate found")
	}
	for _, block := range blocks {
		cert, err := LoadCertificateFromPEM(block)
		if err != nil {
			return err
		}
		if err := s.AddCertificate(cert); err != nil {
			return err
		}
	}
	return nil
}

// AddCertificate adds a certificate.
//
// C: X509_STORE_add_cert(3)
func (s *CertificateStore) AddCertificate(cert *Certificate) error {
	if s == nil {
		return errors.New("failed to add certificate: there is no store")
	}
	text, err := cert.MarshalPEM()
	if err != nil {
		return err
	}
	if s.add != nil {
		return sslError(s.add(text))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certs = append(s.certs, cert)
	return nil
}
