// Package server serves the shop.
package server

import (
	"log"
	"net/http"
	"time"

	"github.com/spacemonkeygo/openssl"
	"github.com/spacemonkeygo/openssl/utils"
)

// Serve serves until it fails.
func Serve(addr string, h http.Handler) error {
	ctx, err := openssl.NewCtxFromFiles("cert.pem", "key.pem")
	if err != nil {
		return err
	}
	ctx.SetOptions(openssl.CipherServerPreference | openssl.NoTLSv1)
	ctx.SetSessionCacheMode(openssl.SessionCacheServer)
	ctx.SetTimeout(time.Hour)
	ctx.SetTLSExtServernameCallback(func(ssl *openssl.SSL) openssl.SSLTLSExtErr {
		log.Print(ssl.GetServername())
		return openssl.SSLTLSExtErrOK
	})
	l, err := openssl.Listen("tcp", addr, ctx)
	if err != nil {
		return err
	}
	var errs utils.ErrorGroup
	errs.Add(http.Serve(l, h))
	errs.Add(l.Close())
	return errs.Finalize()
}
