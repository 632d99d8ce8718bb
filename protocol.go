package libssl

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"strings"
	"unsafe"
)

// What is negotiated: versions, ciphers, groups, signature algorithms. An SSL has its own of each, taken over from its
// Ctx when it is made.

// SetMinVersion sets the lowest protocol version, as tls.VersionTLS12; 0 is the lowest that libssl has.
//
// C: SSL_CTX_set_min_proto_version(3)
func (c *Ctx) SetMinVersion(v uint16) error {
	return about(c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_min_proto_version(p, C.int(v)) }), "%#04x", v)
}

// SetMaxVersion sets the highest protocol version; 0 is the highest that libssl has.
//
// C: SSL_CTX_set_max_proto_version(3)
func (c *Ctx) SetMaxVersion(v uint16) error {
	return about(c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_max_proto_version(p, C.int(v)) }), "%#04x", v)
}

// MinVersion returns what SetMinVersion has set.
//
// C: SSL_CTX_get_min_proto_version(3)
func (c *Ctx) MinVersion() (v uint16) {
	c.view(func(p *C.SSL_CTX) { v = uint16(C.gls_SSL_CTX_get_min_proto_version(p)) })
	return v
}

// MaxVersion returns what SetMaxVersion has set.
//
// C: SSL_CTX_get_max_proto_version(3)
func (c *Ctx) MaxVersion() (v uint16) {
	c.view(func(p *C.SSL_CTX) { v = uint16(C.gls_SSL_CTX_get_max_proto_version(p)) })
	return v
}

// SetMinVersion sets the lowest version of one connection.
//
// C: SSL_set_min_proto_version(3)
func (s *SSL) SetMinVersion(v uint16) error {
	return about(s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_min_proto_version(p, C.int(v)) }), "%#04x", v)
}

// SetMaxVersion sets the highest version of one connection.
//
// C: SSL_set_max_proto_version(3)
func (s *SSL) SetMaxVersion(v uint16) error {
	return about(s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_max_proto_version(p, C.int(v)) }), "%#04x", v)
}

// SetCipherList sets the cipher suites up to TLS 1.2, in the syntax of openssl ciphers.
//
// C: SSL_CTX_set_cipher_list(3)
func (c *Ctx) SetCipherList(s string) error {
	return withCString("SSL_CTX_set_cipher_list", s, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_cipher_list(p, cs) })
	})
}

// SetCipherList is for one connection.
//
// C: SSL_set_cipher_list(3)
func (s *SSL) SetCipherList(list string) error {
	return withCString("SSL_set_cipher_list", list, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_cipher_list(p, cs) })
	})
}

// SetCipherSuites sets the cipher suites of TLS 1.3: names with colons between them.
//
// C: SSL_CTX_set_ciphersuites(3)
func (c *Ctx) SetCipherSuites(s string) error {
	return withCString("SSL_CTX_set_ciphersuites", s, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_ciphersuites(p, cs) })
	})
}

// SetCipherSuites is for one connection.
//
// C: SSL_set_ciphersuites(3)
func (s *SSL) SetCipherSuites(list string) error {
	return withCString("SSL_set_ciphersuites", list, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_ciphersuites(p, cs) })
	})
}

// SetGroupsList sets the groups of the key exchange, the preferred ones first: names with colons between them, as
// "X25519:P-256".
//
// C: SSL_CTX_set1_groups_list(3)
func (c *Ctx) SetGroupsList(s string) error {
	return withCString("SSL_CTX_set1_groups_list", s, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set1_groups_list(p, cs) })
	})
}

// SetGroupsList is for one connection.
//
// C: SSL_set1_groups_list(3)
func (s *SSL) SetGroupsList(list string) error {
	return withCString("SSL_set1_groups_list", list, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set1_groups_list(p, cs) })
	})
}

// SetSigalgsList sets the signature algorithms that are accepted, and used, the preferred ones first: as
// "ECDSA+SHA256:rsa_pss_rsae_sha256".
//
// C: SSL_CTX_set1_sigalgs_list(3)
func (c *Ctx) SetSigalgsList(s string) error {
	return withCString("SSL_CTX_set1_sigalgs_list", s, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set1_sigalgs_list(p, cs) })
	})
}

// SetSigalgsList is for one connection.
//
// C: SSL_set1_sigalgs_list(3)
func (s *SSL) SetSigalgsList(list string) error {
	return withCString("SSL_set1_sigalgs_list", list, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set1_sigalgs_list(p, cs) })
	})
}

// SetClientSigalgsList sets what is asked of a client's signature, or what a client signs with, if that is another list
// than SetSigalgsList's.
//
// C: SSL_CTX_set1_client_sigalgs_list(3)
func (c *Ctx) SetClientSigalgsList(s string) error {
	return withCString("SSL_CTX_set1_client_sigalgs_list", s, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set1_client_sigalgs_list(p, cs) })
	})
}

