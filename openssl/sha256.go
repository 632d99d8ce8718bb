package openssl

import "github.com/go-libssl/libssl/internal/libcrypto"

var sha256Hashing = hashing{"sha256", libcrypto.NewDigest("SHA256")}

// SHA256 returns the SHA-256 digest of data.
//
// C: EVP_Digest(3)
func SHA256(data []byte) (result [32]byte, err error) {
	err = sha256Hashing.of(data, result[:])
	return result, err
}

// A SHA256Hash computes the SHA-256 digests of one message after the other. Several goroutines may use it, and take turns. It is
// freed when it is closed or no longer reachable.
//
// C: EVP_DigestInit_ex(3)
type SHA256Hash struct{ hash *libcrypto.Hash }

// NewSHA256Hash starts the first message.
func NewSHA256Hash() (*SHA256Hash, error) { return NewSHA256HashWithEngine(nil) }

// NewSHA256HashWithEngine is [NewSHA256Hash]: there are no engines, see [EngineById].
func NewSHA256HashWithEngine(e *Engine) (*SHA256Hash, error) {
	h, err := sha256Hashing.start()
	if err != nil {
		return nil, err
	}
	return &SHA256Hash{h}, nil
}

// Close frees it: what is called afterwards returns an error that wraps [libssl.ErrClosed]. It may be called more than
// once.
func (s *SHA256Hash) Close() {
	if h := s.started(); h != nil {
		h.Close()
	}
}

// Reset drops what was written since the last Sum.
func (s *SHA256Hash) Reset() error { return sha256Hashing.reset(s.started()) }

// Write adds p to the message. n is len(p) unless there is an error.
func (s *SHA256Hash) Write(p []byte) (n int, err error) { return sha256Hashing.write(s.started(), p) }

// Sum ends the message and returns its digest. What is written afterwards is the next message.
func (s *SHA256Hash) Sum() (result [32]byte, err error) {
	err = sha256Hashing.sum(s.started(), result[:])
	return result, err
}

func (s *SHA256Hash) started() *libcrypto.Hash {
	if s == nil {
		return nil
	}
	return s.hash
}
