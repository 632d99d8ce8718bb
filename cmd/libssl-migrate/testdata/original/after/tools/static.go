//go:build openssl_static

package tools

import _ "github.com/go-libssl/libssl/openssl"
