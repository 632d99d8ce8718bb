package libssl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
)

func TestSessionCacheModeString(t *testing.T) {
	for mode, want := range map[libssl.SessionCacheMode]string{
		libssl.SessionCacheOff:    "OFF",
		libssl.SessionCacheClient: "CLIENT",
		libssl.SessionCacheBoth:   "BOTH",
		libssl.SessionCacheServer | libssl.SessionCacheNoInternalLookup: "SERVER|NO_INTERNAL_LOOKUP",
		libssl.SessionCacheBoth | libssl.SessionCacheNoInternal:         "BOTH|NO_INTERNAL",
		libssl.SessionCacheNoAutoClear | libssl.SessionCacheUpdateTime:  "NO_AUTO_CLEAR|UPDATE_TIME",
		0x10002: "SERVER|0x10000",
	} {
		assert.Equal(t, want, mode.String())
	}
}

func TestCtxCacheSettings(t *testing.T) {
	c, err := libssl.NewCtx(libssl.TLSMethod)
	require.NoError(t, err)
	defer c.Close()

	assert.Equal(t, libssl.SessionCacheServer, c.SetSessionCacheMode(libssl.SessionCacheBoth))
	assert.Equal(t, libssl.SessionCacheBoth, c.SessionCacheMode())
	assert.Equal(t, 20480, c.SetSessionCacheSize(7))
	assert.Equal(t, 7, c.SessionCacheSize())
	assert.Equal(t, 2*time.Hour, c.SetTimeout(90*time.Second+time.Millisecond))
	assert.Equal(t, 90*time.Second, c.Timeout())
	assert.Equal(t, 2, c.NumTickets())
	require.NoError(t, c.SetNumTickets(5))
	assert.Equal(t, 5, c.NumTickets())
	assert.Equal(t, libssl.SessionStats{}, c.SessionStats())

	require.NoError(t, c.Close())
	assert.Zero(t, c.SetSessionCacheMode(libssl.SessionCacheOff))
	assert.Zero(t, c.SessionCacheSize())
	assert.Zero(t, c.Timeout())
	assert.ErrorIs(t, c.SetNumTickets(1), libssl.ErrClosed)
	assert.NoError(t, c.Close())
}
