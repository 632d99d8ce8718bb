package openssl

import (
	"fmt"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/libcrypto"
)

// An HMAC computes the authentication codes of one message after the other (RFC 2104). Several goroutines may use it, and
// take turns. It is freed when it is closed or no longer reachable.
//
// C: EVP_MAC_init(3)
type HMAC struct{ mac *libcrypto.HMAC }

// NewHMAC starts the first message. The key may have any length, 0 too. Where the digest is not there for HMAC, as MD4 from
// OpenSSL 3.0 on unless the program loads the legacy provider itself, the error wraps [libssl.ErrUnsupported].
func NewHMAC(key []byte, digestAlgorithm EVP_MD) (*HMAC, error) {
	return NewHMACWithEngine(key, digestAlgorithm, nil)
}

// NewHMACWithEngine is [NewHMAC]: there are no engines, see [EngineById].
func NewHMACWithEngine(key []byte, digestAlgorithm EVP_MD, e *Engine) (*HMAC, error) {
	d, err := digestAlgorithm.digest()
	if err != nil {
		return nil, hmacError("initialize HMAC_CTX", err)
	}
	mac, err := libcrypto.NewHMAC(d, key)
	if err != nil {
		return nil, hmacError("initialize HMAC_CTX", err)
	}
	return &HMAC{mac}, nil
}

// Close frees it: what is called afterwards returns an error that wraps [libssl.ErrClosed]. It may be called more than
// once.
func (h *HMAC) Close() {
	if h != nil && h.mac != nil {
		h.mac.Close()
	}
}

// Write adds data to the message. n is len(data) unless there is an error.
func (h *HMAC) Write(data []byte) (n int, err error) {
	if h == nil || h.mac == nil {
		return 0, hmacError("update HMAC", libssl.ErrClosed)
	}
	if err := h.mac.Write(data); err != nil {
		return 0, hmacError("update HMAC", err)
	}
	return len(data), nil
}

// Reset drops what was written since the last Final. The key stays.
func (h *HMAC) Reset() error {
	if h == nil || h.mac == nil {
		return hmacError("reset HMAC_CTX", libssl.ErrClosed)
	}
	if err := h.mac.Reset(); err != nil {
		return hmacError("reset HMAC_CTX", err)
	}
	return nil
}

// Final ends the message and returns its code. What is written afterwards is the next message, under the same key.
// Compare codes by hmac.Equal of the standard library.
func (h *HMAC) Final() (result []byte, err error) {
	if h == nil || h.mac == nil {
		return nil, hmacError("finalized HMAC", libssl.ErrClosed)
	}
	if result, err = h.mac.Sum(); err != nil {
		return nil, hmacError("finalized HMAC", err)
	}
	return result, nil
}

func hmacError(what string, err error) error { return fmt.Errorf("failed to %s: %w", what, err) }