// SetClientSigalgsList is for one connection.
//
// C: SSL_set1_client_sigalgs_list(3)
func (s *SSL) SetClientSigalgsList(list string) error {
	return withCString("SSL_set1_client_sigalgs_list", list, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set1_client_sigalgs_list(p, cs) })
	})
}

// Ciphers returns the names of the suites that connections offer or accept, in their order, those of TLS 1.3 too.
//
// C: SSL_CTX_get_ciphers(3)
func (c *Ctx) Ciphers() (names []string) {
	c.view(func(p *C.SSL_CTX) { names = cipherNames(C.gls_SSL_CTX_get_ciphers(p)) })
	return names
}

// Ciphers returns those of one connection.
//
// C: SSL_get_ciphers(3)
func (s *SSL) Ciphers() []string {
	return ask(s, func(p *C.SSL) []string { return cipherNames(C.gls_SSL_get_ciphers(p)) })
}

// cipherNames takes names with colons between them, malloc'ed.
func cipherNames(cs *C.char) []string {
	defer C.free(unsafe.Pointer(cs))
	if list := C.GoString(cs); list != "" {
		return strings.Split(list, ":")
	}
	return nil
}

// CipherName returns libssl's name of the suite in use, as "TLS_AES_256_GCM_SHA384"; empty before there is one.
//
// C: SSL_get_current_cipher(3)
func (s *SSL) CipherName() string {
	return ask(s, func(p *C.SSL) string {
		if cipher := C.SSL_get_current_cipher(p); cipher != nil {
			return C.GoString(C.SSL_CIPHER_get_name(cipher))
		}
		return ""
	})
}

// CipherBits returns how many secret bits the suite in use has, as 256; 0 before there is one.
//
// C: SSL_CIPHER_get_bits(3)
func (s *SSL) CipherBits() int {
	return ask(s, func(p *C.SSL) int { return int(C.SSL_CIPHER_get_bits(C.SSL_get_current_cipher(p), nil)) })
}

// SetDHAuto has a server make what the key exchange without elliptic curves needs (DHE): with 1 as strong as its key,
// with 2 of 1024 bits, for clients that take no more. With 0, the default, there is none up to TLS 1.2.
//
// C: SSL_CTX_set_dh_auto(3)
func (c *Ctx) SetDHAuto(mode int) {
	c.adjust(func(p *C.SSL_CTX) { C.gls_SSL_CTX_set_dh_auto(p, C.int(mode)) })
}

// GroupName returns the name of the group that keys were exchanged in, as "x25519" or "secp256r1"; empty if there was
// none, as in a resumption by a TLS 1.2 session.
//
// C: SSL_get_negotiated_group(3)
// OpenSSL: 3.0
func (s *SSL) GroupName() string {
	return ask(s, func(p *C.SSL) string { return C.GoString(C.gls_SSL_get0_group_name(p)) })
}

// SetSecurityLevel sets how much strength is asked of all algorithms, 0 to 5: see the manual page.
//
// C: SSL_CTX_set_security_level(3)
func (c *Ctx) SetSecurityLevel(level int) {
	c.adjust(func(p *C.SSL_CTX) { C.SSL_CTX_set_security_level(p, C.int(level)) })
}

// SecurityLevel returns it.
//
// C: SSL_CTX_get_security_level(3)
func (c *Ctx) SecurityLevel() (level int) {
	c.view(func(p *C.SSL_CTX) { level = int(C.SSL_CTX_get_security_level(p)) })
	return level
}

// SetSecurityLevel is for one connection.
//
// C: SSL_set_security_level(3)
func (s *SSL) SetSecurityLevel(level int) {
	s.set(func(p *C.SSL) C.gls_ret {
		C.SSL_set_security_level(p, C.int(level))
		return C.gls_ret{ret: 1}
	})
}

// SetMaxSendFragment sets the most plaintext that a record holds, 512 to 16384 bytes.
//
// C: SSL_CTX_set_max_send_fragment(3)
func (c *Ctx) SetMaxSendFragment(n int) error {
	return about(c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_max_send_fragment(p, C.long(n)) }), "%d", n)
}

// SetMaxSendFragment is for one connection.
//
// C: SSL_set_max_send_fragment(3)
func (s *SSL) SetMaxSendFragment(n int) error {
	return about(s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_max_send_fragment(p, C.long(n)) }), "%d", n)
}

// Config applies a section of the configuration file that libssl has loaded, as "ssl_conf" names it.
//
// C: SSL_CTX_config(3)
func (c *Ctx) Config(section string) error {
	return withCString("SSL_CTX_config", section, func(cs *C.char) error {
		return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_config(p, cs) })
	})
}
