package libssl

// #include "shim.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
)

// SetALPNProtos sets the protocols that clients offer, the preferred ones first; none offers none. Each has 1 to 255
// bytes. A connection takes them over when it is made.
//
// C: SSL_CTX_set_alpn_protos(3)
func (c *Ctx) SetALPNProtos(protos ...string) error {
	list, err := alpnList(protos)
	if err != nil {
		return err
	}
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_set_alpn_protos(p, (*C.uchar)(unsafe.SliceData(list)), C.size_t(len(list)))
	})
}

// SetALPNProtos sets what one client offers.
//
// C: SSL_set_alpn_protos(3)
func (s *SSL) SetALPNProtos(protos ...string) error {
	list, err := alpnList(protos)
	if err != nil {
		return err
	}
	return s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_set_alpn_protos(p, (*C.uchar)(unsafe.SliceData(list)), C.size_t(len(list)))
	})
}

// alpnList writes protocols as the wire has them: what can't be written so is refused.
func alpnList(protos []string) ([]byte, error) {
	var b cryptobyte.Builder
	for _, name := range protos {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
	}
	list, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("libssl: SSL_CTX_set_alpn_protos: a protocol has more than 255 bytes: %w", err)
	}
	return list, nil
}

// An ALPNSelect chooses one of the protocols that a client offers; an empty string goes on without any. An error ends
// the handshake with the alert no_application_protocol, and so does what the client did not offer.
type ALPNSelect func(s *SSL, offered []string) (string, error)

// SetALPNSelectCallback sets what chooses the protocol on servers; nil goes on without. The Ctx that is in force
// counts, after a switch by server name the new one. It runs inside libssl, after the cipher is chosen, in full and in
// resumed handshakes.
//
// C: SSL_CTX_set_alpn_select_cb(3)
func (c *Ctx) SetALPNSelectCallback(cb ALPNSelect) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_alpn_select_cb(p, cBool(cb != nil))
		c.alpnSelect.Store(&cb)
	})
}

// SelectALPN returns a callback that takes the first of protos that the client offers, and fails if it offers none of
// them. A client that offers nothing is let in: libssl asks only about an offer.
func SelectALPN(protos ...string) ALPNSelect {
	protos = slices.Clone(protos)
	return func(_ *SSL, offered []string) (string, error) {
		for _, name := range protos {
			if slices.Contains(offered, name) {
				return name, nil
			}
		}
		return "", fmt.Errorf("libssl: the client offers none of %q but %q", protos, offered)
	}
}

// ALPNSelected returns the protocol agreed on; empty for none.
//
// C: SSL_get0_alpn_selected(3)
func (s *SSL) ALPNSelected() string { return ask(s, negotiatedProtocol) }

func negotiatedProtocol(p *C.SSL) string {
	var name *C.uchar
	var n C.uint
	C.SSL_get0_alpn_selected(p, &name, &n)
	return C.GoStringN((*C.char)(unsafe.Pointer(name)), C.int(n))
}

// runALPNSelect is on_alpn_select in shim.c: it returns where in the client's list the choice stands.
func (s *SSL) runALPNSelect(list []byte, at, length *C.int) C.int {
	cb := load(&s.ctx.alpnSelect)
	if cb == nil {
		return C.SSL_TLSEXT_ERR_NOACK
	}
	var offered []string
	in, name := cryptobyte.String(list), cryptobyte.String(nil)
	for in.ReadUint8LengthPrefixed(&name) {
		offered = append(offered, string(name))
	}
	var chosen string
	var err error
	if !s.callback(func() { chosen, err = cb(s, offered) }) {
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	}
	i := slices.Index(offered, chosen)
	switch {
	case err == nil && chosen == "":
		return C.SSL_TLSEXT_ERR_NOACK
	case err == nil && i < 0:
		err = fmt.Errorf("libssl: the ALPN callback chose %q, which the client does not offer", chosen)
	}
	if err != nil {
		s.callbackErr = err
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	}
	*at, *length = 1, C.int(len(chosen))
	for _, before := range offered[:i] {
		*at += C.int(len(before)) + 1
	}
	return C.SSL_TLSEXT_ERR_OK
}
