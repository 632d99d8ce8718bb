package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// Hundreds of goroutines do everything at once that may be done at once: they shake hands, read, write, close, set
// deadlines, ask for state, wait for sessions, update keys, renegotiate, add, remove and flush sessions, change, replace,
// switch and close contexts, and panic and close in callbacks. Nothing hangs or crashes, no byte is wrong, and at the end nothing is
// left. Four seconds; the long form takes a minute. Not in parallel: it counts.
func TestStress(t *testing.T) {
	duration := 4 * time.Second
	if *long {
		duration = time.Minute
	}
	watchdog(t, duration+time.Minute)
	log.SetOutput(io.Discard) // panics that nobody can be given
	defer log.SetOutput(os.Stderr)
	before, goroutines := settled(t), runtime.NumGoroutine()
	runInside(t, func(testing.TB) { stressFor(t, duration) })
	requireCounts(t, before)
	requireGoroutines(t, goroutines)
}

func stressFor(t *testing.T, duration time.Duration) {
	s := newStress(t)
	defer s.end()
	ctx, cancel := context.WithTimeout(context.Background(), duration)
	defer cancel()
	var wg sync.WaitGroup
	repeat := func(n int, f func(r *rand.Rand)) {
		for range n {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(rand.Uint64(), 1))
				for (ctx.Err() == nil || !s.sawAll()) && !t.Failed() {
					f(r)
				}
			})
		}
	}
	most := 0
	repeat(60, s.connection)
	repeat(4, s.changeContext)
	repeat(8, s.useSessions)
	repeat(1, s.replaceContext)
	repeat(1, func(*rand.Rand) {
		most = max(most, runtime.NumGoroutine())
		runtime.GC()
	})
	wg.Wait()
	t.Logf("up to %d goroutines, %d connections, %d handshakes, %d resumed, %d of another Ctx, %d MB and %d bytes of early data read, %d panics of which %d came out of a call, %d contexts",
		most, s.connections.Load(), s.handshakes.Load(), s.resumed.Load(), s.switched.Load(), s.bytes.Load()/1e6, s.early.Load(),
		s.panics.Load(), s.survived.Load(), s.contexts.Load())
	if !t.Failed() {
		require.Greater(t, most, 200)
	}
}

// stress is what the goroutines share. Servers and clients are those of pair.Modes.
type stress struct {
	t       *testing.T
	servers []atomic.Pointer[libssl.Ctx] // replaced now and then
	clients []atomic.Pointer[libssl.Ctx]
	others  []*libssl.Ctx // what servers switch to
	tickets libssl.TicketKeyManager

	mu       sync.Mutex
	sessions [][]*libssl.Session // of the clients; to be offered, used and closed
	stored   map[string][]byte   // an external cache
	open     []*libssl.Ctx       // to be closed in the end

	connections, handshakes, resumed, switched, bytes, early, panics, survived, contexts atomic.Int64
}

func newStress(t *testing.T) *stress {
	n := len(pair.Modes)
	s := &stress{
		t:        t,
		servers:  make([]atomic.Pointer[libssl.Ctx], n),
		clients:  make([]atomic.Pointer[libssl.Ctx], n),
		tickets:  libssl.NewRotatingTicketKeys(100*time.Millisecond, time.Second),
		sessions: make([][]*libssl.Session, n),
		stored:   make(map[string][]byte),
	}
	for mode := range n {
		s.others = append(s.others, s.newServer(mode))
		s.servers[mode].Store(s.newServer(mode))
		s.clients[mode].Store(s.newClient(mode))
	}
	return s
}

// sawAll reports whether all has happened that this is about: on a slow machine it takes longer.
func (s *stress) sawAll() bool {
	for _, n := range []*atomic.Int64{&s.handshakes, &s.resumed, &s.switched, &s.bytes, &s.early, &s.survived, &s.contexts} {
		if n.Load() == 0 {
			return false
		}
	}
	return true
}

// end closes what is open; much else is left to the garbage collector.
func (s *stress) end() {
	for _, c := range s.open {
		s.survive(func() { c.Close() })
	}
	for _, sessions := range s.sessions {
		for _, x := range sessions {
			x.Close()
		}
	}
}

// errStress is what callbacks panic with: nothing else may come out of a call.
var errStress = errors.New("a callback's panic")

