package libtls

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"runtime"
	"strings"

	"github.com/go-libssl/libssl"
)

// A keypair is a certificate with its chain, its key and its OCSP response. nil stands for what was not set.
type keypair struct {
	cert, key []byte // PEM
	staple    []byte // DER
}

// SetCertFile sets the certificate that a server shows, or a client that is asked for one: those of a PEM file, its own
// first.
//
// C: tls_config_set_cert_file(3)
func (c *Config) SetCertFile(path string) error {
	pem, err := load("certificate", path)
	if err != nil {
		return err
	}
	defer clear(pem) // the key may be in it too
	return c.SetCertMem(pem)
}

// SetCertMem is SetCertFile for PEM text.
//
// C: tls_config_set_cert_mem(3)
func (c *Config) SetCertMem(cert []byte) error {
	return c.change(func() error { return c.keypairs[0].setCert(cert) })
}

// SetKeyFile sets the private key of that certificate, of a PEM file. What is in it comes out when it is used.
//
// C: tls_config_set_key_file(3)
func (c *Config) SetKeyFile(path string) error {
	pem, err := load("key", path)
	if err != nil {
		return err
	}
	defer clear(pem)
	return c.SetKeyMem(pem)
}

// SetKeyMem is SetKeyFile for PEM text, of which the Config has a copy of its own.
//
// C: tls_config_set_key_mem(3)
func (c *Config) SetKeyMem(key []byte) error {
	c.set(func() { c.keypairs[0].setKey(key) })
	return nil
}

// SetKeypairFile sets certificate and key.
//
// C: tls_config_set_keypair_file(3)
func (c *Config) SetKeypairFile(cert, key string) error {
	if err := c.SetCertFile(cert); err != nil {
		return err
	}
	return c.SetKeyFile(key)
}

// SetKeypairMem is SetKeypairFile for PEM text.
//
// C: tls_config_set_keypair_mem(3)
func (c *Config) SetKeypairMem(cert, key []byte) error {
	if err := c.SetCertMem(cert); err != nil {
		return err
	}
	return c.SetKeyMem(key)
}

// SetKeypairOCSPFile is SetKeypairFile with SetOCSPStapleFile.
//
// C: tls_config_set_keypair_ocsp_file(3)
func (c *Config) SetKeypairOCSPFile(cert, key, staple string) error {
	if err := c.SetKeypairFile(cert, key); err != nil {
		return err
	}
	return c.SetOCSPStapleFile(staple)
}

// SetKeypairOCSPMem is SetKeypairOCSPFile for PEM text and a response in DER.
//
// C: tls_config_set_keypair_ocsp_mem(3)
func (c *Config) SetKeypairOCSPMem(cert, key, staple []byte) error {
	if err := c.SetKeypairMem(cert, key); err != nil {
		return err
	}
	return c.SetOCSPStapleMem(staple)
}

// AddKeypairFile adds a further certificate with its key, for servers: it is shown to clients that ask for a name it is
// for. Without a match the first is shown, that of SetKeypairFile. The names are read by crypto/x509: NewServer refuses
// one that it can't read, as with a negative serial number or a key on secp256k1. The first may be such a one.
//
// C: tls_config_add_keypair_file(3)
func (c *Config) AddKeypairFile(cert, key string) error { return c.addKeypairFiles(cert, key, nil) }

// AddKeypairMem is AddKeypairFile for PEM text.
//
// C: tls_config_add_keypair_mem(3)
func (c *Config) AddKeypairMem(cert, key []byte) error { return c.addKeypair(cert, key, nil) }

// AddKeypairOCSPFile is AddKeypairFile with an OCSP response to staple, in DER.
//
// C: tls_config_add_keypair_ocsp_file(3)
func (c *Config) AddKeypairOCSPFile(cert, key, staple string) error {
	return c.addKeypairFiles(cert, key, &staple)
}

// AddKeypairOCSPMem is AddKeypairOCSPFile for PEM text and DER.
//
// C: tls_config_add_keypair_ocsp_mem(3)
func (c *Config) AddKeypairOCSPMem(cert, key, staple []byte) error {
	return c.addKeypair(cert, key, some(staple))
}

