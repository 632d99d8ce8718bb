package libssl

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"iter"
	"unsafe"
)

// Sessions returns copies of the sessions in the internal cache, in no order, as they are when the iteration begins;
// they are the caller's own. From inside one of c's own callbacks that run inside libssl there are none. All that c
// holds are copied at once, while no handshake of c goes on: it is for looking, not for each connection.
//
// C: SSL_CTX_sessions(3)
func (c *Ctx) Sessions() iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		sessions := c.copySessions()
		for i, sess := range sessions {
			if !yield(sess) {
				for _, rest := range sessions[i+1:] {
					rest.Close()
				}
				return
			}
		}
	}
}

func (c *Ctx) copySessions() (sessions []*Session) {
	var list **C.SSL_SESSION
	var n C.size_t
	c.change(func(p *C.SSL_CTX) C.gls_ret {
		n = C.gls_SSL_CTX_sessions(p, &list)
		return succeeded
	})
	defer C.free(unsafe.Pointer(list))
	for _, p := range unsafe.Slice(list, int(n)) {
		sessions = append(sessions, newSession(p))
	}
	return sessions
}
