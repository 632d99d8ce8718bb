package openssl

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/go-libssl/libssl/internal/libcrypto"
)

// An X509_Version is the version of a certificate, less one.
type X509_Version int

// The versions that are in use. Extensions are for X509_V3, which [Certificate.Sign] sets if there are any.
const (
	X509_V1 X509_Version = 0
	X509_V3 X509_Version = 2
)

// A Certificate is an X.509 certificate, read or in the making. It needs no closing. Several goroutines may use it and take
// turns, but for the field.
//
// C: X509_new(3)
type Certificate struct {
	// Issuer is the certificate that [Certificate.SetIssuer] was given. [Certificate.AddExtension] takes from it what an
	// extension says of the issuer; nil stands for the certificate itself.
	Issuer *Certificate

	x *libcrypto.Certificate // nil in a zero Certificate
}

// A CertificateInfo is what [NewCertificate] puts into a certificate. The three strings may not be empty; Country is a code
// of two letters.
type CertificateInfo struct {
	Serial       *big.Int      // not negative
	Issued       time.Duration // from now: valid from then on; whole seconds
	Expires      time.Duration // from now: valid until then; whole seconds
	Country      string
	Organization string
	CommonName   string
}

// NewCertificate returns a certificate for key, not signed yet. Subject and issuer are info's names, in the order country,
// organization, common name; see [Certificate.SetIssuer].
func NewCertificate(info *CertificateInfo, key PublicKey) (*Certificate, error) {
	if info == nil {
		return nil, errors.New("no certificate info")
	}
	x, err := libcrypto.NewCertificate()
	if err != nil {
		return nil, fmt.Errorf("failed to create certificate: %w", err)
	}
	c := &Certificate{x: x}
	name, err := c.GetSubjectName()
	if err != nil {
		return nil, err
	}
	for _, entry := range [][2]string{{"C", info.Country}, {"O", info.Organization}, {"CN", info.CommonName}} {
		if err := name.AddTextEntry(entry[0], entry[1]); err != nil {
			return nil, err
		}
	}
	if err := c.SetIssuerName(name); err != nil {
		return nil, err
	}
	if err := c.SetSerial(info.Serial); err != nil {
		return nil, err
	}
	if err := c.SetIssueDate(info.Issued); err != nil {
		return nil, err
	}
	if err := c.SetExpireDate(info.Expires); err != nil {
		return nil, err
	}
	if err := c.SetPubKey(key); err != nil {
		return nil, err
	}
	return c, nil
}

// LoadCertificateFromPEM returns the first certificate in pem_block.
//
// C: PEM_read_bio_X509(3)
func LoadCertificateFromPEM(pem_block []byte) (*Certificate, error) {
	if len(pem_block) == 0 {
		return nil, errEmptyPEM
	}
	x, err := libcrypto.ParseCertificatePEM(pem_block)
	if err != nil {
		return nil, queueError(err)
	}
	return &Certificate{x: x}, nil
}

// MarshalPEM returns the certificate in PEM.
//
// C: PEM_write_bio_X509(3)
func (c *Certificate) MarshalPEM() (pem_block []byte, err error) {
	x, err := c.x509("dumping certificate")
	if err != nil {
		return nil, err
	}
	return dumped("certificate")(x.PEM())
}

// GetSubjectName returns the subject: a view of it, so that an entry added to it is added to the certificate.
//
// C: X509_get_subject_name(3)
func (c *Certificate) GetSubjectName() (*Name, error) { return c.name(libcrypto.Subject, "subject") }

// GetIssuerName is [Certificate.GetSubjectName] for the issuer.
//
// C: X509_get_issuer_name(3)
func (c *Certificate) GetIssuerName() (*Name, error) { return c.name(libcrypto.Issuer, "issuer") }

func (c *Certificate) name(w libcrypto.Which, what string) (*Name, error) {
	x, err := c.x509("to get " + what + " name")
	if err != nil {
		return nil, err
	}
	return &Name{of: x, which: w}, nil
}

// SetSubjectName sets the subject to a copy of name.
//
// C: X509_set_subject_name(3)
func (c *Certificate) SetSubjectName(name *Name) error {
	return c.setName(libcrypto.Subject, name, "to set subject name")
}

// SetIssuerName sets the issuer to a copy of name.
//
// C: X509_set_issuer_name(3)
func (c *Certificate) SetIssuerName(name *Name) error {
	return c.setName(libcrypto.Issuer, name, "to set subject name") // the original's word, too
}

func (c *Certificate) setName(w libcrypto.Which, name *Name, what string) error {
	return c.set(what, func(x *libcrypto.Certificate) error {
		own, err := name.own()
		if err != nil {
			return err
		}
		return x.SetName(w, own)
	})
}

// SetIssuer sets the issuer's name to the subject of issuer, and the field Issuer.
func (c *Certificate) SetIssuer(issuer *Certificate) error {
	name, err := issuer.GetSubjectName()
	if err != nil {
		return err
	}
	if err := c.SetIssuerName(name); err != nil {
		return err
	}
	c.Issuer = issuer
	return nil
}

// GetSerialNumberHex returns the serial number in hexadecimal, in capitals; "" for a zero Certificate.
//
// C: X509_get_serialNumber(3)
func (c *Certificate) GetSerialNumberHex() (serial string) {
	x, err := c.x509("")
	if err != nil {
		return ""
	}
	hex, _ := x.SerialHex()
	return string(hex)
}

