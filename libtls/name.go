package libtls

import (
	"crypto/x509"
	"net"
	"strings"
)

// certContains tells whether a certificate is for a name or an address. Only if there is no name and no address among
// its alternative names does its common name count. An error is a certificate that looks like a trick.
func certContains(cert *x509.Certificate, name string) (bool, error) {
	name = strings.TrimSuffix(name, ".")
	ip := net.ParseIP(name)
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
	if strings.EqualFold(own, name) {
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
	return ok && host != "" && of != "" && strings.EqualFold(of, domain)
}
