//go:build race

package parity

// The original's tests run under the race detector if these do.
var testFlags = []string{"test", "-race"}
