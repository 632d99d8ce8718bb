package openssl

import "github.com/go-libssl/libssl/internal/libcrypto"

var md5Hashing = hashing{"md5", libcrypto.NewDigest("MD5")}

// MD5 returns the MD5 digest of data, which is broken.
//
// C: EVP_Digest(3)
func MD5(data []byte) (result [16]byte, err error) {
	err = md5Hashing.of(data, result[:])
	return result, err
}

// An MD5Hash computes the MD5 digests of one message after the other. Several goroutines may use it, and take turns. It is
// freed when it is closed or no longer reachable.
//
// C: EVP_DigestInit_ex(3)
type MD5Hash struct{ hash *libcrypto.Hash }

// NewMD5Hash starts the first message. Where the default properties demand FIPS 140
// implementations there is none, and the error wraps [libssl.ErrUnsupported].
func NewMD5Hash() (*MD5Hash, error) { return NewMD5HashWithEngine(nil) }

// NewMD5HashWithEngine is [NewMD5Hash]: there are no engines, see [EngineById].
func NewMD5HashWithEngine(e *Engine) (*MD5Hash, error) {
	h, err := md5Hashing.start()
	if err != nil {
		return nil, err
	}
	return &MD5Hash{h}, nil
}

// Close frees it: what is called afterwards returns an error that wraps [libssl.ErrClosed]. It may be called more than
// once.
func (s *MD5Hash) Close() {
	if h := s.started(); h != nil {
		h.Close()
	}
}

// Reset drops what was written since the last Sum.
func (s *MD5Hash) Reset() error { return md5Hashing.reset(s.started()) }

// Write adds p to the message. n is len(p) unless there is an error.
func (s *MD5Hash) Write(p []byte) (n int, err error) { return md5Hashing.write(s.started(), p) }

// Sum ends the message and returns its digest. What is written afterwards is the next message.
func (s *MD5Hash) Sum() (result [16]byte, err error) {
	err = md5Hashing.sum(s.started(), result[:])
	return result, err
}

func (s *MD5Hash) started() *libcrypto.Hash {
	if s == nil {
		return nil
	}
	return s.hash
}
