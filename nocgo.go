//go:build !cgo

package libssl

// The package is a binding to C: this line is the error that a build without cgo ends with.
const _ = libssl_needs_cgo_set_CGO_ENABLED_1_and_install_a_C_compiler
