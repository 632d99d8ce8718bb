package openssl

import "github.com/go-libssl/libssl/internal/libcrypto"

var sha1Hashing = hashing{"sha1", libcrypto.NewDigest("SHA1")}

// SHA1 returns the SHA-1 digest of data, which is no longer safe for signatures.
//
// C: EVP_Digest(3)
func SHA1(data []byte) (result [20]byte, err error) {
	err = sha1Hashing.of(data, result[:])
	return result, err
}

// A SHA1Hash computes the SHA-1 digests of one message after the other. Several goroutines may use it, and take turns. It is
// freed when it is closed or no longer reachable.
//
// C: EVP_DigestInit_ex(3)
type SHA1Hash struct{ hash *libcrypto.Hash }

// NewSHA1Hash starts the first message.
func NewSHA1Hash() (*SHA1Hash, error) { return NewSHA1HashWithEngine(nil) }

// NewSHA1HashWithEngine is [NewSHA1Hash]: there are no engines, see [EngineById].
func NewSHA1HashWithEngine(e *Engine) (*SHA1Hash, error) {
	h, err := sha1Hashing.start()
	if err != nil {
		return nil, err
	}
	return &SHA1Hash{h}, nil
}

// Close frees it: what is called afterwards returns an error that wraps [libssl.ErrClosed]. It may be called more than
// once.
func (s *SHA1Hash) Close() {
	if h := s.started(); h != nil {
		h.Close()
	}
}

// Reset drops what was written since the last Sum.
func (s *SHA1Hash) Reset() error { return sha1Hashing.reset(s.started()) }

// Write adds p to the message. n is len(p) unless there is an error.
func (s *SHA1Hash) Write(p []byte) (n int, err error) { return sha1Hashing.write(s.started(), p) }

// Sum ends the message and returns its digest. What is written afterwards is the next message.
func (s *SHA1Hash) Sum() (result [20]byte, err error) {
	err = sha1Hashing.sum(s.started(), result[:])
	return result, err
}

func (s *SHA1Hash) started() *libcrypto.Hash {
	if s == nil {
		return nil
	}
	return s.hash
}
