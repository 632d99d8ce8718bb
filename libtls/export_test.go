package libtls

import (
	"testing"
	"time"

	"github.com/go-libssl/libssl"
)

// AgeTicketKeys makes the ticket keys older, as time does.
func AgeTicketKeys(c *Config, d time.Duration) {
	c.tickets.mu.Lock()
	defer c.tickets.mu.Unlock()
	for i := range c.tickets.keys {
		c.tickets.keys[i].since = c.tickets.keys[i].since.Add(-d)
	}
}

// VerifyAt has clients verify certificates as at another time.
func VerifyAt(c *Config, at time.Time) error {
	c.lock()
	defer c.mu.Unlock()
	ctx, err := c.clientCtx()
	if err == nil {
		ctx.SetVerifyTime(at)
	}
	return err
}

// NewTimelessServer makes a server whose sessions are those of NewServer's, and who takes certificates that have expired.
func NewTimelessServer(c *Config) (*Server, error) {
	s, err := NewServer(c)
	if err == nil {
		s.ctx.SetVerifyFlags(libssl.VerifyFlagNoCheckTime)
	}
	return s, err
}

// IsSaving tells whether a session is being saved.
func IsSaving(c *Conn) bool {
	if c.saving.TryLock() {
		c.saving.Unlock()
		return false
	}
	return true
}

// WaitForLocks has locks waited for a minute and more, until the test ends. Others must not run beside it.
func WaitForLocks(t testing.TB) {
	before := lockTries
	lockTries = 60_000
	t.Cleanup(func() { lockTries = before })
}
