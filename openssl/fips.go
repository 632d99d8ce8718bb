package openssl

import (
	"github.com/go-libssl/libssl"
)

// FIPSModeSet has the whole process use FIPS 140 implementations, or no more so: see [libssl.SetFIPS]. It is for the start
// of a program. Where it fails nothing changes; a libssl without providers has no such mode, and the error wraps
// [libssl.ErrUnsupported].
//
// C: EVP_default_properties_enable_fips(3)
// OpenSSL: 3.0
func FIPSModeSet(mode bool) error {
	if !mode && !libssl.FIPSEnabled() {
		return nil
	}
	if err := libssl.SetFIPS(mode); err != nil {
		return queueError(err)
	}
	return nil
}
