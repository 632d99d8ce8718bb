package openssl

import (
	"testing"
	"time"
)

// What is waited for comes, be the machine ever so slow.
func init() { dialTimeout, ticketTimeout = time.Minute, time.Minute }

// SetDialTimeout has Dial give up earlier for as long as the test runs.
func SetDialTimeout(t testing.TB, d time.Duration) { setFor(t, &dialTimeout, d) }

// SetTicketTimeout has GetSession give up earlier for as long as the test runs.
func SetTicketTimeout(t testing.TB, d time.Duration) { setFor(t, &ticketTimeout, d) }

func setFor(t testing.TB, p *time.Duration, d time.Duration) {
	old := *p
	*p = d
	t.Cleanup(func() { *p = old })
}