// survive runs f, out of which a callback's panic may come.
func (s *stress) survive(f func()) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case any(errStress):
			s.survived.Add(1)
		default:
			panic(v)
		}
	}()
	f()
}

// pause takes a while that nobody can foresee, so that what goes on beside comes at all moments.
func pause(r *rand.Rand, most time.Duration) { time.Sleep(time.Duration(r.Int64N(int64(most)))) }

// whim is what a callback does beside its work.
func (s *stress) whim(ssl *libssl.SSL) {
	switch rand.IntN(200) {
	case 0:
		s.panics.Add(1)
		panic(errStress)
	case 1:
		ssl.Conn().Close()
	case 2, 3, 4:
		askAll(ssl.Conn())
	case 5, 6, 7:
		ssl.Conn().SetDeadline(time.Now().Add(time.Minute))
		_, err := ssl.Conn().Read(make([]byte, 1))
		if !errors.Is(err, libssl.ErrInCallback) && !errors.Is(err, net.ErrClosed) {
			s.t.Errorf("Read in a callback: %v", err)
		}
	case 8, 9, 10:
		ctx := ssl.Ctx()
		ctx.FlushSessions(time.Now())
		ctx.SessionStats()
	case 11, 12, 13:
		if x := s.someSession(rand.IntN(len(pair.Modes))); x != nil {
			ctx := ssl.Ctx()
			ctx.AddSession(x)
			ctx.RemoveSession(x)
		}
	case 14, 15, 16:
		ssl.SetValue("whim", ssl.Value("whim"))
		ssl.Conn().KeyUpdate(true)
		runtime.Gosched()
	}
}

// smallWhim is for callbacks that are called often.
func (s *stress) smallWhim(ssl *libssl.SSL) {
	if rand.IntN(100) == 0 {
		s.whim(ssl)
	}
}

func (s *stress) newServer(mode int) *libssl.Ctx {
	c := pair.Modes[mode].ServerCtx(dropping{s.t})
	s.keep(c)
	c.SetSessionCacheSize(50)
	c.SetMaxEarlyData(1000)
	c.SetOptions(libssl.AllowClientRenegotiation | libssl.NoAntiReplay)
	s.install(c)
	s.watch(c)
	c.SetServerNameCallback(func(ssl *libssl.SSL, name string) (*libssl.Ctx, error) {
		s.whim(ssl)
		if name == "other.test" {
			return s.others[mode], nil
		}
		return nil, nil
	})
	return c
}

// watch gives a Ctx the callbacks that only look.
func (s *stress) watch(c *libssl.Ctx) {
	c.SetInfoCallback(func(ssl *libssl.SSL, _ libssl.Info) { s.smallWhim(ssl) })
	c.SetMsgCallback(func(ssl *libssl.SSL, _ libssl.Msg) { s.smallWhim(ssl) })
	c.SetKeylogCallback(func(ssl *libssl.SSL, _ string) { s.smallWhim(ssl) })
}

// install gives a server the callbacks that decide.
func (s *stress) install(c *libssl.Ctx) {
	c.SetClientHelloCallback(func(hello *libssl.ClientHello) error {
		s.whim(hello.SSL())
		if rand.IntN(4) == 0 {
			hello.Suspend(func(context.Context) error { runtime.Gosched(); return nil })
		}
		return nil
	})
	c.SetCertificateFunc(func(ssl *libssl.SSL) (*tls.Certificate, error) {
		s.whim(ssl)
		if rand.IntN(2) == 0 {
			return nil, nil
		}
		return &testutil.Certs(s.t).Server, nil
	})
	c.SetALPNSelectCallback(func(ssl *libssl.SSL, offered []string) (string, error) {
		s.whim(ssl)
		return offered[rand.IntN(len(offered))], nil
	})
	c.SetAllowEarlyDataCallback(func(ssl *libssl.SSL) bool {
		s.whim(ssl)
		return rand.IntN(4) > 0
	})
	c.SetTicketKeyManager(s.tickets)
	prefix := libssl.PrefixSessionID([]byte("stress"))
	c.SetGenerateSessionID(func(ssl *libssl.SSL, id []byte) (int, error) {
		s.whim(ssl)
		return prefix(ssl, id)
	})
	c.SetNewSessionCallback(func(ssl *libssl.SSL, x *libssl.Session) {
		der, err := x.MarshalBinary()
		s.mu.Lock()
		if len(s.stored) > 1000 {
			clear(s.stored)
		}
		if err == nil {
			s.stored[string(x.ID())] = der
		}
		s.mu.Unlock()
		s.whim(ssl)
	})
	c.SetGetSessionCallback(func(ssl *libssl.SSL, id []byte) *libssl.Session {
		s.whim(ssl)
		s.mu.Lock()
		der := s.stored[string(id)]
		s.mu.Unlock()
		x, _ := libssl.ParseSession(der)
		return x
	})
	c.SetRemoveSessionCallback(func(c *libssl.Ctx, x *libssl.Session) {
		c.SessionStats()
		if rand.IntN(200) == 0 {
			s.panics.Add(1)
			panic(errStress)
		}
	})
}

