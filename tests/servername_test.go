package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// Of names that are set one after the other the last one counts, for SNI and for the certificate, also where one is
// an address and another is not.
func TestLastServerNameCounts(t *testing.T) {
	t.Parallel()
	server := pair.Modes[3].ServerCtx(t)
	client, err := libssl.NewClientCtx()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	require.NoError(t, client.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
	var asked string
	server.SetServerNameCallback(func(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
		asked = name
		return nil, nil
	})
	for _, tt := range []struct {
		names []string
		sni   string
		valid bool
	}{
		{[]string{"wrong.test", "a.test"}, "a.test", true},
		{[]string{"a.test", "wrong.test"}, "wrong.test", false},
		{[]string{"wrong.test", "127.0.0.1"}, "", true},
		{[]string{"192.0.2.1", "a.test"}, "a.test", true},
		{[]string{"a.test", "192.0.2.1"}, "", false},
		{[]string{"127.0.0.1", "wrong.test"}, "wrong.test", false},
		{[]string{"192.0.2.1", "::1"}, "", true},
	} {
		t.Run(fmt.Sprint(tt.names), func(t *testing.T) {
			p := pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
				for _, name := range tt.names {
					require.NoError(t, c.SetServerName(name))
				}
			}})
			assert.Equal(t, tt.sni, asked)
			if tt.valid {
				assert.NoError(t, p.ClientErr)
			} else {
				assert.ErrorIs(t, p.ClientErr, libssl.ReasonCertificateVerifyFailed)
			}
		})
	}

	for _, name := range []string{"", ".", strings.Repeat("a", 256)} {
		p := pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
			require.NoError(t, c.SetServerName("a.test"))
			require.ErrorIs(t, c.SetServerName(name), libssl.ReasonSSL3ExtInvalidServername, name)
		}})
		assert.Empty(t, asked)
		assert.NoError(t, p.ClientErr, "the certificate is for a.test")
	}
}
