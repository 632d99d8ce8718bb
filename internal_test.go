package libssl

import (
	"crypto/sha256"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBlock(t *testing.T) {
	var k *block
	assert.Empty(t, k.unread())
	k = k.append([]byte("abc"))
	k = k.append([]byte("def"))
	k = k.skip(2)
	assert.Equal(t, "cdef", string(k.unread()))
	k = k.withRoom(1)
	n := copy(k.room(), "gh")
	k = k.grow(n)
	assert.Equal(t, "cdefgh", string(k.unread()))
	k = k.append(make([]byte, 2*bigBlock)) // outgrows every pool
	assert.Len(t, k.unread(), 6+2*bigBlock)
	assert.Nil(t, k.skip(len(k.unread())), "an empty block goes back to its pool")
	assert.GreaterOrEqual(t, len(newBlock(maxWrite).room()), maxWrite+4*overhead)
	assert.GreaterOrEqual(t, len(newBlock(record).room()), record+overhead)
	assert.LessOrEqual(t, len(newBlock(1).room()), smallBlock)
}

func TestDeadline(t *testing.T) {
	var d deadlines
	both := byRead | byWrite
	assert.False(t, d.passed(both))
	d.read.Store(1)
	assert.True(t, d.passed(byRead))
	assert.True(t, d.passed(both))
	assert.False(t, d.passed(byWrite))
	d.write.Store(time.Now().Add(time.Hour).UnixNano())
	assert.True(t, d.passed(both))
	d.read.Store(0)
	assert.False(t, d.passed(both))
	assert.False(t, d.of(both).IsZero())
	assert.True(t, d.of(byRead).IsZero())
}

func TestSeconds(t *testing.T) {
	assert.Equal(t, 2*time.Hour, seconds(7200))
	assert.Greater(t, seconds(math.MaxInt64), 290*365*24*time.Hour)
	assert.Less(t, seconds(math.MinInt64), -290*365*24*time.Hour)
	assert.Zero(t, cTime(time.Time{}))
}

func TestTellersKnowTheirGoroutine(t *testing.T) {
	var k tellers
	assert.False(t, k.here())
	k.enter()
	k.enter() // a callback's own crossing
	assert.True(t, k.here())
	elsewhere := make(chan bool)
	go func() { elsewhere <- k.here() }()
	assert.False(t, <-elsewhere)
	k.leave()
	assert.True(t, k.here())
	k.leave()
	assert.False(t, k.here())
}

func TestRegistryKeepsNothingAlive(t *testing.T) {
	var r registry[[64]byte]
	p := new([64]byte)
	id := r.add(p)
	assert.Same(t, p, r.get(id))
	runtime.KeepAlive(p)
	p = nil
	runtime.GC()
	assert.Nil(t, r.get(id))
	r.remove(id)
	assert.Nil(t, r.get(id))
	assert.Nil(t, r.get(0))
}

// Sessions cross from one Ctx to another only where both let in the same peers.
func TestIdentityContext(t *testing.T) {
	strict := VerifyPeer | VerifyFailIfNoPeerCert
	made := func(sid string, mode VerifyMode) (*identity, *ctxHandle) {
		i := &identity{sid: []byte(sid), mode: mode}
		i.verifies = i.verification()
		h := new(ctxHandle)
		contextUsers.register(h, i.sid, i.verifies)
		t.Cleanup(func() { contextUsers.unregister(h) })
		return i, h
	}
	alone, _ := made("test alone", strict)
	made("test svc", VerifyNone)
	front, _ := made("test svc", strict)
	assert.Equal(t, []byte("test alone"), alone.context())
	made("test alone", strict)
	assert.Equal(t, []byte("test alone"), alone.context(), "another that lets in the same peers")
	assert.Len(t, front.context(), sha256.Size)
	assert.Equal(t, front.context(), front.context(), "the same each time, or nothing would resume")
	lax, _ := made("test svc", VerifyNone)
	assert.Equal(t, []byte("test svc"), lax.context(), "who lets in anybody needs no other")
	none, _ := made("", strict)
	assert.Empty(t, none.context(), "libssl itself refuses a session without a context here")

	gone, h := made("test gone", VerifyNone)
	gone.use()
	contextUsers.unregister(h)
	later, _ := made("test gone", strict)
	assert.Len(t, later.context(), sha256.Size, "its sessions are still about")
}

func TestIdentitySum(t *testing.T) {
	a := &identity{certificates: map[string][sha256.Size]byte{"ECDSA": {1}, "RSA": {2}}, trust: []byte("ca")}
	b := &identity{certificates: map[string][sha256.Size]byte{"RSA": {2}, "ECDSA": {1}}, trust: []byte("ca")}
	assert.Equal(t, a.sum(), b.sum())
	for name, change := range map[string]func(*identity){
		"certificate": func(i *identity) { i.certificates = map[string][sha256.Size]byte{"RSA": {2}} },
		"trust":       func(i *identity) { i.trust = []byte("other") },
		"mode":        func(i *identity) { i.mode = VerifyPeer },
		"callback":    func(i *identity) { i.random = []byte("x") },
		"parameter":   func(i *identity) { i.more = settings{"depth": number(3)} },
	} {
		c := *b
		change(&c)
		assert.NotEqual(t, a.sum(), c.sum(), name)
	}
}

func TestSettings(t *testing.T) {
	var a, b settings
	none := a.sum()
	a.set("x", []byte("1"))
	a.set("y", []byte("2"))
	b.set("y", nil)
	b.set("y", []byte("2"))
	b.set("x", []byte("1"))
	assert.Equal(t, a.sum(), b.sum(), "the last of each kind, in whatever order")
	assert.NotEqual(t, none, a.sum())
	b.set("x", []byte("2"))
	assert.NotEqual(t, a.sum(), b.sum())

	mine := own{sid: []byte("svc"), settings: a}
	assert.Len(t, mine.context(), sha256.Size)
	for _, other := range []own{{sid: []byte("other"), settings: a}, {sid: mine.sid, settings: b},
		{sid: mine.sid, verifies: none, settings: a}} {
		assert.NotEqual(t, mine.context(), other.context())
	}
}

func TestSupports(t *testing.T) {
	assert.True(t, Supports("SSL_CTX_set_session_id_context"))
	assert.False(t, Supports("SSL_no_such_function"))
	assert.Equal(t, min(headerVersionNumber, VersionNumber()) >= 0x30000000, Supports("SSL_new_session_ticket"))
	assert.Len(t, sessionAPI, 160)
}

func FuzzParseSession(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x30, 0})
	f.Add([]byte("-----BEGIN SSL SESSION PARAMETERS-----\nMAA=\n-----END SSL SESSION PARAMETERS-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (*Session, error){ParseSession, ParseSessionPEM} {
			sess, err := parse(data)
			if err != nil {
				require.Nil(t, sess)
				require.NotEmpty(t, err.Error())
				continue
			}
			_ = sess.String()
			_, _ = sess.PeerCertificate()
			if der, err := sess.MarshalBinary(); err == nil {
				_, err = ParseSession(der)
				require.NoError(t, err)
			}
			sess.Close()
		}
	})
}
