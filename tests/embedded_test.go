package tests

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// embedded returns bytes that are part of a struct that leads to others, as net/http and others have their buffers. cgo
// lets C see no such struct.
func embedded(b []byte) []byte {
	s := &struct {
		bytes [4096]byte
		next  *testing.T
	}{next: new(testing.T)}
	return s.bytes[:copy(s.bytes[:], b):len(b)]
}

func TestEmbeddedBuffers(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetMaxEarlyData(earlyLimit))
			require.NoError(t, server.SetSessionIDContext(embedded([]byte("context"))))
			keys, err := server.TicketKeys()
			require.NoError(t, err)
			require.NoError(t, server.SetTicketKeys(embedded(keys)))
			server.SetServerStatusCallback(func(*libssl.SSL) ([]byte, error) { return embedded([]byte{0x30, 3, 0x0a, 1, 6}), nil })
			client.SetStatusType(libssl.StatusTypeOCSP)

			p := pair.Handshake(t, server, client, pair.Options{})
			got := embedded(make([]byte, 5))
			pair.Both(func() {
				_, err = p.Client.Write(embedded([]byte("hello")))
				assert.NoError(t, err)
			}, func() {
				_, err := io.ReadFull(p.Server, got)
				assert.NoError(t, err)
			})
			assert.Equal(t, "hello", string(got))
			_, err = p.Client.ExportKeyingMaterial("EXPERIMENTAL", embedded([]byte("context")), 16)
			require.NoError(t, err)
			assert.False(t, p.Server.HasMatchingSessionID(embedded([]byte("0123456789abcdef"))))
			sess := p.Client.Session()
			p.Close(t)

			der, err := sess.MarshalBinary()
			require.NoError(t, err)
			text, err := sess.MarshalText()
			require.NoError(t, err)
			parsed, err := libssl.ParseSessionPEM(embedded(text))
			require.NoError(t, err)
			assert.True(t, parsed.Equal(sess))
			parsed, err = libssl.ParseSession(embedded(der))
			require.NoError(t, err)
			assert.True(t, parsed.Equal(sess))
			if mode.TLS13() {
				l := newLink(t, server, client)
				require.NoError(t, l.client.SetSession(parsed))
				early := async(func() string {
					b := embedded(make([]byte, 16))
					n, err := l.server.ReadEarlyData(b)
					assert.NoError(t, err)
					return string(b[:n])
				})
				_, err := l.client.WriteEarlyData(embedded([]byte("early")))
				require.NoError(t, err)
				require.Equal(t, "early", receive(t, early, "the server"))
				_, err = l.client.ExportKeyingMaterialEarly("EXPERIMENTAL", embedded([]byte("context")), 16)
				require.NoError(t, err)
			}
			for _, err := range []error{
				parsed.SetID(embedded([]byte("id"))),
				parsed.SetIDContext(embedded([]byte("context"))),
				parsed.SetMasterKey(embedded(make([]byte, 32))),
				parsed.SetTicketAppData(embedded([]byte("data"))),
			} {
				assert.NoError(t, err)
			}
		})
	}
}

// The same for what is read once: certificates, keys, lists, passwords.
func TestEmbeddedPEM(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	mode := pair.Modes[3]
	server, client := bareServer(t, mode), mode.ClientCtx(t)
	require.NoError(t, server.UseCertificatePEM(embedded(testutil.CertPEM(certs.Server)), embedded(testutil.KeyPEM(t, certs.Server))))
	der := tls.Certificate{Certificate: [][]byte{embedded(certs.ServerRSA.Certificate[0])}, PrivateKey: certs.ServerRSA.PrivateKey}
	require.NoError(t, server.UseCertificate(der))
	require.NoError(t, server.SetClientCAList([][]byte{embedded(certs.CA.Cert.RawSubject)}))
	ca := *certs.CA.Cert
	ca.Raw = embedded(ca.Raw)
	require.NoError(t, server.AddClientCA(&ca))
	require.NoError(t, server.AddChainCert(&ca))
	require.NoError(t, client.AddRootCAs(embedded(certs.CA.PEM)))
	require.NoError(t, client.SetVerifyRoots(embedded(certs.CA.PEM)))
	client.SetVerify(libssl.VerifyPeer, nil)
	require.NoError(t, server.SetTicketKeyCallback(func(_ *libssl.SSL, name libssl.TicketKeyName, encrypt bool) (*libssl.TicketKey, bool, error) {
		return &libssl.TicketKey{CipherKey: embedded(make([]byte, 32)), HMACKey: embedded(bytes.Repeat([]byte{1}, 32))}, false, nil
	}))
	key, err := libssl.NewPSKSession(embedded(make([]byte, 32)), tls.TLS_AES_128_GCM_SHA256)
	require.NoError(t, err)
	client.SetPSKUseSessionCallback(func(*libssl.SSL, crypto.Hash) ([]byte, *libssl.Session, error) {
		return embedded([]byte("unknown")), key, nil
	})
	p := pair.Handshake(t, server, client, pair.Options{})
	require.NoError(t, p.Client.VerifyResult())
	p.Close(t)

	encrypted := testutil.Run(t, testutil.KeyPEM(t, certs.Client), "pkey", "-aes128", "-passout", "pass:secret")
	client.SetDefaultPasswordCallback(func(string) ([]byte, error) { return embedded([]byte("secret")), nil })
	require.NoError(t, client.UseCertificatePEM(testutil.CertPEM(certs.Client), embedded(encrypted)))
}
