package openssl_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

func TestServerListenAndServeTLS(t *testing.T) {
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	addr := freeAddr()
	srv := &http.Server{Addr: addr, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })}
	done := make(chan error)
	go func() { done <- openssl.ServerListenAndServeTLS(srv, cert, key) }()
	c, err := dialWhenUp("tcp", addr, clientCtx(t), 0)
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
	require.NoError(t, err)
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Regexp(t, "(?s)^HTTP/1.1 200 OK.*hello$", string(got))
	require.NoError(t, srv.Shutdown(context.Background()))
	assert.Equal(t, http.ErrServerClosed, <-done)

	assert.ErrorIs(t, openssl.ListenAndServeTLS(addr, "/nonexistent", key, nil), os.ErrNotExist)
	assert.Error(t, openssl.ListenAndServeTLS("no address", cert, key, nil))
	if err := openssl.ListenAndServeTLS("", cert, os.DevNull, nil); assert.Error(t, err) {
		assert.NotContains(t, err.Error(), "listen")
	}
}
