//go:build goopenssl

package main

import "github.com/libp2p/go-openssl"

func init() {
	columns = append(columns, column{
		name: "go-openssl v0.1.0",
		md4:  func(b []byte) error { _, err := openssl.MD4(b); return err },
		md5:  func(b []byte) error { _, err := openssl.MD5(b); return err },
		sha1: func(b []byte) error { _, err := openssl.SHA1(b); return err },
		sha2: func(b []byte) error { _, err := openssl.SHA256(b); return err },
		hmac: func(key []byte) (digest, error) {
			h, err := openssl.NewHMAC(key, openssl.EVP_SHA256)
			return func(b []byte) error {
				if _, err := h.Write(b); err != nil {
					return err
				}
				_, err := h.Final()
				return err
			}, err
		},
	})
}
