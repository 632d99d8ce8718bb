//go:build original

package parity

// For go mod tidy alone: it does not build on OpenSSL 3.
import (
	_ "github.com/spacemonkeygo/openssl"
	_ "github.com/spacemonkeygo/openssl/utils"
)
