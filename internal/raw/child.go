package raw

// #include "raw.h"
import "C"

import (
	"fmt"
	"syscall"
)

// A RiskyCall is one that some libssl does not survive.
type RiskyCall int

// The calls with NULL, by what is NULL.
const (
	CtxSetSessionIDContextNullData  RiskyCall = C.GLSRAW_SSL_CTX_SET_SESSION_ID_CONTEXT_NULL_DATA // of 1 byte
	CtxSetSessionIDContextNullCtx   RiskyCall = C.GLSRAW_SSL_CTX_SET_SESSION_ID_CONTEXT_NULL_CTX
	SSLSetSessionIDContextNullSSL   RiskyCall = C.GLSRAW_SSL_SET_SESSION_ID_CONTEXT_NULL_SSL
	CtxSetGenerateSessionIDNullCtx  RiskyCall = C.GLSRAW_SSL_CTX_SET_GENERATE_SESSION_ID_NULL_CTX
	SSLSetGenerateSessionIDNullSSL  RiskyCall = C.GLSRAW_SSL_SET_GENERATE_SESSION_ID_NULL_SSL
	SSLHasMatchingSessionIDNullID   RiskyCall = C.GLSRAW_SSL_HAS_MATCHING_SESSION_ID_NULL_ID // of 32 bytes
	SSLHasMatchingSessionIDNullSSL  RiskyCall = C.GLSRAW_SSL_HAS_MATCHING_SESSION_ID_NULL_SSL
	CtxNewSessionCallbackNullCtx    RiskyCall = C.GLSRAW_SSL_CTX_SESS_GET_NEW_CB_NULL_CTX
	CtxSetNewSessionCallbackNullCtx RiskyCall = C.GLSRAW_SSL_CTX_SESS_SET_NEW_CB_NULL_CTX
	CtxFlushSessionsNullCtx         RiskyCall = C.GLSRAW_SSL_CTX_FLUSH_SESSIONS_NULL_CTX
	CtxAddSessionNull               RiskyCall = C.GLSRAW_SSL_CTX_ADD_SESSION_NULL
	SessionIDNull                   RiskyCall = C.GLSRAW_SSL_SESSION_GET_ID_NULL
	SessionSetIDNull                RiskyCall = C.GLSRAW_SSL_SESSION_SET1_ID_NULL
	SSLSetSessionNullSSL            RiskyCall = C.GLSRAW_SSL_SET_SESSION_NULL_SSL
	D2ISessionNullPP                RiskyCall = C.GLSRAW_D2I_SSL_SESSION_NULL_PP
	D2ISessionNullP                 RiskyCall = C.GLSRAW_D2I_SSL_SESSION_NULL_P
)

// A Fate is what came of a process.
type Fate struct {
	Signal syscall.Signal // what ended it; 0: nothing did
	Value  int64          // what the call returned
	Errors int            // how many it queued
}

func (f Fate) String() string {
	switch {
	case f.Signal != 0:
		return fmt.Sprintf("crash: %v", f.Signal)
	case f.Errors == 0:
		return fmt.Sprintf("ret=%d no error", f.Value)
	}
	return fmt.Sprintf("ret=%d %d errors", f.Value, f.Errors)
}

// InChild makes a call in a process of its own, a copy of this one. What is not NULL in it is s.
func InChild(n RiskyCall, s SSL) (Fate, error) { return inChild(C.int(n), s, Ctx{}) }

// FreeInChildBesideAnother frees an SSL_CTX with a session in its cache, in a process of its own, and has another
// thread there call SSL_CTX_set_generate_session_id on it while the remove callback runs: 1 if that waits for a second,
// 0 if it returns. Here c stays as it is.
func FreeInChildBesideAnother(c Ctx) (Fate, error) {
	return inChild(C.GLSRAW_SSL_CTX_FREE_BESIDE_ANOTHER, SSL{}, c)
}

func inChild(call C.int, s SSL, c Ctx) (Fate, error) {
	f := C.glsraw_in_child(call, s.p, c.p)
	if f.failed != 0 {
		return Fate{}, fmt.Errorf("raw: no process for a call that may crash: %w", syscall.Errno(f.failed))
	}
	return Fate{Signal: syscall.Signal(f.signal), Value: int64(f.ret), Errors: int(f.nerrs)}, nil
}
