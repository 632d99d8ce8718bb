package openssl

import "github.com/go-libssl/libssl/internal/libcrypto"

var md4Hashing = hashing{"md4", libcrypto.NewDigest("MD4")}

// MD4 returns the MD4 digest of data, which is broken. From OpenSSL 3.0 on it comes from the legacy provider: without
// one, or where the default properties demand FIPS 140 implementations, the error wraps [libssl.ErrUnsupported].
//
// C: EVP_Digest(3)
func MD4(data []byte) (result [16]byte, err error) {
	err = md4Hashing.of(data, result[:])
	return result, err
}

// An MD4Hash computes the MD4 digests of one message after the other. Several goroutines may use it, and take turns. It is
// freed when it is closed or no longer reachable.
//
// C: EVP_DigestInit_ex(3)
type MD4Hash struct{ hash *libcrypto.Hash }

// NewMD4Hash starts the first message. From OpenSSL 3.0 on it comes from the legacy provider: without
// one, or where the default properties demand FIPS 140 implementations, the error wraps [libssl.ErrUnsupported].
func NewMD4Hash() (*MD4Hash, error) { return NewMD4HashWithEngine(nil) }

// NewMD4HashWithEngine is [NewMD4Hash]: there are no engines, see [EngineById].
func NewMD4HashWithEngine(e *Engine) (*MD4Hash, error) {
	h, err := md4Hashing.start()
	if err != nil {
		return nil, err
	}
	return &MD4Hash{h}, nil
}

// Close frees it: what is called afterwards returns an error that wraps [libssl.ErrClosed]. It may be called more than
// once.
func (s *MD4Hash) Close() {
	if h := s.started(); h != nil {
		h.Close()
	}
}

// Reset drops what was written since the last Sum.
func (s *MD4Hash) Reset() error { return md4Hashing.reset(s.started()) }

// Write adds p to the message. n is len(p) unless there is an error.
func (s *MD4Hash) Write(p []byte) (n int, err error) { return md4Hashing.write(s.started(), p) }

// Sum ends the message and returns its digest. What is written afterwards is the next message.
func (s *MD4Hash) Sum() (result [16]byte, err error) {
	err = md4Hashing.sum(s.started(), result[:])
	return result, err
}

func (s *MD4Hash) started() *libcrypto.Hash {
	if s == nil {
		return nil
	}
	return s.hash
}
