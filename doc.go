//go:build cgo

// Package libssl binds OpenSSL's libssl, with the TLS session at its heart: session id context, session ids from a
// Go callback, cache modes, external caches, tickets, resumption.
//
// A [Ctx] is an SSL_CTX, an [SSL] an SSL, a [Session] an SSL_SESSION; a [Conn] is an SSL on a transport and a
// net.Conn. Method names are those of C without the object's prefix and without get, so that grep finds them:
// SSL_CTX_sess_set_cache_size is [Ctx.SetSessionCacheSize]. The last lines of a method's comment name the C function
// and, where not every supported libssl has it, the first version that does.
//
// # Defaults
//
// [NewCtx] is SSL_CTX_new with libssl's own defaults, which verify nobody. [NewServerCtx] and [NewClientCtx] are for
// everyday programs: TLS 1.2 or newer; the server has a session id context, so that sessions made under one
// configuration are never resumed under another; the client checks the peer's certificate and its name.
//
// # Sessions are values
//
// Every Session that is handed out or taken in is a copy of libssl's object. What a connection or a Ctx does later
// with its own never changes the one that the program holds.
//
// # Concurrency
//
// Every method of a Conn may be called at any time from any goroutine. A Ctx may be set up while connections are
// made from it: setters wait until no handshake is inside libssl.
//
// # Callbacks
//
// A callback gets the SSL it runs for. While it runs, that connection's Handshake, Read, Write, CloseWrite and
// SendSessionTicket return [ErrInCallback], as do the setters of its Ctx that have an error to return. Those that have
// none return zero, and take effect in order once no callback of the Ctx is inside libssl, before any setter that is called
// after them; Close takes effect when the call that led to the callback ends; all else may be called. A setter of another
// Ctx waits until no handshake is inside libssl there, so callbacks must not set up each other's, nor wait for a goroutine
// that sets up their own.
//
// Callbacks that return nothing run just after libssl has returned, before the peer sees what it wrote; they may block.
// The others run inside libssl. While one of them takes its time and a setter waits for it, whatever else is to begin with
// that Ctx waits behind the setter, reading and writing too: what is slow belongs in [ClientHello.Suspend] or in a
// callback that may block.
//
// A panic in a callback makes the call fail and goes on in the goroutine that made it. A callback must not end by
// runtime.Goexit (as t.FailNow does): the connection is lost then.
//
// # Errors
//
// A failing libssl call returns an [*Error] with this call's own error queue. Compare with errors.Is and a [Reason],
// never with texts or packed codes, which differ from version to version.
package libssl
