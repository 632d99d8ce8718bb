package openssl_test

import (
	"testing"

	"github.com/go-libssl/libssl/internal/testutil"
)

// After the garbage is collected, so that a leak checker sees what nobody freed.
func TestMain(m *testing.M) { testutil.Main(m) }
