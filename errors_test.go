package libssl_test

import (
	"errors"
	"io"
	"net"
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
