package peer

import (
	"bytes"
	"time"

	"github.com/libp2p/go-openssl"
	"golang.org/x/crypto/sha3"
)

func Dial(addr string) (*openssl.Conn, error) {
	ctx, err := openssl.NewCtx()
	if err != nil {
		return nil, err
	}
	if !ctx.SetMinProtoVersion(openssl.TLS1_2_VERSION) {
		panic("no TLS 1.2")
	}
	if err := ctx.SetNextProtos([]string{"peer/1"}); err != nil {
		return nil, err
	}
	_ = sha3.New256()
	return openssl.DialTimeout("tcp", addr, time.Minute, ctx, 0)
}

func Same(a, b openssl.PublicKey) bool { return a.Equal(b) }

func Extension(c *openssl.Certificate, oid string) []byte {
	return c.GetExtensionValue(openssl.CreateObjectIdentifier(oid, "", ""))
}

func Bits(k openssl.PublicKey) int { return 8 * k.Size() }

func Extends(a, b []byte) bool { return bytes.Equal(a, b) }
