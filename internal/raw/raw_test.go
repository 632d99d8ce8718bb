package raw

import (
	"context"
	"sync"
	"testing"

	"github.com/go-libssl/libssl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newCtx(t *testing.T) Ctx {
	c, r := CtxNew(int(libssl.TLSMethod))
	require.NoError(t, r.Err())
	t.Cleanup(func() { CtxFree(c) })
	return c
}

func newSSL(t *testing.T, c Ctx) SSL {
	s, r := SSLNew(c)
	require.NoError(t, r.Err())
	SSLSetBIO(s, BIONewMem(), BIONewMem())
	t.Cleanup(func() { SSLFree(s) })
	return s
}

var sid = make([]byte, 33)

func TestRet(t *testing.T) {
	c := newCtx(t)
	r := CtxSetSessionIDContext(c, &sid[0], 33)
	assert.Equal(t, "ret=0 E{20:273}", r.String())
	assert.Equal(t, "SSL_CTX_set_session_id_context", r.Op)
	assert.Equal(t, "SSL_CTX_set_session_id_context", r.Queue[0].Func)
	assert.ErrorIs(t, r.Err(), libssl.ReasonSSLSessionIDContextTooLong)
	r = CtxSetSessionIDContext(c, &sid[0], 32)
	assert.Equal(t, "ret=1 no error", r.String())
	assert.NoError(t, r.Err())
}

// TestQueue: each call finds its own queue, whatever thread it is made on.
func TestQueue(t *testing.T) {
	c := newCtx(t)
	stale := Entry{Lib: ErrLibUser, Reason: 42}
	assert.Equal(t, "ret=1 E{128:42}", CtxSetSessionIDContext(c, &sid[0], 32, stale).String())
	assert.Equal(t, "ret=0 E{128:42}E{20:273}", CtxSetSessionIDContext(c, &sid[0], 33, stale).String())
	assert.Equal(t, "ret=1 no error", CtxSetSessionIDContext(c, &sid[0], 32).String())
}

func TestNull(t *testing.T) {
	assert.Equal(t, "ret=0 no error", CtxSetTimeout(Ctx{}, 1).String())
	assert.Equal(t, "ret=0 E{20:273}", CtxSetSessionIDContext(Ctx{}, nil, 33).String())
}

// TestInChild: a crash takes only the copy of the process along.
func TestInChild(t *testing.T) {
	s := newSSL(t, newCtx(t))
	fate, err := InChild(CtxSetSessionIDContextNullCtx, s)
	require.NoError(t, err)
	assert.Equal(t, "crash: segmentation fault", fate.String())
	fate, err = InChild(D2ISessionNullP, s)
	require.NoError(t, err)
	assert.NotEqual(t, Fate{}, fate)
}

// TestWatch: a copy is not the object.
func TestWatch(t *testing.T) {
	s := SessionNew()
	freed := SessionWatch(s)
	SessionUpRef(s)
	other := SessionDup(s)
	SessionFree(other)
	assert.False(t, freed.Load())
	SessionFree(s)
	assert.False(t, freed.Load())
	SessionFree(s)
	assert.True(t, freed.Load())
}

// TestCallbacks: a callback runs inside the call, its panic comes out of the call, and none is left behind.
func TestCallbacks(t *testing.T) {
	c, r := CtxNew(int(libssl.TLSMethod))
	require.NoError(t, r.Err())
	assert.Equal(t, None, CtxRemoveSessionCallback(c))
	var removed []Session
	CtxSetRemoveSessionCallback(c, func(_ Ctx, x Session) { removed = append(removed, x) })
	assert.Equal(t, Ours, CtxRemoveSessionCallback(c))
	s := SessionNew()
	defer SessionFree(s)
	require.NoError(t, SessionSetID(s, &sid[0], 32).Err())
	assert.Equal(t, "ret=0 no error", CtxRemoveSession(c, s).String())
	assert.Equal(t, []Session{s}, removed)

	CtxSetRemoveSessionCallback(c, func(Ctx, Session) { panic("ouch") })
	assert.PanicsWithValue(t, "ouch", func() { CtxRemoveSession(c, s) })
	CtxSetRemoveSessionCallback(c, nil)
	assert.Equal(t, "ret=0 no error", CtxRemoveSession(c, s).String())
	CtxFree(c)
	assert.Empty(t, ctxHooks)
}

// TestNestedCall: a call in a callback leaves its caller's queue alone unless it adds to it.
func TestNestedCall(t *testing.T) {
	c := newCtx(t)
	s := SessionNew()
	defer SessionFree(s)
	require.NoError(t, SessionSetID(s, &sid[0], 32).Err())
	CtxSetRemoveSessionCallback(c, func(c Ctx, _ Session) {
		assert.Equal(t, "ret=0 E{20:273}", CtxSetSessionIDContext(c, &sid[0], 33).String())
		Raise(Entry{ErrLibUser, 7})
	})
	assert.Equal(t, "ret=0 E{128:7}", CtxRemoveSession(c, s).String())
}

// TestInChildBesideOthers: a copy has the locks that other threads held, and nobody to let go of them.
func TestInChildBesideOthers(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var others, children sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				c, _ := CtxNew(int(libssl.TLSMethod))
				CtxFree(c)
			}
		})
	}
	c := newCtx(t) // each child has a copy of its own
	x := SessionNew()
	require.NoError(t, SessionSetID(x, &sid[0], 32).Err())
	require.NoError(t, CtxAddSession(c, x).Err())
	SessionFree(x)
	for range 200 {
		children.Go(func() {
			fate, err := FreeInChildBesideAnother(c)
			assert.NoError(t, err)
			assert.Zero(t, fate.Signal)
		})
	}
	children.Wait()
	stop()
	others.Wait()
}
