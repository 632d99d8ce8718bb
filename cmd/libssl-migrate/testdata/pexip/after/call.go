package call

import (
	. "fmt"

	"github.com/go-libssl/libssl/openssl"
	. "github.com/go-libssl/libssl/openssl/utils"
)

func Digest(c *openssl.Certificate, key openssl.PrivateKey) ([]byte, error) {
	sha256, err := openssl.GetDigestByName("sha256", false)
	if err != nil {
		return nil, err
	}
	sig, err := key.SignPKCS1v15(sha256, []byte("x"))
	Println(sig, err, key.KeyType() == openssl.KeyTypeRSA, openssl.NewParamBld, NewFuture())
	var _ openssl.KeyType = openssl.KeyTypeEC
	return c.ComputeFingerprint(openssl.EVP_SHA256)
}
