package libtls

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-libssl/libssl"
)

// A Config says how connections are made. The zero Config is what [NewConfig] returns. It may be used by any number of
// clients and servers, and changed while they run: a client takes over what it is when it is made, a server when it is
// made too, but for the ticket keys and their age.
//
// A setter that fails leaves what was set before. But SetCertMem and what goes by it keep a text that holds no certificate,
// as libtls does: it is refused again when it is used.
type Config struct {
	mu sync.Mutex // guards all that follows but what tickets holds, which has a lock of its own

	trust    trust
	keypairs []*keypair // the first is the default, and always there; nil: nothing is set up yet

	protocols     Protocols
	ciphers       string
	curves        string
	dhe           int
	serverPrefers bool
	alpn          []string

	verifyClient, clientMayHaveNone bool

	file   *sessionFile // nil: off
	heal   bool
	legacy bool
	id     [maxSessionID]byte

	lifetime time.Duration
	tickets  *ticketKeys

	client *libssl.Ctx // made from all that; nil: to be made
}

// The limits of libtls.
const (
	maxSessionID       = 32
	minSessionLifetime = 4 * time.Second
	maxSessionLifetime = 86400 * time.Second
)

// NewConfig returns libtls' defaults: TLS 1.2 and 1.3; secure ciphers; peers verified, by certificate, name and time,
// with the CAs of the system; chains of at most 6 CAs; no sessions; a random session id.
//
// C: tls_config_new(3)
func NewConfig() *Config { return new(Config) }

// lock locks c.mu. The first time it sets up what is not zero by default.
func (c *Config) lock() {
	c.mu.Lock()
	if c.keypairs != nil {
		return
	}
	c.trust.depth = 6
	c.keypairs = []*keypair{{}}
	c.protocols = ProtocolsDefault
	c.ciphers = ciphersSecure
	c.curves = curvesDefault
	c.serverPrefers = true
	c.tickets = newTicketKeys()
	rand.Read(c.id[:])
}

// change runs a setter. What was made from the old settings goes on with them, and so does what is just being made: the
// old Ctx is dropped and not closed.
func (c *Config) change(f func() error) error {
	c.lock()
	defer c.mu.Unlock()
	c.client = nil
	return f()
}

// set is change for what can't fail.
func (c *Config) set(f func()) {
	c.change(func() error {
		f()
		return nil
	})
}

// SetSessionFD has clients keep their session in a file, by its descriptor; -1, the default, turns that off. The file
// must be a regular one of the real user's with the mode 0600: that is checked now and not again. The descriptor
// stays the caller's, who closes it when no client uses it any more; its offset is neither used nor changed. It has to
// be open for reading and writing, which comes out when it is used. A server has no use for it.
//
// How the file is read and written is told in the package comment.
//
// C: tls_config_set_session_fd(3)
func (c *Config) SetSessionFD(fd int) error {
	if fd == -1 {
		return c.setSessionFile(nil)
	}
	return c.setSessionFile(&sessionFile{fd: fd})
}

// SetSessionFile is SetSessionFD for a file that Go has opened, which the Config keeps from being closed by the garbage
// collector; nil turns sessions off.
//
// C: tls_config_set_session_fd(3)
func (c *Config) SetSessionFile(f *os.File) error {
	switch {
	case f == nil:
		return c.setSessionFile(nil)
	case *f == (os.File{}): // not even its methods may be called
		return systemFault(ErrSessionFileStat, fmt.Errorf("%w: %w", syscall.EBADF, os.ErrInvalid))
	}
	return c.setSessionFile(&sessionFile{file: f})
}

func (c *Config) setSessionFile(f *sessionFile) error {
	return c.change(func() error {
		if f != nil {
			if err := f.check(); err != nil {
				return err
			}
		}
		c.file = f
		return nil
	})
}

// SetSessionID sets a server's session id context, of at most 32 bytes; a shorter one is filled up with zeros. Servers
// that are to resume each other's sessions need the same one, the same ticket keys, and the same verification of
// clients: see LegacyResumption. The default is random. A server reads it when it is made.
//
// C: tls_config_set_session_id(3)
func (c *Config) SetSessionID(id []byte) error {
	return c.change(func() error {
		if len(id) > maxSessionID {
			return fault(ErrSessionIDTooLarge, nil)
		}
		c.id = [maxSessionID]byte{}
		copy(c.id[:], id)
		return nil
	})
}

// SetSessionLifetime sets how long a server's sessions can be resumed, whole seconds from 4 to a day; 0, the default,
// is never. A server that is made without one has no sessions, whatever is set later; of one that has, a change counts
// at once for how long its ticket keys are of use.
//
// C: tls_config_set_session_lifetime(3)
func (c *Config) SetSessionLifetime(d time.Duration) error {
	return c.change(func() error {
		switch {
		case d > maxSessionLifetime:
			return fault(ErrSessionLifetimeTooLarge, nil)
		case d < minSessionLifetime && d != 0:
			return fault(ErrSessionLifetimeTooSmall, nil)
		case d%time.Second != 0:
			return faultf(ErrSessionLifetimeFraction, nil, "%v: %v", ErrSessionLifetimeFraction, d)
		}
		c.lifetime = d
		c.tickets.setLifetime(d)
		return nil
	})
}

