//go:build !race && !asan && !msan

package testutil

// Instrumented reports whether the binary was built with a sanitizer, which has a memory of its own: sizes
// mean little then, and things take longer.
const Instrumented = false