// SetSerial sets the serial number, which is not negative.
//
// C: X509_set_serialNumber(3)
func (c *Certificate) SetSerial(serial *big.Int) error {
	return c.set("to set serial", func(x *libcrypto.Certificate) error {
		if serial == nil || serial.Sign() < 0 {
			return fmt.Errorf("it is %v", serial)
		}
		return x.SetSerial(serial)
	})
}

// SetIssueDate sets from when on the certificate is valid, so long from now, in whole seconds.
//
// C: X509_gmtime_adj(3)
func (c *Certificate) SetIssueDate(when time.Duration) error {
	return c.set("to set issue date", func(x *libcrypto.Certificate) error {
		return x.SetNotBefore(int64(when / time.Second))
	})
}

// SetExpireDate sets until when the certificate is valid, so long from now, in whole seconds.
//
// C: X509_gmtime_adj(3)
func (c *Certificate) SetExpireDate(when time.Duration) error {
	return c.set("to set expire date", func(x *libcrypto.Certificate) error {
		return x.SetNotAfter(int64(when / time.Second))
	})
}

// PublicKey returns the key that is certified.
//
// C: X509_get_pubkey(3)
func (c *Certificate) PublicKey() (PublicKey, error) {
	x, err := c.x509("to get public key")
	if err != nil {
		return nil, err
	}
	return public("no public key found")(x.PublicKey())
}

// SetPubKey sets the key that is certified.
//
// C: X509_set_pubkey(3)
func (c *Certificate) SetPubKey(pubKey PublicKey) error {
	return c.set("to set public key", func(x *libcrypto.Certificate) error {
		key, err := keyOf(pubKey)
		if err != nil {
			return err
		}
		return x.SetPublicKey(key)
	})
}

// GetVersion returns the version; X509_V1 for a zero Certificate.
//
// C: X509_get_version(3)
func (c *Certificate) GetVersion() X509_Version {
	x, err := c.x509("")
	if err != nil {
		return X509_V1
	}
	v, _ := x.Version()
	return X509_Version(v)
}

// SetVersion sets the version.
//
// C: X509_set_version(3)
func (c *Certificate) SetVersion(version X509_Version) error {
	return c.set("to set certificate version", func(x *libcrypto.Certificate) error { return x.SetVersion(int(version)) })
}

// AddExtension adds an extension, of which value is what stands in a configuration file: "critical,CA:TRUE" for
// [NID_basic_constraints], "DNS:example.com,IP:192.0.2.1" for [NID_subject_alt_name]. The public key, and for what is said
// of the issuer [Certificate.SetIssuer], come first. A value can't lead to a section of a file.
//
// C: X509V3_EXT_nconf_nid(3), x509v3_config(5)
func (c *Certificate) AddExtension(nid NID, value string) error {
	return c.set("to create x509v3 extension", func(x *libcrypto.Certificate) error {
		issuer := x
		if c.Issuer != nil {
			var err error
			if issuer, err = c.Issuer.x509("to use issuer"); err != nil {
				return err
			}
		}
		if err := x.AddExtension(issuer, int(nid), value); err != nil {
			return fmt.Errorf("%d, %q: %w", nid, value, err)
		}
		return nil
	})
}

// AddExtensions adds extensions in the order of their numbers.
func (c *Certificate) AddExtensions(extensions map[NID]string) error {
	for _, nid := range slices.Sorted(maps.Keys(extensions)) {
		if err := c.AddExtension(nid, extensions[nid]); err != nil {
			return err
		}
	}
	return nil
}

// Sign signs the certificate by its issuer's key. digest is EVP_SHA256, EVP_SHA384 or EVP_SHA512; an Ed25519 or Ed448 key
// makes no use of it. What is changed afterwards is not covered by the signature.
//
// C: X509_sign(3)
func (c *Certificate) Sign(privKey PrivateKey, digest EVP_MD) error {
	if digest != EVP_SHA256 && digest != EVP_SHA384 && digest != EVP_SHA512 {
		//lint:ignore ST1005 programs know it by these words
		return fmt.Errorf("Unsupported digest %d: you're probably looking for 'EVP_SHA256' or 'EVP_SHA512'", digest)
	}
	return c.set("to sign certificate", func(x *libcrypto.Certificate) error {
		key, err := keyOf(privKey)
		if err != nil {
			return err
		}
		d, err := digest.digest()
		if err != nil {
			return err
		}
		if key.SignsMessages() {
			d = nil
		}
		return x.Sign(key, d)
	})
}

// x509 returns the certificate, or an error that says what can't be done without one.
func (c *Certificate) x509(what string) (*libcrypto.Certificate, error) {
	if c == nil || c.x == nil {
		return nil, fmt.Errorf("failed %s: there is no certificate", what)
	}
	return c.x, nil
}

// set calls f with the certificate. what says what failed if it does.
func (c *Certificate) set(what string, f func(x *libcrypto.Certificate) error) error {
	x, err := c.x509(what)
	if err != nil {
		return err
	}
	if err := f(x); err != nil {
		return fmt.Errorf("failed %s: %w", what, err)
	}
	return nil
}

// certDER returns a certificate's DER.
func certDER(c *Certificate) ([]byte, error) {
	x, err := c.x509("dumping certificate")
	if err != nil {
		return nil, err
	}
	return dumped("certificate")(x.DER())
}

// certFromDER makes a Certificate of what the root package hands out.
func certFromDER(der []byte) (*Certificate, error) {
	x, err := libcrypto.ParseCertificateDER(der)
	if err != nil {
		return nil, queueError(err)
	}
	return &Certificate{x: x}, nil
}
