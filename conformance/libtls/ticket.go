package libtls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
)

// name is the key name that a session's ticket begins with.
func name(s *libssl.Session) [16]byte {
	t := s.Ticket()
	if len(t) < 16 {
		must(fmt.Errorf("the session has a ticket of %d bytes", len(t)))
	}
	return [16]byte(t)
}

// rev is the key's revision, the name's first four bytes.
func rev(s *libssl.Session) uint32 {
	n := name(s)
	return binary.BigEndian.Uint32(n[:])
}

// open opens a ticket as libtls seals it: the key's name, an initialization vector of 16 bytes, the session under
// AES-256-CBC with the key's first 32 bytes, and HMAC-SHA256 of all that with the 16 others.
func open(ticket, key []byte) (*libssl.Session, error) {
	const head = 16 + aes.BlockSize
	body := len(ticket) - sha256.Size
	if body <= head || (body-head)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("a ticket of %d bytes is none of these", len(ticket))
	}
	mac := hmac.New(sha256.New, key[32:])
	mac.Write(ticket[:body])
	if !hmac.Equal(mac.Sum(nil), ticket[body:]) {
		return nil, errors.New("the HMAC is not HMAC-SHA256 with bytes 32 to 47")
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return nil, err
	}
	der := make([]byte, body-head)
	cipher.NewCBCDecrypter(block, ticket[16:head]).CryptBlocks(der, ticket[head:body])
	padding := int(der[len(der)-1])
	if padding > len(der) {
		return nil, errors.New("the padding is wrong")
	}
	return libssl.ParseSession(der[:len(der)-padding])
}
