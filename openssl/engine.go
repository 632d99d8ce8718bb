package openssl

import (
	"fmt"

	"github.com/go-libssl/libssl"
)

// An Engine is what an ENGINE was, of which there is none. Functions that take one ignore it, as they do nil.
type Engine struct{}

// EngineById always fails, and its error wraps [libssl.ErrUnsupported]: OpenSSL 3.0 deprecates engines and 4.0 has none.
// Providers have taken their place: see [libssl.LoadProvider], [libssl.SetDefaultProperties] and [libssl.LoadConfig].
func EngineById(name string) (*Engine, error) {
	return nil, fmt.Errorf("engine %s missing: %w", name, libssl.ErrUnsupported)
}
