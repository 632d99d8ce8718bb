package openssl

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/libcrypto"
)

// ValidationError is what the checks of a certificate's names return if it is for somebody else.
//
//lint:ignore ST1005,ST1012 the original's name and words
var ValidationError = errors.New("Host validation error")

// CheckFlags say how the name in a certificate is compared: a set of X509_CHECK_FLAG_ bits.
type CheckFlags int

// The flags, each X509_CHECK_FLAG_ of that name.
const (
	AlwaysCheckSubject = CheckFlags(libssl.HostAlwaysCheckSubject)
	NoWildcards        = CheckFlags(libssl.HostNoWildcards)
)

// CheckHost returns nil if the certificate is for that DNS name, [ValidationError] if it is not, and another error if
// the name can't be compared. It does not look at IP addresses: see [Certificate.VerifyHostname].
//
// C: X509_check_host(3)
func (c *Certificate) CheckHost(host string, flags CheckFlags) error {
	return c.check("hostname", func(x *libcrypto.Certificate) (bool, error) { return x.CheckHost(host, uint(flags)) })
}

// CheckEmail is [Certificate.CheckHost] for an e-mail address.
//
// C: X509_check_email(3)
func (c *Certificate) CheckEmail(email string, flags CheckFlags) error {
	return c.check("email", func(x *libcrypto.Certificate) (bool, error) { return x.CheckEmail(email, uint(flags)) })
}

// CheckIP is [Certificate.CheckHost] for an IP address.
//
// C: X509_check_ip(3)
func (c *Certificate) CheckIP(ip net.IP, flags CheckFlags) error {
	if ip4 := ip.To4(); ip4 != nil {
		ip = ip4
	}
	return c.check("ip", func(x *libcrypto.Certificate) (bool, error) { return x.CheckIP(ip, uint(flags)) })
}

// VerifyHostname is [Certificate.CheckIP] for what looks like an IP address, be it in brackets, and
// [Certificate.CheckHost] for anything else.
func (c *Certificate) VerifyHostname(host string) error {
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
	}
	if ip := net.ParseIP(bare); ip != nil {
		return c.CheckIP(ip, 0)
	}
	return c.CheckHost(host, 0)
}

func (c *Certificate) check(what string, f func(x *libcrypto.Certificate) (bool, error)) error {
	x, err := c.x509("to validate " + what)
	if err != nil {
		return err
	}
	switch ok, err := f(x); {
	case err != nil:
		return fmt.Errorf("%s validation had an internal failure: %w", what, err)
	case !ok:
		return ValidationError
	}
	return nil
}
