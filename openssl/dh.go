package openssl

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
)

// DeriveSharedSecret returns the secret that a private key shares with a peer's public one: Diffie-Hellman, on elliptic
// curves too. Both are of the same type and group. It is no key yet: derive one from it.
//
// C: EVP_PKEY_derive(3)
func DeriveSharedSecret(private PrivateKey, public PublicKey) ([]byte, error) {
	key, err := keyOf(private)
	if err != nil {
		return nil, fmt.Errorf("failed creating shared secret derivation context: %w", err)
	}
	peer, err := keyOf(public)
	if err != nil {
		return nil, fmt.Errorf("failed adding peer public key to context: %w", err)
	}
	secret, err := key.Derive(peer)
	if err != nil {
		return nil, fmt.Errorf("failed %s: %w", derivation.of(err), err)
	}
	return secret, nil
}

var derivation = steps{
	"EVP_PKEY_CTX_new":         "creating shared secret derivation context",
	"EVP_PKEY_derive_init":     "initializing shared secret derivation context",
	"EVP_PKEY_derive_set_peer": "adding peer public key to context",
	"":                         "deriving the shared secret",
}

// steps tells in words which of several C functions failed; "" is any other.
type steps map[string]string

func (s steps) of(err error) string {
	var e *libssl.Error
	if errors.As(err, &e) && s[e.Op] != "" {
		return s[e.Op]
	}
	return s[""]
}
