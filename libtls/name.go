package libtls

import (
	"crypto/x509"
	"net"
	"strings"
)

// certContains tells whether a certificate is for a name or an address. Only if there is no name and no address among
// its alternative names does its common name count. An error is a certificate that looks like a trick.
func certContains(cert *x509.Certificate, name string) (bool, error) {
	ip := net.ParseIP(name)
	if host, ok := strings.CutSuffix(name, "."); ok {
		if net.ParseIP(host) != nil { // neither an address nor a name that a host can have
			return false, nil
		}
		name = host
	}
	if len(cert.DNSNames) == 0 && len(cert.IPAddresses) == 0 {
		return commonNameMatches(cert, name, ip != nil)
	}
	if ip != nil {
		for _, own := range cert.IPAddresses {
			if own.Equal(ip) {
				return true, nil
			}
		}
		return false, nil
	}
	for _, own := range cert.DNSNames {
		switch {
		case strings.ContainsRune(own, 0):
			return false, faultf(ErrMaliciousCertificate, nil,
				"error verifying name '%s': NUL byte in subjectAltName, probably a malicious certificate", name)
		case own == " ":
			return false, faultf(ErrMaliciousCertificate, nil,
				"error verifying name '%s': a dNSName of \" \" must not be used", name)
		case nameMatches(own, name):
			return true, nil
		}
	}
	return false, nil
}

func commonNameMatches(cert *x509.Certificate, name string, isIP bool) (bool, error) {
	own := cert.Subject.CommonName
	switch {
	case strings.ContainsRune(own, 0):
		return false, faultf(ErrMaliciousCertificate, nil,
			"error verifying name '%s': NUL byte in Common Name field, probably a malicious certificate", name)
	case isIP: // no wildcards
		return own != "" && own == name, nil
	}
	return nameMatches(own, name), nil
}

// nameMatches compares a name of a certificate, which may begin with a wildcard: "*.example.org" stands for one label
// and needs two more behind it.
func nameMatches(own, name string) bool {
	if own == "" || name == "" {
		return false
	}
	own, name = lower(own), lower(name)
	if own == name {
		return true
	}
	domain, ok := strings.CutPrefix(own, "*.")
	if !ok || strings.HasPrefix(domain, ".") {
		return false
	}
	if _, rest, ok := strings.Cut(domain, "."); !ok || rest == "" || strings.HasPrefix(rest, ".") {
		return false
	}
	host, of, ok := strings.Cut(name, ".")
	return ok && host != "" && of != "" && of == domain
}

// lower is in small letters, of ASCII alone: in a name of DNS others have no case.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}
