package openssl

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl/internal/libcrypto"
)

// A DH is parameters for the Diffie-Hellman key exchange.
type DH struct{ params *libcrypto.Key }

// LoadDHParametersFromPEM reads parameters as `openssl dhparam` writes them.
//
// C: PEM_read_bio_Parameters(3)
func LoadDHParametersFromPEM(pem_block []byte) (*DH, error) {
	if len(pem_block) == 0 {
		return nil, errEmptyPEM
	}
	params, err := libcrypto.ParseParametersPEM(pem_block)
	if err != nil {
		return nil, fmt.Errorf("failed reading dh parameters: %w", err)
	}
	if t := NID(params.BaseType()); t != KeyTypeDH && t != KeyTypeDHX {
		return nil, fmt.Errorf("failed reading dh parameters: these are for keys of the type %d", t)
	}
	return &DH{params}, nil
}

var errEmptyPEM = errors.New("empty pem block")

// dhPEM returns Diffie-Hellman parameters as PEM, which the root package's Ctx.SetDHParameters takes.
func dhPEM(dh *DH) ([]byte, error) {
	if dh == nil || dh.params == nil {
		return nil, errors.New("no dh parameters")
	}
	return dh.params.ParametersPEM()
}
