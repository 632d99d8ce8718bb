//go:build goopenssl

package main

import (
	"net"
	"path/filepath"

	"github.com/libp2p/go-openssl"
)

// To the letter the column of package openssl: the same program with another import path, which is what is compared.
func init() {
	columns = append(columns, column{
		name: "go-openssl v0.1.0",
		md4:  func(b []byte) error { _, err := openssl.MD4(b); return err },
		md5:  func(b []byte) error { _, err := openssl.MD5(b); return err },
		sha1: func(b []byte) error { _, err := openssl.SHA1(b); return err },
		sha2: func(b []byte) error { _, err := openssl.SHA256(b); return err },
		hmac: func(key []byte) (work, error) {
			h, err := openssl.NewHMAC(key, openssl.EVP_SHA256)
			return func(b []byte) error {
				if _, err := h.Write(b); err != nil {
					return err
				}
				_, err := h.Final()
				return err
			}, err
		},
		ends: func(dir string) (e ends, err error) {
			server, err := openssl.NewCtxFromFiles(filepath.Join(dir, "server.pem"), filepath.Join(dir, "key.pem"))
			if err != nil {
				return e, err
			}
			client, err := openssl.NewCtx()
			if err != nil {
				return e, err
			}
			e.server = func(c net.Conn) (handshaker, error) { return openssl.Server(c, server) }
			e.client = func(c net.Conn) (handshaker, error) { return openssl.Client(c, client) }
			return e, nil
		},
	})
}
