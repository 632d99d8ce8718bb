// Package openssl takes the place of github.com/spacemonkeygo/openssl: a program that was written for that one changes
// the import path and nothing else, and runs on OpenSSL 1.1.1 and on 3.0 and later.
//
// An http server:
//
//	log.Fatal(openssl.ListenAndServeTLS(":8443", "cert.pem", "key.pem", handler))
//
// A listener for anything else:
//
//	ctx, err := openssl.NewCtxFromFiles("cert.pem", "key.pem")
//	…
//	l, err := openssl.Listen("tcp", ":7777", ctx)
//
// A client, which has to be told whom to trust and that it is to verify:
//
//	ctx, err := openssl.NewCtx()
//	err = ctx.LoadVerifyLocations("/etc/ssl/certs/ca-certificates.crt", "")
//	ctx.SetVerifyMode(openssl.VerifyPeer)
//	conn, err := openssl.Dial("tcp", "localhost:7777", ctx, 0)
//
// All of package libssl is within reach: [Ctx], [SSL] and [Conn] have the methods of their namesakes there beside those
// listed here, so Ctx.SetSessionIDContext, Ctx.SetGenerateSessionID or SSL.HasMatchingSessionID can be called on them;
// [Ctx.Libssl], [SSL.Libssl] and [Conn.Libssl] return the namesake for all else. What behaves otherwise than in the
// original, on purpose, is in docs/migrating-from-spacemonkeygo.md.
//
// A function that can do no more than its namesake in the original does as that did; where a libssl no longer has what
// it takes, as for SSL 3.0 and engines, it returns an error that wraps [libssl.ErrUnsupported].
package openssl