func (s *stress) newClient(mode int) *libssl.Ctx {
	c := pair.Modes[mode].ClientCtx(dropping{s.t})
	s.keep(c)
	s.watch(c)
	c.SetALPNProtos("one", "two")
	c.SetPostHandshakeAuth(true)
	c.SetSessionCacheMode(libssl.SessionCacheClient | libssl.SessionCacheNoInternalStore)
	c.SetNewSessionCallback(func(ssl *libssl.SSL, x *libssl.Session) {
		s.addSession(mode, x)
		s.whim(ssl)
	})
	c.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
		v.Certificate()
		s.whim(v.SSL())
		return nil
	})
	return c
}

func (s *stress) keep(c *libssl.Ctx) {
	s.contexts.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, c)
}

func (s *stress) addSession(mode int, x *libssl.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := &s.sessions[mode]
	if len(*of) < 30 {
		*of = append(*of, x)
		return
	}
	i := rand.IntN(len(*of))
	if rand.IntN(2) == 0 { // or it is left to the garbage collector
		(*of)[i].Close()
	}
	(*of)[i] = x
}

// someSession may return one that somebody else uses, or has closed, or nil.
func (s *stress) someSession(mode int) *libssl.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sessions[mode]
	if len(of) == 0 {
		return nil
	}
	return of[rand.IntN(len(of))]
}

// replaceContext puts a new Ctx in a place and closes the old one while it is in use.
func (s *stress) replaceContext(r *rand.Rand) {
	pause(r, 50*time.Millisecond)
	mode := r.IntN(len(pair.Modes))
	var old *libssl.Ctx
	if r.IntN(2) == 0 {
		old = s.servers[mode].Swap(s.newServer(mode))
	} else {
		old = s.clients[mode].Swap(s.newClient(mode))
	}
	s.survive(func() { old.Close() })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = slices.DeleteFunc(s.open, func(c *libssl.Ctx) bool { return c == old })
}

// changeContext does to a server's Ctx in use what may be done at any time.
func (s *stress) changeContext(r *rand.Rand) {
	pause(r, 3*time.Millisecond)
	mode := r.IntN(len(pair.Modes))
	c := s.servers[mode].Load()
	if r.IntN(4) == 0 {
		c = s.others[mode]
	}
	s.survive(func() {
		switch r.IntN(17) {
		case 0:
			if r.IntN(10) == 0 {
				c.FlushSessions(time.Time{})
			}
		case 1:
			c.FlushSessions(time.Now())
		case 2:
			if x := s.someSession(mode); x != nil {
				c.AddSession(x)
			}
		case 3:
			if x := s.someSession(mode); x != nil {
				c.RemoveSession(x)
			}
		case 4:
			c.SetSessionCacheSize(1 + r.IntN(100))
		case 5:
			c.SetTimeout(time.Duration(1+r.IntN(100)) * time.Minute)
		case 6:
			modes := []libssl.SessionCacheMode{libssl.SessionCacheServer, libssl.SessionCacheBoth,
				libssl.SessionCacheServer | libssl.SessionCacheNoInternalLookup, libssl.SessionCacheServer | libssl.SessionCacheNoInternalStore}
			c.SetSessionCacheMode(modes[r.IntN(len(modes))])
		case 7:
			s.install(c)
		case 8:
			if keys, err := c.TicketKeys(); err == nil {
				c.SetTicketKeys(keys)
			}
		case 9:
			c.SetNumTickets(r.IntN(4))
		case 10:
			sid := "pair" // as the others have
			if r.IntN(10) == 0 {
				sid = "peer"
			}
			c.SetSessionIDContext([]byte(sid))
		case 11:
			c.SetVerify([]libssl.VerifyMode{libssl.VerifyNone, libssl.VerifyPeer, libssl.VerifyPeer | libssl.VerifyPostHandshake}[r.IntN(3)], nil)
		case 12:
			c.SetOptions(libssl.CipherServerPreference)
			c.ClearOptions(libssl.CipherServerPreference)
		case 13:
			c.SessionStats()
			c.SessionCacheMode()
			c.Timeout()
			for x := range c.Sessions() {
				x.Close()
			}
		case 14: // libssl frees what was there before
			c.SetCipherList("DEFAULT")
		case 15:
			c.SetCipherSuites("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384")
		case 16:
			c.UseCertificate(testutil.Certs(s.t).Server)
		}
	})
}

