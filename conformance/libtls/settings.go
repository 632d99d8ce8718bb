package libtls

import (
	"fmt"
	"time"

	"github.com/go-libssl/libssl/libtls"
)

// The settings that clauses speak of.

func sessionFile(f *file) setting {
	return func(c *libtls.Config) error { return c.SetSessionFD(f.fd) }
}

func id(text string) setting {
	return func(c *libtls.Config) error { return c.SetSessionID([]byte(text)) }
}

func lifetime(seconds int64) setting {
	return func(c *libtls.Config) error { return c.SetSessionLifetime(time.Duration(seconds) * time.Second) }
}

func ticketKey(rev uint32, key []byte) setting {
	return func(c *libtls.Config) error { return c.AddTicketKey(rev, key) }
}

// farm is what servers share that resume each other's sessions: an id, a key, and a lifetime of an hour.
func farm(c *libtls.Config) error {
	for _, s := range []setting{lifetime(3600), id("farm"), ticketKey(1, key(1))} {
		if err := s(c); err != nil {
			return err
		}
	}
	return nil
}

// key is a ticket key, another one for each number and no two bytes of one the same.
func key(n byte) []byte {
	k := make([]byte, 48)
	for i := range k {
		k[i] = n<<6 + n + byte(i)
	}
	return k
}

func versions(list string) setting {
	return func(c *libtls.Config) error {
		protocols, err := libtls.ParseProtocols(list)
		if err != nil {
			return fmt.Errorf("protocols %q: %w", list, err)
		}
		return c.SetProtocols(protocols)
	}
}

// unverified turns off the checks of certificate and name.
func unverified(c *libtls.Config) error {
	c.InsecureNoVerifyCert()
	c.InsecureNoVerifyName()
	return nil
}

// demandingCertificate has a server require a client's certificate of the authority.
func demandingCertificate(c *libtls.Config) error {
	c.VerifyClient()
	return trust(pki().authority)(c)
}

func strictTicketKeys(c *libtls.Config) error { c.StrictTicketKeys(); return nil }
func legacyResumption(c *libtls.Config) error { c.LegacyResumption(); return nil }
func healing(c *libtls.Config) error          { c.HealSessionFile(); return nil }
