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
	c = nil
	assert.True(t, testutil.CollectUntil(10*time.Second, func() bool { return wiped(last) }))
}
