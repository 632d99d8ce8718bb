package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"crypto/x509"
	"errors"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Names of CAs are distinguished names in DER: [x509.Certificate.RawSubject], as in [tls.CertificateRequestInfo].

// SetClientCAList sets the names of the CAs that a server tells its clients when it asks for a certificate, so that
// they choose one that will do. Whom it trusts is another matter: see LoadVerifyLocations. None clears the list.
//
// C: SSL_CTX_set_client_CA_list(3)
func (c *Ctx) SetClientCAList(names [][]byte) error {
	der := bytes.Join(names, nil)
	return c.changeClientCAs(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_set_client_CA_list(p, (*C.uchar)(unsafe.SliceData(der)), C.size_t(len(der)))
	})
}

// AddClientCA adds the name of one CA to those of SetClientCAList.
//
// C: SSL_CTX_add_client_CA(3)
func (c *Ctx) AddClientCA(ca *x509.Certificate) error {
	if ca == nil {
		return errors.New("libssl: AddClientCA: nil certificate")
	}
	return c.changeClientCAs(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_add_client_CA(p, uchars(ca.Raw), C.size_t(len(ca.Raw)))
	})
}

// LoadClientCAFile sets the names of the certificates in a PEM file, in the place of those of SetClientCAList.
//
// C: SSL_load_client_CA_file(3)
func (c *Ctx) LoadClientCAFile(path string) error {
	return withCString("SSL_load_client_CA_file", path, func(cs *C.char) error {
		return c.changeClientCAs(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_load_client_CA_file(p, cs) })
	})
}

// ClientCAList returns the names of SetClientCAList.
//
// C: SSL_CTX_get_client_CA_list(3)
func (c *Ctx) ClientCAList() (names [][]byte) {
	c.view(func(p *C.SSL_CTX) { names = splitNames(clientCAs(p)) })
	return names
}

// SetCAList sets the names of the CAs that either side tells its peer: a server that has none of SetClientCAList, and
// a TLS 1.3 client, whose server can choose a certificate by them.
//
// C: SSL_CTX_set0_CA_list(3)
func (c *Ctx) SetCAList(names [][]byte) error {
	der := bytes.Join(names, nil)
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_set0_CA_list(p, (*C.uchar)(unsafe.SliceData(der)), C.size_t(len(der)))
	})
}

// CAList returns the names of SetCAList.
//
// C: SSL_CTX_get0_CA_list(3)
func (c *Ctx) CAList() (names [][]byte) {
	c.view(func(p *C.SSL_CTX) {
		var der *C.uchar
		n := C.gls_SSL_CTX_get0_CA_list(p, &der)
		names = splitNames(takeBytes(der, n))
	})
	return names
}

// changeClientCAs is changeIdentity: the names are part of a derived session id context.
func (c *Ctx) changeClientCAs(f func(p *C.SSL_CTX) C.gls_ret) error {
	return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		r := f(p)
		if r.ret == 1 {
			c.identity.more.set("client CAs", clientCAs(p))
		}
		return r
	})
}

func clientCAs(p *C.SSL_CTX) []byte {
	var der *C.uchar
	n := C.gls_SSL_CTX_get_client_CA_list(p, &der)
	return takeBytes(der, n)
}

// SetClientCAList is [Ctx.SetClientCAList] for one connection; none leaves it to the Ctx's.
//
// C: SSL_set_client_CA_list(3)
func (s *SSL) SetClientCAList(names [][]byte) error {
	der := bytes.Join(names, nil)
	return s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_set_client_CA_list(p, (*C.uchar)(unsafe.SliceData(der)), C.size_t(len(der)))
	})
}

// AddClientCA adds the name of one CA to the connection's own.
//
// C: SSL_add_client_CA(3)
func (s *SSL) AddClientCA(ca *x509.Certificate) error {
	if ca == nil {
		return errors.New("libssl: AddClientCA: nil certificate")
	}
	return s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_add_client_CA(p, uchars(ca.Raw), C.size_t(len(ca.Raw)))
	})
}

// ClientCAList returns on a server the names that it tells its client, and on a client those that the server has told
// it, with which it has asked for a certificate.
//
// C: SSL_get_client_CA_list(3)
func (s *SSL) ClientCAList() [][]byte {
	return ask(s, func(p *C.SSL) [][]byte {
		var der *C.uchar
		n := C.gls_SSL_get_client_CA_list(p, &der)
		return splitNames(takeBytes(der, n))
	})
}

// SetCAList is [Ctx.SetCAList] for one connection.
//
// C: SSL_set0_CA_list(3)
func (s *SSL) SetCAList(names [][]byte) error {
	der := bytes.Join(names, nil)
	return s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_set0_CA_list(p, (*C.uchar)(unsafe.SliceData(der)), C.size_t(len(der)))
	})
}

// CAList returns the names of SetCAList, of the connection or else of its Ctx.
//
// C: SSL_get0_CA_list(3)
func (s *SSL) CAList() [][]byte {
	return ask(s, func(p *C.SSL) [][]byte {
		var der *C.uchar
		n := C.gls_SSL_get0_CA_list(p, &der)
		return splitNames(takeBytes(der, n))
	})
}

// PeerCAList returns the names that the peer has told: a server in its certificate request, or a TLS 1.3 client.
//
// C: SSL_get0_peer_CA_list(3)
func (s *SSL) PeerCAList() [][]byte {
	return ask(s, func(p *C.SSL) [][]byte {
		var der *C.uchar
		n := C.gls_SSL_get0_peer_CA_list(p, &der)
		return splitNames(takeBytes(der, n))
	})
}

// splitNames takes apart what libssl has put together.
func splitNames(der []byte) (names [][]byte) {
	rest := cryptobyte.String(der)
	var name cryptobyte.String
	for rest.ReadASN1Element(&name, asn1.SEQUENCE) {
		names = append(names, name)
	}
	return names
}
