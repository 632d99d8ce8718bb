package openssl_test

import (
	stdmd5 "crypto/md5"
	stdsha1 "crypto/sha1"
	stdsha256 "crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// A digester is a digest algorithm as the package has it: a function and a type.
type digester struct {
	name string
	of   func([]byte) ([]byte, error)
	new  func() (hasher, error)
	zero hasher // of the type, never made
	null hasher // a nil pointer
}

type hasher interface {
	io.Writer
	Reset() error
	Close()
	sum() ([]byte, error)
}

type (
	md4Hasher    struct{ *openssl.MD4Hash }
	md5Hasher    struct{ *openssl.MD5Hash }
	sha1Hasher   struct{ *openssl.SHA1Hash }
	sha256Hasher struct{ *openssl.SHA256Hash }
)

func (h md4Hasher) sum() ([]byte, error)    { s, err := h.Sum(); return s[:], err }
func (h md5Hasher) sum() ([]byte, error)    { s, err := h.Sum(); return s[:], err }
func (h sha1Hasher) sum() ([]byte, error)   { s, err := h.Sum(); return s[:], err }
func (h sha256Hasher) sum() ([]byte, error) { s, err := h.Sum(); return s[:], err }

var digesters = []digester{
	{
		"md4",
		func(b []byte) ([]byte, error) { s, err := openssl.MD4(b); return s[:], err },
		func() (hasher, error) { h, err := openssl.NewMD4Hash(); return md4Hasher{h}, err },
		md4Hasher{&openssl.MD4Hash{}}, md4Hasher{},
	},
	{
		"md5",
		func(b []byte) ([]byte, error) { s, err := openssl.MD5(b); return s[:], err },
		func() (hasher, error) { h, err := openssl.NewMD5Hash(); return md5Hasher{h}, err },
		md5Hasher{&openssl.MD5Hash{}}, md5Hasher{},
	},
	{
		"sha1",
		func(b []byte) ([]byte, error) { s, err := openssl.SHA1(b); return s[:], err },
		func() (hasher, error) { h, err := openssl.NewSHA1Hash(); return sha1Hasher{h}, err },
		sha1Hasher{&openssl.SHA1Hash{}}, sha1Hasher{},
	},
	{
		"sha256",
		func(b []byte) ([]byte, error) { s, err := openssl.SHA256(b); return s[:], err },
		func() (hasher, error) { h, err := openssl.NewSHA256Hash(); return sha256Hasher{h}, err },
		sha256Hasher{&openssl.SHA256Hash{}}, sha256Hasher{},
	},
}

// MD4 of RFC 1320, MD5 of RFC 1321, SHA-1 and SHA-256 of FIPS 180-2.
func TestDigestVectors(t *testing.T) {
	const twoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
	digits := strings.Repeat("1234567890", 8)
	for name, vectors := range map[string][][2]string{
		"md4": {
			{"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
			{"abc", "a448017aaf21d8525fc10ae87aa6729d"},
			{digits, "e33b4ddc9c38f2199c3e7b164fcc0536"},
		},
		"md5": {
			{"", "d41d8cd98f00b204e9800998ecf8427e"},
			{"abc", "900150983cd24fb0d6963f7d28e17f72"},
			{digits, "57edf4a22be3c955ac49da2e2107b67a"},
		},
		"sha1": {
			{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
			{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
			{twoBlocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
			{strings.Repeat("a", 1e6), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
		},
		"sha256": {
			{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
			{twoBlocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
			{strings.Repeat("a", 1e6), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
		},
	} {
		d := digesterNamed(t, name)
		t.Run(name, func(t *testing.T) {
			h, err := d.new()
			require.NoError(t, err)
			defer h.Close()
			for _, v := range vectors {
				sum, err := d.of([]byte(v[0]))
				require.NoError(t, err)
				assert.Equal(t, v[1], hex.EncodeToString(sum))

				// One message after the other, in pieces.
				for rest := []byte(v[0]); len(rest) > 0; {
					n, err := h.Write(rest[:min(33, len(rest))])
					require.NoError(t, err)
					rest = rest[n:]
				}
				sum, err = h.sum()
				require.NoError(t, err)
				assert.Equal(t, v[1], hex.EncodeToString(sum))
			}
		})
	}
}

func digesterNamed(t *testing.T, name string) digester {
	for _, d := range digesters {
		if d.name == name {
			return d
		}
	}
	t.Fatalf("no digest %q", name)
	return digester{}
}

// The same as the standard library's, for all lengths around the blocks' and with rests of earlier messages dropped.
func TestDigestsAreTheStandardLibrarys(t *testing.T) {
	std := map[string]func([]byte) []byte{
		"md5":    func(b []byte) []byte { s := stdmd5.Sum(b); return s[:] },
		"sha1":   func(b []byte) []byte { s := stdsha1.Sum(b); return s[:] },
		"sha256": func(b []byte) []byte { s := stdsha256.Sum256(b); return s[:] },
	}
	data := randomBytes(300)
	for name, of := range std {
		d := digesterNamed(t, name)
		h, err := d.new()
		require.NoError(t, err)
		for n := range len(data) {
			sum, err := d.of(data[:n])
			require.NoError(t, err)
			require.Equal(t, of(data[:n]), sum, "%s of %d bytes", name, n)

			_, err = h.Write(data)
			require.NoError(t, err)
			require.NoError(t, h.Reset())
			_, err = h.Write(data[:n])
			require.NoError(t, err)
			sum, err = h.sum()
			require.NoError(t, err)
			require.Equal(t, of(data[:n]), sum, "%s of %d bytes", name, n)
		}
		h.Close()
	}
}

func TestDigestsAreTheOpensslCommands(t *testing.T) {
	data := randomBytes(5000)
	for _, d := range digesters[1:] { // of MD4 the command wants to be told the provider
		sum, err := d.of(data)
		require.NoError(t, err)
		assert.Equal(t, testutil.Run(t, data, "dgst", "-"+d.name, "-binary"), sum, d.name)
	}
}

func TestClosedHashes(t *testing.T) {
	for _, d := range digesters {
		t.Run(d.name, func(t *testing.T) {
			closed, err := d.new()
			require.NoError(t, err)
			closed.Close()
			closed.Close()
			for what, h := range map[string]hasher{"closed": closed, "zero": d.zero, "nil": d.null} {
				prefix := "openssl: " + d.name + ": cannot "
				n, err := h.Write([]byte("x"))
				assert.Zero(t, n, what)
				assert.ErrorContains(t, err, prefix+"update digest: ", what)
				assert.ErrorIs(t, err, libssl.ErrClosed, what)
				_, err = h.sum()
				assert.ErrorContains(t, err, prefix+"finalize ctx: ", what)
				assert.ErrorIs(t, err, libssl.ErrClosed, what)
				err = h.Reset()
				assert.ErrorContains(t, err, prefix+"init digest ctx: ", what)
				assert.ErrorIs(t, err, libssl.ErrClosed, what)
				h.Close()
			}
		})
	}
}

// Whoever closes a hash that others use gets them an error.
func TestHashInSeveralGoroutines(t *testing.T) {
	for range 20 {
		h, err := openssl.NewSHA256Hash()
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					if _, err := h.Write(make([]byte, 100)); err != nil {
						assert.ErrorIs(t, err, libssl.ErrClosed)
					}
					if _, err := h.Sum(); err != nil {
						assert.ErrorIs(t, err, libssl.ErrClosed)
					}
				}
			})
		}
		wg.Go(h.Close)
		wg.Wait()
	}
}

// cgo would panic if it saw a pointer of Go's in what it is given.
func TestDigestOfBytesInAStruct(t *testing.T) {
	type box struct {
		next *box
		data [64]byte
	}
	b := &box{next: &box{}}
	sum, err := openssl.SHA256(b.data[:])
	require.NoError(t, err)
	assert.Equal(t, stdsha256.Sum256(b.data[:]), sum)
	h, err := openssl.NewSHA256Hash()
	require.NoError(t, err)
	defer h.Close()
	_, err = h.Write(b.data[:])
	require.NoError(t, err)
}

func TestGetDigest(t *testing.T) {
	for _, name := range []string{"sha256", "SHA256", "SHA512", "RSA-SHA256", "md4", "ripemd160"} {
		d, err := openssl.GetDigestByName(name)
		require.NoError(t, err, name)
		assert.NotNil(t, d, name)
	}
	for _, nid := range []openssl.NID{openssl.NID_ripemd160, openssl.NID_sha1, openssl.NID_md5} {
		_, err := openssl.GetDigestByNid(nid)
		assert.NoError(t, err)
	}
	for _, name := range []string{"", "nonsense", "aes-128-cbc"} {
		d, err := openssl.GetDigestByName(name)
		assert.Nil(t, d)
		assert.ErrorIs(t, err, libssl.ErrUnsupported)
		assert.ErrorContains(t, err, fmt.Sprintf("Digest %v not found", name))
	}
	_, err := openssl.GetDigestByName("sha256\x00")
	assert.ErrorContains(t, err, "zero byte")
	_, err = openssl.GetDigestByNid(-1)
	assert.ErrorContains(t, err, "NID -1 not found")
	_, err = openssl.GetDigestByNid(openssl.NID_commonName)
	assert.ErrorContains(t, err, "Digest CN not found")
}

// Typed errors have the error queue of the call that failed.
func TestErrorsHaveTheStack(t *testing.T) {
	_, err := openssl.LoadCertificateFromPEM([]byte("junk"))
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "PEM_read_bio_X509", e.Op)
	require.NotEmpty(t, e.Stack)
	assert.Equal(t, "PEM routines", e.Stack[0].LibName)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	return b
}
