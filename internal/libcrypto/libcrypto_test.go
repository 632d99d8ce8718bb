package libcrypto

import (
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/stale"
)

// After the garbage is collected, so that a leak checker sees what nobody freed.
func TestMain(m *testing.M) { testutil.Main(m) }

// counting takes an object's free for one that counts beside.
func counting(o *owner, freed *atomic.Int32) {
	o.cleanup.Stop()
	free := o.free
	o.own(o.ptr, func(p unsafe.Pointer) {
		freed.Add(1)
		free(p)
	})
}

// What is closed is freed at once and once, what is not when it is unreachable.
func TestOwnersFree(t *testing.T) {
	var freed atomic.Int32
	makeAll := func() []*owner {
		d := NewDigest("SHA256")
		hash, err := NewHash(d)
		require.NoError(t, err)
		hmac, err := NewHMAC(d, nil)
		require.NoError(t, err)
		cipher, err := NewCipherCtx(NewCipher("AES-128-CBC"), make([]byte, 16), make([]byte, 16), 0, true)
		require.NoError(t, err)
		name, err := NewName()
		require.NoError(t, err)
		cert, err := NewCertificate()
		require.NoError(t, err)
		all := []*owner{&hash.owner, &hmac.owner, &cipher.owner, &name.owner, &cert.owner}
		for _, o := range all {
			counting(o, &freed)
		}
		return all
	}

	all := makeAll()
	n := int32(len(all))
	for _, o := range all {
		o.Close()
		o.Close()
		assert.ErrorIs(t, o.use(func(unsafe.Pointer) error { return nil }), libssl.ErrClosed)
	}
	assert.Equal(t, n, freed.Load())

	makeAll()
	all = nil
	assert.True(t, testutil.CollectUntil(20*time.Second, func() bool { return freed.Load() == 2*n }), "%d freed", freed.Load())
}

// What other C code of the process has left behind is not taken for an error of ours, nor left there.
func TestStaleErrors(t *testing.T) {
	stale.Plant(t, 1)
	_, err := ParseCertificatePEM([]byte("junk"))
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Stack, 1)
	assert.Equal(t, "no start line", e.Stack[0].Text)
}

// An algorithm is fetched once, and again when something has changed.
func TestFetchedOnce(t *testing.T) {
	d := NewDigest("SHA256")
	first, err := d.get()
	require.NoError(t, err)
	again, err := d.get()
	require.NoError(t, err)
	assert.Same(t, first, again)
	require.NoError(t, libssl.LoadConfig("/dev/null"))
	again, err = d.get()
	require.NoError(t, err)
	assert.NotSame(t, first, again)
}