func (c *Config) addKeypairFiles(cert, key string, staple *string) error {
	certPEM, err := load("certificate", cert)
	if err != nil {
		return err
	}
	defer clear(certPEM)
	keyPEM, err := load("key", key)
	if err != nil {
		return err
	}
	defer clear(keyPEM)
	var der []byte
	if staple != nil {
		if der, err = load("ocsp", *staple); err != nil {
			return err
		}
	}
	return c.addKeypair(certPEM, keyPEM, der)
}

func (c *Config) addKeypair(cert, key, staple []byte) error {
	return c.change(func() error {
		k := new(keypair)
		if err := k.setCert(cert); err != nil {
			return err
		}
		k.setKey(key)
		k.staple = bytes.Clone(staple)
		c.keypairs = append(c.keypairs, k)
		return nil
	})
}

// SetOCSPStapleFile sets the OCSP response that a server staples to the certificate of SetCertFile when a client asks
// for one: a file in DER, which is not looked into here. libssl itself, since 3.6, sends none that it finds no certificate
// for among those of the chain and their issuers.
//
// C: tls_config_set_ocsp_staple_file(3)
func (c *Config) SetOCSPStapleFile(path string) error {
	der, err := load("ocsp", path)
	if err != nil {
		return err
	}
	return c.SetOCSPStapleMem(der)
}

// SetOCSPStapleMem is SetOCSPStapleFile for a response in memory.
//
// C: tls_config_set_ocsp_staple_mem(3)
func (c *Config) SetOCSPStapleMem(der []byte) error {
	c.set(func() { c.keypairs[0].staple = bytes.Clone(der) })
	return nil
}

// ClearKeys overwrites the private keys in the Config, once a server has been made from it: that has its own. What is
// made from the Config afterwards has no key.
//
// C: tls_config_clear_keys(3)
func (c *Config) ClearKeys() {
	c.set(func() {
		for _, k := range c.keypairs {
			k.setKey(nil)
			k.key = nil
		}
	})
}

// setCert also says what is wrong with the certificate, and keeps it all the same. It is overwritten as a key is: that may
// be in the same text.
func (k *keypair) setCert(cert []byte) error {
	clear(k.cert)
	k.cert = bytes.Clone(some(cert))
	runtime.AddCleanup(k, wipe, k.cert)
	err := probe(func(ctx *libssl.Ctx) error { return ctx.UseCertificatePEM(k.cert, nil) })
	var e *libssl.Error
	if errors.As(err, &e) && e.Op == readCert && len(e.Stack) > 0 {
		return faultf(ErrCertificate, err, "%v: %s", ErrCertificate, errorString(e.Stack[0]))
	}
	return nil
}

// setKey overwrites the key before, and has the new one overwritten when nobody has the keypair any more.
func (k *keypair) setKey(key []byte) {
	clear(k.key)
	k.key = bytes.Clone(some(key))
	runtime.AddCleanup(k, wipe, k.key)
}

func wipe(secret []byte) { clear(secret) }

func (k *keypair) empty() bool { return k.cert == nil && k.key == nil }

// The steps of [libssl.Ctx.UseCertificatePEM].
const (
	readCert = "PEM_read_bio_X509"
	readKey  = "PEM_read_bio_PrivateKey"
)

// use gives ctx the keypair.
func (k *keypair) use(ctx *libssl.Ctx) error {
	if k.cert == nil {
		return fault(ErrKeyMismatch, nil)
	}
	err := ctx.UseCertificatePEM(k.cert, k.key)
	var e *libssl.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Op == readCert:
		return fault(ErrCertificate, err)
	case e.Op == readKey && k.key == nil:
		return fault(ErrKeyMismatch, err)
	case e.Op == readKey:
		return fault(ErrReadPrivateKey, err)
	}
	return fault(ErrLoadPrivateKey, err)
}

// leaf is the certificate, whose names decide for whom it is shown.
func (k *keypair) leaf() (*x509.Certificate, error) {
	for block, rest := pem.Decode(k.cert); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "CERTIFICATE") {
			continue
		}
		var cert asn1.RawValue // in a TRUSTED CERTIFICATE there is more behind it
		_, err := asn1.Unmarshal(block.Bytes, &cert)
		if err != nil {
			return nil, fault(ErrCertificate, err)
		}
		leaf, err := x509.ParseCertificate(cert.FullBytes)
		if err != nil {
			return nil, faultf(ErrCertificate, err, "%v: %v", ErrCertificate, err)
		}
		return leaf, nil
	}
	return nil, fault(ErrCertificate, nil)
}
