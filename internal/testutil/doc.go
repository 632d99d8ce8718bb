// Package testutil holds what the tests of several packages share: certificates made in the process,
// transports, a garbage collector that can be waited for, and a TestMain.
//
// It does not import the binding, so that the binding's own internal tests can use it; what needs
// connections of the binding is in the package pair below it. Helpers take a testing.TB, fail through it,
// and clean up after themselves. Nothing here sleeps.
package testutil
