// Package parity has the tests that hold package openssl against the one whose place it takes: that no exported
// identifier is missing or different, and that the original's own tests pass. It is a module of its own so that only
// who runs them needs the original, whose source they read from the module cache.
package parity
