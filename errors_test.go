package libssl_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

func TestError(t *testing.T) {
	c, err := libssl.NewCtx(libssl.TLSMethod)
	require.NoError(t, err)
	defer c.Close()

	err = c.SetSessionIDContext(make([]byte, 33))
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "SSL_CTX_set_session_id_context", e.Op)
	assert.Zero(t, e.Ret)
	assert.Zero(t, e.SSLError)
	require.Len(t, e.Stack, 1)
	entry := e.Stack[0]
	assert.Equal(t, 20, entry.Lib)
	assert.Equal(t, libssl.ReasonSSLSessionIDContextTooLong, entry.Reason)
	assert.Equal(t, "SSL_CTX_set_session_id_context", entry.Func)
	assert.Equal(t, "ssl session id context too long", entry.Text)
	assert.NotEmpty(t, entry.LibName)
	assert.NotZero(t, entry.Line)
	assert.NotZero(t, entry.Code)
	assert.ErrorIs(t, err, libssl.ReasonSSLSessionIDContextTooLong)
	assert.NotErrorIs(t, err, libssl.ReasonSSLSessionIDTooLong)
	assert.Equal(t, "libssl: SSL_CTX_set_session_id_context: ssl session id context too long", err.Error())
	_, _, ok := e.Alert()
	assert.False(t, ok)

	// The next failure has its own entries alone, whatever thread it is on.
	err = c.SetCipherList("no such cipher")
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Stack, 1)
	assert.ErrorIs(t, err, libssl.ReasonNoCipherMatch)
	assert.NotErrorIs(t, err, libssl.ReasonSSLSessionIDContextTooLong)
}

func TestReason(t *testing.T) {
	assert.Equal(t, "ssl session id conflict", libssl.ReasonSSLSessionIDConflict.Error())
	assert.Equal(t, "SSL reason 99999", libssl.Reason(99999).Error())
	assert.Equal(t, libssl.Reason(273), libssl.ReasonSSLSessionIDContextTooLong)
}

func TestErrClosedIsNetErrClosed(t *testing.T) {
	assert.ErrorIs(t, libssl.ErrClosed, net.ErrClosed)
	assert.NotErrorIs(t, libssl.ErrClosed, io.EOF)
}

// A refused certificate is named, with the alert that says so on either side.
func TestVerifyError(t *testing.T) {
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			client.SetVerify(libssl.VerifyPeer, nil)
			p := pair.Try(t, server, client, pair.Options{})

			var e *libssl.Error
			require.ErrorAs(t, p.ClientErr, &e)
			assert.ErrorIs(t, e, libssl.ReasonCertificateVerifyFailed)
			require.NotNil(t, e.Verify)
			assert.Equal(t, 20, e.Verify.Code) // X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
			assert.Equal(t, 0, e.Verify.Depth)
			assert.Equal(t, "unable to get local issuer certificate", e.Verify.Text)
			assert.Equal(t, testutil.Certs(t).Server.Certificate[0], e.Verify.Certificate.Raw)
			var v *libssl.VerifyError
			assert.True(t, errors.As(p.ClientErr, &v))
			code, sent, ok := e.Alert()
			assert.Equal(t, []any{uint8(48), true, true}, []any{code, sent, ok}) // unknown_ca

			require.ErrorAs(t, p.ServerErr, &e)
			assert.ErrorIs(t, e, libssl.ReasonTLSv1AlertUnknownCA)
			code, sent, ok = e.Alert()
			assert.Equal(t, []any{uint8(48), false, true}, []any{code, sent, ok})
		})
	}
}

