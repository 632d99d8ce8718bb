package libtls

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/stretchr/testify/assert"
)

// TestPrivateKeysAreWiped: when another takes its place, by ClearKeys, and when the Config is gone.
func TestPrivateKeysAreWiped(t *testing.T) {
	wiped := func(key []byte) bool { return bytes.Equal(key, make([]byte, len(key))) }
	c := NewConfig()
	assert.NoError(t, c.SetKeyMem([]byte("the first key")))
	first := c.keypairs[0].key
	assert.NoError(t, c.SetKeyMem([]byte("the second key")))
	second := c.keypairs[0].key
	assert.True(t, wiped(first))
	assert.False(t, wiped(second))
	c.ClearKeys()
	assert.True(t, wiped(second))
	assert.NoError(t, c.SetKeyMem([]byte("the last key")))
	last := c.keypairs[0].key
	assert.False(t, wiped(last))
	const both = "a certificate and its key"
	path := testutil.File(t, "both", []byte(both))
	assert.Error(t, c.SetCertFile(path))
	cert := c.keypairs[0].cert
	assert.Equal(t, both, string(cert))
	assert.Error(t, c.SetCertFile(path))
	assert.True(t, wiped(cert))
	cert = c.keypairs[0].cert
	assert.False(t, wiped(cert))
	c = nil
	assert.True(t, testutil.CollectUntil(10*time.Second, func() bool { return wiped(last) && wiped(cert) }))
}
