package libtls

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/go-libssl/libssl"
)

// trust is whom a Config takes for what they say they are.
type trust struct {
	ca, crl                []byte // PEM; nil: not set
	path                   string
	depth                  int
	noCert, noName, noTime bool
	staple                 bool // a client insists on an OCSP response
}

// checks tells whether a client verifies anything at all.
func (t *trust) checks() bool { return !t.noCert || !t.noName || t.staple }

// use sets up ctx for peers that are asked for a certificate as mode says.
func (t *trust) use(ctx *libssl.Ctx, mode libssl.VerifyMode) error {
	if t.ca != nil {
		if err := ctx.AddRootCAs(t.ca); err != nil {
			return fault(ErrVerifyMemory, err)
		}
	}
	if t.path != "" {
		if err := ctx.LoadVerifyLocations("", t.path); err != nil {
			return fault(ErrVerifyLocations, err)
		}
	}
	if t.ca == nil && t.path == "" {
		if err := ctx.SetDefaultVerifyPaths(); err != nil {
			return fault(ErrVerifyLocations, err)
		}
	}
	if t.crl != nil {
		if err := ctx.AddCRLs(t.crl); err != nil {
			return fault(ErrParseCRL, err)
		}
		ctx.SetVerifyFlags(libssl.VerifyFlagCRLCheck | libssl.VerifyFlagCRLCheckAll)
	}
	if t.noTime {
		ctx.SetVerifyFlags(libssl.VerifyFlagNoCheckTime)
	}
	ctx.SetVerifyDepth(t.depth)
	var verify libssl.VerifyFunc
	if t.noCert { // it has to be shown all the same
		verify = func(*libssl.Verification) error { return nil }
	}
	ctx.SetVerify(mode, verify)
	return nil
}

// mark tells one trust from another, with what it is applied to: two that are set up alike have the same, in this
// process or in another.
func (t *trust) mark(parts ...string) [sha256.Size]byte {
	h := sha256.New()
	add := func(b []byte) {
		binary.Write(h, binary.BigEndian, uint64(len(b)))
		h.Write(b)
	}
	add([]byte("libtls trust 2"))
	for _, p := range parts {
		add([]byte(p))
	}
	for _, flag := range []bool{t.ca != nil, t.crl != nil, t.noCert, t.noName, t.noTime, t.staple} {
		binary.Write(h, binary.BigEndian, flag)
	}
	add(t.ca)
	add(t.crl)
	add([]byte(t.path))
	binary.Write(h, binary.BigEndian, int64(t.depth))
	return [sha256.Size]byte(h.Sum(nil))
}

// ofServer is the mark of the sessions of a client.
func (t *trust) ofServer(name string) []byte {
	mark := t.mark("client", lower(name))
	return mark[:]
}

// ofClients is the session id context of a server: what libtls has, the id, unless the server verifies its clients.
func (t *trust) ofClients(id []byte, mode libssl.VerifyMode) []byte {
	if mode == libssl.VerifyNone {
		return id
	}
	required := "optional"
	if mode&libssl.VerifyFailIfNoPeerCert != 0 {
		required = "required"
	}
	mark := t.mark("server", string(id), required)
	return mark[:]
}
