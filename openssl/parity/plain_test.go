//go:build !race

package parity

var testFlags = []string{"test"}
