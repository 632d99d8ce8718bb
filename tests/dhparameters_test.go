package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// ffdhe2048 is the smallest group of RFC 7919.
const ffdhe2048 = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`

// Without parameters there is no DHE suite before 4.0, with them there is.
func TestSetDHParameters(t *testing.T) {
	const dheRSA = 0x009e // DHE-RSA-AES128-GCM-SHA256
	handshake := func(t *testing.T, change func(server *libssl.Ctx) error) *pair.Pair {
		server, client := pair.Modes[0].ServerCtx(t), pair.Modes[0].ClientCtx(t)
		require.NoError(t, server.UseCertificate(testutil.Certs(t).ServerRSA))
		require.NoError(t, client.SetCipherList("DHE-RSA-AES128-GCM-SHA256"))
		require.NoError(t, change(server))
		return pair.Try(t, server, client, pair.Options{})
	}

	if libssl.VersionNumber() < 0x40000000 { // which knows groups by name for TLS 1.2 too
		p := handshake(t, func(*libssl.Ctx) error { return nil })
		assert.ErrorIs(t, p.ServerErr, libssl.ReasonNoSharedCipher)
	}

	p := handshake(t, func(s *libssl.Ctx) error { return s.SetDHParameters([]byte(ffdhe2048)) })
	require.NoError(t, p.ServerErr)
	require.NoError(t, p.ClientErr)
	assert.Equal(t, uint16(dheRSA), p.Client.ConnectionState().CipherSuite)
}

func TestSetDHParametersRefuses(t *testing.T) {
	server := pair.Modes[0].ServerCtx(t)
	for name, pem := range map[string]string{
		"nothing":     "",
		"junk":        "junk",
		"a curve":     "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
		"a cut block": ffdhe2048[:200],
	} {
		assert.Error(t, server.SetDHParameters([]byte(pem)), name)
	}
	require.NoError(t, server.Close())
	assert.ErrorIs(t, server.SetDHParameters([]byte(ffdhe2048)), libssl.ErrClosed)
}