// useSessions does what may be done with a Session, also with one that is closed meanwhile.
func (s *stress) useSessions(r *rand.Rand) {
	pause(r, 3*time.Millisecond)
	mode := r.IntN(len(pair.Modes))
	x := s.someSession(mode)
	if x == nil {
		return
	}
	switch r.IntN(5) {
	case 0:
		if der, err := x.MarshalBinary(); err == nil {
			y, err := libssl.ParseSession(der)
			if err != nil {
				s.t.Errorf("a session that was written can't be read: %v", err)
				return
			}
			s.addSession(mode, y)
		}
	case 1:
		if y, err := x.Clone(); err == nil {
			y.SetTimeout(time.Hour)
			y.SetTime(time.Now())
			y.Close()
		}
	case 2:
		useSession(x)
	case 3:
		_ = x.String()
		x.PeerCertificate()
	case 4:
		if r.IntN(50) == 0 {
			x.Close()
		}
	}
}

// connection makes a connection and lets several goroutines loose on both ends, until it is closed at some moment, or
// abandoned.
func (s *stress) connection(r *rand.Rand) {
	s.connections.Add(1)
	mode := r.IntN(len(pair.Modes))
	near, far := transports[r.IntN(len(transports))].Pair(dropping{s.t})
	defer near.Close()
	defer far.Close()
	client, err := libssl.Client(near, s.clients[mode].Load())
	if err != nil { // the Ctx was closed
		return
	}
	server, err := libssl.Server(far, s.servers[mode].Load())
	if err != nil {
		client.Close()
		return
	}
	if r.IntN(3) == 0 {
		client.SetServerName("other.test")
	}
	if x := s.someSession(mode); x != nil && r.IntN(3) > 0 {
		client.SetSession(x) // unless it is closed
	}
	var wg sync.WaitGroup
	if r.IntN(3) == 0 {
		pair.Both(
			func() { s.begin(client, func() { client.WriteEarlyData(bytes.Repeat([]byte("e"), 500)) }) },
			func() { s.begin(server, func() { s.readEarly(server) }) })
	}
	for _, c := range []*libssl.Conn{client, server} {
		run := func(f func(r *rand.Rand)) {
			r := rand.New(rand.NewPCG(r.Uint64(), 2))
			wg.Go(func() { s.survive(func() { f(r) }) })
		}
		run(func(r *rand.Rand) { s.read(c, r) })
		run(func(r *rand.Rand) { s.write(c, r) })
		run(func(r *rand.Rand) { s.meddle(c, r) })
		if r.IntN(2) == 0 {
			run(func(r *rand.Rand) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(20))*time.Millisecond)
				defer cancel()
				if x, err := c.AwaitSession(ctx); err == nil {
					s.addSession(mode, x)
				}
			})
		}
		if r.IntN(10) == 0 { // ends a handshake that takes longer
			run(func(r *rand.Rand) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(20))*time.Millisecond)
				defer cancel()
				c.HandshakeContext(ctx)
			})
		}
	}
	s.survive(func() {
		if !s.shake(client) || !s.shake(server) {
			return
		}
		s.handshakes.Add(1)
		if client.SessionReused() {
			s.resumed.Add(1)
		}
		if server.Ctx() == s.others[mode] {
			s.switched.Add(1)
		}
	})
	pause(r, 10*time.Millisecond)
	if r.IntN(8) > 0 { // or they are abandoned
		wg.Go(func() { s.survive(func() { server.Close() }) })
		wg.Go(func() { s.survive(func() { client.Close() }) })
		if r.IntN(4) > 0 { // time to say good-bye
			pause(r, 10*time.Millisecond)
		}
	}
	near.Close()
	far.Close()
	wg.Wait()
}

