package libssl

// #include "shim.h"
import "C"

import "io"

// SetKeylogCallback sets what is given each line of the NSS key log, with which whoever has recorded a connection can
// read it: for debugging only. A connection logs to the Ctx that is in force. It runs when libssl has returned and
// before the peer sees what libssl wrote.
//
// C: SSL_CTX_set_keylog_callback(3)
func (c *Ctx) SetKeylogCallback(cb func(s *SSL, line string)) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_keylog_callback(p, cBool(cb != nil))
		c.keylog.Store(&cb)
	})
}

// KeylogCallback returns it.
//
// C: SSL_CTX_get_keylog_callback(3)
func (c *Ctx) KeylogCallback() func(s *SSL, line string) { return loadOpen(c, &c.keylog) }

// KeylogTo returns a callback that writes each line to w, one Write a line, as SSLKEYLOGFILE has it. Writes may come at
// the same time from many connections. What fails is lost.
func KeylogTo(w io.Writer) func(s *SSL, line string) {
	return func(_ *SSL, line string) { io.WriteString(w, line+"\n") }
}
