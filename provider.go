package libssl

// #include "shim.h"
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/go-libssl/libssl/internal/algorithms"
)

// A Provider is a module that implements algorithms, as "default", "legacy", "fips" or "base".
type Provider struct {
	mu   sync.Mutex
	ptr  unsafe.Pointer // an OSSL_PROVIDER, which 1.1.1 lacks; nil once unloaded
	name string
}

// LoadProvider loads a provider for the whole process. Once one has been asked for, even in vain, libcrypto loads none of
// its own accord: who loads another than "default" mostly wants that one too, and loads it first.
//
// C: OSSL_PROVIDER_load(3)
// OpenSSL: 3.0
func LoadProvider(name string) (p *Provider, err error) {
	defer algorithms.Changed()
	err = withCString("OSSL_PROVIDER_load", name, func(cs *C.char) error {
		r := C.gls_OSSL_PROVIDER_load(cs)
		if r.ptr == nil {
			return libraryError("OSSL_PROVIDER_load", r)
		}
		p = &Provider{ptr: r.ptr, name: name}
		return nil
	})
	return p, err
}

// Name returns the name that it was loaded by.
func (p *Provider) Name() string { return p.name }

// Unload takes it away again, unless somebody else has loaded it too. It may be called more than once.
//
// C: OSSL_PROVIDER_unload(3)
// OpenSSL: 3.0
func (p *Provider) Unload() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ptr == nil {
		return nil
	}
	defer algorithms.Changed()
	r := C.gls_OSSL_PROVIDER_unload(p.ptr)
	p.ptr = nil
	if r.ret != 1 {
		return libraryError("OSSL_PROVIDER_unload", r)
	}
	return nil
}

// ProviderAvailable reports whether a provider of this name is loaded and works.
//
// C: OSSL_PROVIDER_available(3)
// OpenSSL: 3.0
func ProviderAvailable(name string) (available bool) {
	withCString("OSSL_PROVIDER_available", name, func(cs *C.char) error {
		available = C.gls_OSSL_PROVIDER_available(cs) == 1
		return nil
	})
	return available
}

// SetDefaultProperties sets what is asked of an algorithm's implementation in the whole process, as "fips=yes" or
// "?provider=tpm2". It is for the start of a program: a Ctx keeps what it has fetched.
//
// C: EVP_set_default_properties(3)
// OpenSSL: 3.0
func SetDefaultProperties(query string) error {
	defer algorithms.Changed()
	return withCString("EVP_set_default_properties", query, func(cs *C.char) error {
		return libraryError("EVP_set_default_properties", C.gls_EVP_set_default_properties(cs))
	})
}

// FIPSEnabled reports whether the default properties demand FIPS 140 implementations.
//
// C: EVP_default_properties_is_fips_enabled(3)
// OpenSSL: 3.0
func FIPSEnabled() bool { return C.gls_EVP_default_properties_is_fips_enabled() == 1 }

// SetFIPS loads the FIPS provider, and "base", and has the default properties demand FIPS 140 implementations, or
// no more so. Without a FIPS provider that works, which is to be installed and configured on the system, it is an error
// and nothing changes: everything else would fail from then on.
//
// C: EVP_default_properties_enable_fips(3)
// OpenSSL: 3.0
func SetFIPS(on bool) error {
	defer algorithms.Changed()
	if on {
		for _, name := range []string{"fips", "base"} {
			if ProviderAvailable(name) {
				continue
			}
			if err := addProvider(name); err != nil {
				return fmt.Errorf("libssl: no FIPS mode without the provider %q: %w", name, err)
			}
		}
	}
	return libraryError("EVP_default_properties_enable_fips", C.gls_EVP_default_properties_enable_fips(cBool(on)))
}

// addProvider loads a provider beside those that libcrypto would load of its own accord.
func addProvider(name string) error {
	return withCString("OSSL_PROVIDER_try_load", name, func(cs *C.char) error {
		return libraryError("OSSL_PROVIDER_try_load", C.gls_OSSL_PROVIDER_try_load(cs, 1))
	})
}

// LoadConfig loads a configuration file, as openssl.cnf, for the whole process: providers, default properties, sections
// for [Ctx.Config]. It is for the start of a program.
//
// C: CONF_modules_load_file(3)
func LoadConfig(path string) error {
	defer algorithms.Changed()
	return withCString("CONF_modules_load_file", path, func(cs *C.char) error {
		return libraryError("CONF_modules_load_file", C.gls_CONF_modules_load_file(cs))
	})
}

// libraryError is newError for what older versions lack: no call was made there.
func libraryError(op string, r C.gls_ret) error {
	switch {
	case r.op == nil:
		return fmt.Errorf("libssl: %s: %w", op, ErrUnsupported)
	case r.ret != 1:
		return newError(r)
	}
	return nil
}
