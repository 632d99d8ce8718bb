//go:build !asan

package testutil

// AddressSanitizer reports whether the binary was built with -asan, which knows the C stack: a goroutine that ends
// above C frames leaves it with variables that are no more.
const AddressSanitizer = false