// shake makes a handshake despite the deadlines that others set.
func (s *stress) shake(c *libssl.Conn) bool {
	for {
		err := c.Handshake()
		if !timedOut(err) {
			return err == nil
		}
		c.SetDeadline(time.Time{})
	}
}

// timedOut reports whether err is a deadline's, after which a connection goes on.
func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed)
}

// pattern is what is sent in both directions: its byte at i follows from i.
var pattern = func() []byte {
	p := make([]byte, 251*400)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}()

// read reads the pattern until the end. No other goroutine of this end does, so it knows where it is.
func (s *stress) read(c *libssl.Conn, r *rand.Rand) {
	at := 0
	buf := make([]byte, 1+r.IntN(20_000))
	for {
		n, err := c.Read(buf)
		if n < 0 || !bytes.Equal(buf[:n], pattern[at%251:][:n]) {
			s.t.Errorf("%d bytes at %d are wrong: %v", n, at, err)
			return
		}
		at += n
		s.bytes.Add(int64(n))
		switch {
		case timedOut(err):
			c.SetReadDeadline(time.Time{})
		case err != nil:
			return
		}
	}
}

// begin makes a handshake that begins with f. If it fails the connection is closed, so that the other end does not wait.
func (s *stress) begin(c *libssl.Conn, f func()) {
	done := false
	s.survive(func() {
		f()
		done = c.Handshake() == nil
	})
	if !done {
		s.survive(func() { c.Close() })
	}
}

// readEarly reads early data.
func (s *stress) readEarly(c *libssl.Conn) {
	buf := make([]byte, 100)
	for {
		n, err := c.ReadEarlyData(buf)
		if bytes.Count(buf[:n], []byte("e")) != n {
			s.t.Errorf("%d bytes of early data are wrong: %v", n, err)
		}
		s.early.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// write writes the pattern until something fails; after a time-out it goes on where it was.
func (s *stress) write(c *libssl.Conn, r *rand.Rand) {
	for at := 0; at < 1<<18; {
		n, err := c.Write(pattern[at%251:][:r.IntN(1<<r.IntN(16))])
		at += n
		switch {
		case timedOut(err):
			c.SetWriteDeadline(time.Time{})
		case err != nil:
			return
		}
	}
	c.CloseWrite()
}

// meddle does what anybody may do at any time.
func (s *stress) meddle(c *libssl.Conn, r *rand.Rand) {
	for range r.IntN(100) {
		switch r.IntN(12) {
		case 0:
			askAll(c)
		case 1:
			if r.IntN(5) == 0 {
				c.KeyUpdate(r.IntN(2) == 0)
			}
		case 2:
			if r.IntN(5) == 0 {
				c.SendSessionTicket()
			}
		case 3:
			c.SetDeadline(time.Now().Add(time.Duration(r.IntN(2000)) * time.Microsecond))
		case 4:
			c.SetReadDeadline(time.Time{})
			c.SetWriteDeadline(time.Time{})
		case 5:
			c.SetReadDeadline(time.Unix(1, 0))
		case 6:
			if r.IntN(100) == 0 {
				c.SetSessionIDContext([]byte("another"))
			}
		case 7:
			switch r.IntN(20) {
			case 0:
				c.Renegotiate()
			case 1:
				c.RenegotiateAbbreviated()
			case 2:
				c.VerifyClientPostHandshake()
			}
		case 8:
			c.Write(nil)
			c.Read(nil)
		case 9:
			if r.IntN(100) == 0 {
				c.CloseWrite()
			}
		case 10:
			if r.IntN(200) == 0 {
				c.Close()
			}
		case 11:
			pause(r, time.Millisecond)
		}
	}
	c.SetDeadline(time.Time{})
}