// AddTicketKey adds a key that servers seal and open tickets with, 48 bytes: 32 for AES-256-CBC, 16 for HMAC-SHA256.
// rev is its name: any number, 0 too. Four keys are kept. The newest seals; the others open tickets, which are then
// replaced. Each is of use for one session lifetime. Without any a server makes keys of its own, a new one after three
// quarters of the lifetime; from the first that is added on it does not.
//
// A key whose rev is there already is [ErrTicketKeyPresent], but to add the newest once more changes nothing and is no
// error. It counts at once on servers that run. The bytes are copied, and overwritten when nothing uses them any more.
//
// C: tls_config_add_ticket_key(3)
func (c *Config) AddTicketKey(rev uint32, key []byte) error {
	return c.ticketKeys().add(rev, key, time.Now())
}

func (c *Config) ticketKeys() *ticketKeys {
	c.lock()
	defer c.mu.Unlock()
	return c.tickets
}

// HealSessionFile has clients take a session file that holds no session for an empty one, and replace what is in it.
// Without it that is an error until somebody mends the file.
func (c *Config) HealSessionFile() { c.set(func() { c.heal = true }) }

// StrictTicketKeys has a server fail the handshakes of clients that ask for a ticket when every key has aged, with
// [ErrNoValidTicketKey], as libtls does. Without it they get no ticket; before OpenSSL 3.0, in TLS 1.3, one that nobody can
// open.
func (c *Config) StrictTicketKeys() { c.ticketKeys().setStrict() }

// LegacyResumption has sessions resumed as libtls does, without a look at how they came about: a client offers the
// session in its file although it was made under other trust, or none, or its certificate would not pass any more; a
// server that verifies clients takes up the sessions of one with the same id and keys that does not, and those whose
// certificate has expired. Resumption skips the verification, so either lets in whom a full handshake would refuse. A
// server with several certificates, of AddKeypairFile, that verifies its clients never takes up a session of a server in
// the same process that lets in others.
func (c *Config) LegacyResumption() { c.set(func() { c.legacy = true }) }

// SetCAFile sets the CAs that peers are verified with: those of a PEM file, which is read now.
//
// C: tls_config_set_ca_file(3)
func (c *Config) SetCAFile(path string) error {
	pem, err := load("CA", path)
	if err != nil {
		return err
	}
	return c.SetCAMem(pem)
}

// SetCAMem is SetCAFile for PEM text. What is in it comes out when it is used.
//
// C: tls_config_set_ca_mem(3)
func (c *Config) SetCAMem(pem []byte) error {
	c.set(func() { c.trust.ca = bytes.Clone(some(pem)) })
	return nil
}

// SetCAPath sets a directory of CAs, with hashed names: see openssl rehash. It is looked into when a peer is verified.
//
// C: tls_config_set_ca_path(3)
func (c *Config) SetCAPath(path string) error {
	c.set(func() { c.trust.path = path })
	return nil
}

// SetCRLFile sets the certificate revocation lists, those of a PEM file: with them each certificate of a chain must be
// on none of its issuer's, and there must be one.
//
// C: tls_config_set_crl_file(3)
func (c *Config) SetCRLFile(path string) error {
	pem, err := load("CRL", path)
	if err != nil {
		return err
	}
	return c.SetCRLMem(pem)
}

// SetCRLMem is SetCRLFile for PEM text. What is in it comes out when it is used.
//
// C: tls_config_set_crl_mem(3)
func (c *Config) SetCRLMem(pem []byte) error {
	c.set(func() { c.trust.crl = bytes.Clone(some(pem)) })
	return nil
}

// some is b, not nil: nil stands for what was not set.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// SetVerifyDepth sets how many CAs may stand between a peer's certificate and the trusted one; the default is 6. What a
// negative number means is up to libssl.
//
// C: tls_config_set_verify_depth(3)
func (c *Config) SetVerifyDepth(n int) error {
	c.set(func() { c.trust.depth = n })
	return nil
}

// Verify turns on again what the three below turn off.
//
// C: tls_config_verify(3)
func (c *Config) Verify() {
	c.set(func() { c.trust.noCert, c.trust.noName, c.trust.noTime = false, false, false })
}

// InsecureNoVerifyCert has any certificate taken: a server's, whose name still counts, and a client's by a server with
// VerifyClient, which still refuses those that show none.
//
// C: tls_config_insecure_noverifycert(3)
func (c *Config) InsecureNoVerifyCert() { c.set(func() { c.trust.noCert = true }) }

// InsecureNoVerifyName has clients take a certificate for any name.
//
// C: tls_config_insecure_noverifyname(3)
func (c *Config) InsecureNoVerifyName() { c.set(func() { c.trust.noName = true }) }

// InsecureNoVerifyTime has certificates taken that have expired or are not valid yet.
//
// C: tls_config_insecure_noverifytime(3)
func (c *Config) InsecureNoVerifyTime() { c.set(func() { c.trust.noTime = true }) }

// VerifyClient has a server ask its clients for a certificate and refuse those without a valid one.
//
// C: tls_config_verify_client(3)
func (c *Config) VerifyClient() {
	c.set(func() { c.verifyClient, c.clientMayHaveNone = true, false })
}

// VerifyClientOptional has a server ask its clients for a certificate and refuse those with an invalid one.
//
// C: tls_config_verify_client_optional(3)
func (c *Config) VerifyClientOptional() {
	c.set(func() { c.verifyClient, c.clientMayHaveNone = true, true })
}

// OCSPRequireStapling has a client refuse a server that shows no OCSP response for its certificate.
//
// C: tls_config_ocsp_require_stapling(3)
func (c *Config) OCSPRequireStapling() { c.set(func() { c.trust.staple = true }) }