// What a user got wrong is in the text: libssl itself mostly says no more than that something was.
func TestErrorsNameWhatWasGiven(t *testing.T) {
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	raw, _ := testutil.TCP(t)
	conn, err := libssl.Client(raw, client)
	require.NoError(t, err)
	defer conn.Close()
	ssl := conn.SSL()
	sess, err := libssl.NewSession()
	require.NoError(t, err)
	defer sess.Close()
	junk := testutil.File(t, "junk.pem", []byte("junk"))
	missing := filepath.Join(t.TempDir(), "missing.pem")

	for want, err := range map[string]error{
		`SSL_CTX_set_cipher_list("nonsense"): no cipher match`:                      server.SetCipherList("nonsense"),
		`SSL_set1_groups_list("nonsense")`:                                          ssl.SetGroupsList("nonsense"),
		`SSL_CTX_set1_sigalgs_list("nonsense")`:                                     server.SetSigalgsList("nonsense"),
		`SSL_CTX_set_min_proto_version(0x0999)`:                                     server.SetMinVersion(0x999),
		`SSL_set_max_proto_version(0x0999)`:                                         ssl.SetMaxVersion(0x999),
		`SSL_CTX_set_max_send_fragment(511)`:                                        server.SetMaxSendFragment(511),
		`SSL_set_max_send_fragment(16385)`:                                          ssl.SetMaxSendFragment(16385),
		`X509_VERIFY_PARAM_set1_ip_asc("invalid IP")`:                               ssl.SetVerifyIP(netip.Addr{}),
		`SSL_SESSION_set_cipher(0x9999)`:                                            sess.SetCipherSuite(0x9999),
		`SSL_CTX_use_certificate_chain_file("` + junk + `"): no start line`:         server.UseCertificateChainFile(junk),
		`SSL_CTX_use_PrivateKey_file("` + missing + `"): no such file or directory`: server.UsePrivateKeyFile(missing),
		`SSL_load_client_CA_file("` + missing + `"): no such file or directory`:     server.LoadClientCAFile(missing),
		`SSL_CTX_load_verify_locations("` + junk + `", "")`:                         server.LoadVerifyLocations(junk, ""),
		`SSL_CTX_load_verify_locations("", "") returned 0`:                          server.LoadVerifyLocations("", ""),
		`X509_STORE_add_cert: no certificate in the PEM text`:                       server.AddRootCAs([]byte("junk")),
		`X509_STORE_add_crl: no certificate revocation list in the PEM text`:        server.AddCRLs(nil),
		`SSL_export_keying_material: the handshake is not complete`:                 second(ssl.ExportKeyingMaterial("label", nil, 8)),
		`SSL_SESSION_print_keylog: the session has no id or no master key`:          second(sess.KeyLogLine()),
		`AddClientCA: nil certificate`:                                              server.AddClientCA(nil),
		`AddChainCert: nil certificate`:                                             server.AddChainCert(nil),
		`SelectCurrentCert: nil certificate`:                                        server.SelectCurrentCert(nil),
		`unknown Method 3`:                                                          second(libssl.NewCtx(3)),
		`0xc02f is no cipher suite of TLS 1.3`:                                      second(libssl.NewPSKSession(make([]byte, 32), tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)),
		`no file name`:                                                              second(libssl.OpenSessionCache("", 0)),
		`missing port in address`:                                                   second(libssl.Dial("tcp", "localhost", client)),
		`"nowhere": no server name in the address`:                                  second(libssl.Dial("unix", "nowhere", client)),
	} {
		if assert.Error(t, err, want) { // libssl 1.1.1 itself begins the system's words with a capital
			assert.Contains(t, strings.ToLower(err.Error()), strings.ToLower(want))
		}
	}
	err = server.UseCertificateURI("pkcs11:object=x?pin-value=1234")
	require.ErrorContains(t, err, `"pkcs11:object=x"`)
	assert.NotContains(t, err.Error(), "pin-value")
}

func second[T any](_ T, err error) error { return err }

// libssl itself would fail each handshake, and say that a wrong function was called or that there is no cipher.
func TestCtxOfTheOtherRole(t *testing.T) {
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	a, b := testutil.TCP(t)
	_, err := libssl.Client(a, server)
	assert.ErrorContains(t, err, "for servers only")
	_, err = libssl.Server(b, client)
	assert.ErrorContains(t, err, "for clients only")
	_, err = libssl.Listen("tcp", "127.0.0.1:0", client)
	assert.ErrorContains(t, err, "for clients only")

	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := libssl.NewListener(inner, client)
	defer l.Close()
	visitor, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer visitor.Close()
	_, err = l.Accept()
	assert.ErrorContains(t, err, "for clients only", "no connection ever could be made: it is final")

	server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return client, nil })
	p := pair.Try(t, server, mode.ClientCtx(t), pair.Options{})
	assert.ErrorContains(t, p.ServerErr, "for clients only")
}

func TestZeroCtxIsClosed(t *testing.T) {
	var c libssl.Ctx
	assert.ErrorIs(t, c.AddCRLs(nil), libssl.ErrClosed)
	assert.ErrorIs(t, c.SetSessionIDContext(nil), libssl.ErrClosed)
	assert.ErrorIs(t, c.UseCertificate(testutil.Certs(t).Server), libssl.ErrClosed)
	assert.Zero(t, c.SessionStats())
	assert.Nil(t, c.Pointer())
	_, err := libssl.Listen("tcp", "127.0.0.1:0", &c)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	a, _ := testutil.TCP(t)
	_, err = libssl.Client(a, &c)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	assert.NoError(t, c.Close())
}
