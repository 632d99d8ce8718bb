// Package raw is libssl bare: one Go function for each C function, with nothing of package libssl's protection.
//
// sslconform observes libssl through it where the public API rightly stands between: NULL, references that the
// program counts itself, what a callback returns, an error queue that is not empty, one object in several places. The
// names are those of C by the rule of package libssl, with the object in front: SSL_CTX_set_timeout is CtxSetTimeout.
//
// What can fail returns a [Ret]: the C function's own result, and the error queue that it left, taken in the same
// crossing. A call finds an empty queue, unless it is given entries to find there.
//
// Nothing here is checked. A NULL goes to libssl as NULL, an object that was freed too early crashes, and two
// goroutines must not use one SSL.
package raw
