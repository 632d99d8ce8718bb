package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// The transport is cut at each byte of each kind of handshake, in each direction: an error on both sides. The same with
// early data is in TestEarlyDataCut.
func TestCutAtEveryByteOfAHandshake(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for _, k := range []handshakeKind{
			{name: "full"},
			{name: "with a client certificate", certificate: true},
			{name: "with HelloRetryRequest", retried: true},
			{name: "resumed", resumed: true},
			{name: "resumed with HelloRetryRequest", resumed: true, retried: true},
		} {
			if k.certificate && mode.Tickets || k.retried && !mode.TLS13() {
				continue // the tickets are longer, no more; there is none
			}
			k.mode = mode
			t.Run(mode.Name+", "+k.name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, 3*time.Minute)
				k.cutAtEveryByte(t)
			})
		}
	}
}

// cutStep is how many bytes further each cut is.
func cutStep() int {
	if testutil.Instrumented && !*long {
		return 29
	}
	return 1
}

// A handshakeKind is a way to shake hands.
type handshakeKind struct {
	name        string
	mode        pair.Mode
	certificate bool // the client has to show one
	resumed     bool
	retried     bool // the server wants another group than the client begins with
}

func (k handshakeKind) cutAtEveryByte(t *testing.T) {
	server, client := k.mode.ServerCtx(t), k.mode.ClientCtx(t)
	if k.certificate {
		demandCertificate(t, server)
		require.NoError(t, client.UseCertificate(testutil.Certs(t).Client))
	}
	if k.retried {
		require.NoError(t, server.SetGroupsList("P-256"))
	}
	var offered, kept *libssl.Session // both sides' of the same
	if k.resumed {
		server.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) { kept = sess })
		offered = sessionFrom(t, server, client)
		server.SetNewSessionCallback(nil)
	}
	step := cutStep()
	for dir, from := range []string{"client", "server"} {
		whole, late := 0, 0 // how many bytes it takes; how often the cut came when the handshake was complete
		for n := rand.IntN(step); whole == 0; n += step {
			if k.resumed && !k.mode.Tickets { // the cut before was a fault that ended the session
				_, err := server.AddSession(kept)
				require.NoError(t, err)
			}
			w := newMemoryWire()
			w.cutAfter(dir, n)
			what := fmt.Sprintf("cut after %d bytes of the %s", n, from)
			switch done, cut := k.shakeHands(t, w, server, client, offered, dir, what); {
			case !cut:
				whole = n
			case done:
				late++
			}
		}
		require.Greater(t, whole-late, 100)
		t.Logf("%s: %d bytes; %d cuts behind the handshake", from, whole, late)
	}
}

// shakeHands makes a handshake, and has each side send a byte, on a wire that is cut in a direction, or not. It checks
// how that comes out, and reports whether the handshake was complete and the wire was cut.
//
// Cut in the handshake, it fails on both sides, and stays failed: whose bytes are cut learns it from its write, the
// other from the end of what it reads, or from its own next write. Both sides or none complete it: whoever sends the
// last of it has all of that on its way by then. If they do, the cut is in what comes behind: a TLS 1.3 server's
// tickets, which nobody waits for, or the byte. Then the next Write or Read of each side fails. No end is an io.EOF.
func (k handshakeKind) shakeHands(t *testing.T, w *memoryWire, server, client *libssl.Ctx, offered *libssl.Session, dir int, what string) (done, cut bool) {
	serverRaw := &recorder{Conn: w.server()}
	s, err := libssl.Server(serverRaw, server)
	require.NoError(t, err)
	defer s.Close()
	c, err := libssl.Client(w.client(), client)
	require.NoError(t, err)
	defer c.Close()
	if offered != nil {
		require.NoError(t, c.SetSession(offered))
	}
	ends := []*libssl.Conn{c, s}
	var shook, talked [2]error
	pair.Both(
		func() { shook[0] = c.Handshake(); talked[0] = talk(c) },
		func() { shook[1] = s.Handshake(); talked[1] = talk(s) })
	if !w.wasCut() {
		require.NoError(t, errors.Join(talked[:]...), what)
		require.Equal(t, k.resumed, c.SessionReused(), what)
		require.Equal(t, k.resumed, s.SessionReused(), what)
		require.Equal(t, k.retried, bytes.Contains(serverRaw.written(), helloRetryRequest), what)
		require.Equal(t, k.certificate, len(s.ConnectionState().PeerCertificates) > 0, what)
		return true, false
	}
	done = shook[0] == nil
	require.Equal(t, done, shook[1] == nil, "%s: %v", what, shook)
	if !done {
		require.ErrorIs(t, shook[dir], errCut, what)
	}
	for i, end := range ends {
		require.Equal(t, done, end.ConnectionState().HandshakeComplete, what)
		askAll(end)
		if !done {
			requireCut(t, shook[i], what)
			require.Equal(t, shook[i], end.Handshake(), "%s: again", what)
		}
		requireUseless(t, end, what)
	}
	return done, true
}

// requireUseless requires that neither direction of a connection on a cut wire can be used.
func requireUseless(t *testing.T, c *libssl.Conn, what string) {
	t.Helper()
	_, err := readAll(c)
	requireCut(t, err, what)
	_, err = c.Write([]byte{'.'})
	requireCut(t, err, what)
}

// requireCut requires that err is what a cut of the wire causes.
func requireCut(t *testing.T, err error, what string) {
	t.Helper()
	require.Error(t, err, what)
	require.NotErrorIs(t, err, io.EOF, what)
	if !errors.Is(err, errCut) {
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, what)
	}
}

// What one side may begin on a connection that stands, cut while both go on. The short form leaves bytes out: other ones
// each time.
func TestCutBehindAHandshake(t *testing.T) {
	t.Parallel()
	tls12, tls13 := pair.Modes[0], pair.Modes[3]
	for _, tt := range []struct {
		name  string
		mode  pair.Mode
		begin func(client, server *libssl.Conn) error
	}{
		{"renegotiation by the client", tls12, func(c, _ *libssl.Conn) error { return c.Renegotiate() }},
		{"renegotiation by the server", tls12, func(_, s *libssl.Conn) error { return s.Renegotiate() }},
		{"abbreviated renegotiation", tls12, func(c, _ *libssl.Conn) error { return c.RenegotiateAbbreviated() }},
		{"post-handshake authentication", tls13, func(_, s *libssl.Conn) error { return s.VerifyClientPostHandshake() }},
		{"key update by the client", tls13, func(c, _ *libssl.Conn) error { return c.KeyUpdate(true) }},
		{"key update by the server", tls13, func(_, s *libssl.Conn) error { return s.KeyUpdate(true) }},
		{"a ticket", tls13, func(_, s *libssl.Conn) error { return s.SendSessionTicket() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, 3*time.Minute)
			server, client := tt.mode.ServerCtx(t), tt.mode.ClientCtx(t)
			server.SetOptions(libssl.AllowClientRenegotiation)
			require.NoError(t, server.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			server.SetVerify(libssl.VerifyPeer|libssl.VerifyPostHandshake, nil)
			client.SetPostHandshakeAuth(true)
			require.NoError(t, client.UseCertificate(testutil.Certs(t).Client))
			step := cutStep()
			if !*long {
				step = max(step, 7)
			}
			for dir, from := range []string{"client", "server"} {
				for n := rand.IntN(step); ; n += step {
					w := newMemoryWire()
					l, err := linkOn(w.client(), w.server(), server, client)
					require.NoError(t, err)
					requireTalk(t, l)
					w.cutAfter(dir, w.passed(dir)+n)
					begun := tt.begin(l.client, l.server)
					if errors.Is(begun, libssl.ErrUnsupported) {
						t.Skip(begun)
					}
					// The answers go before the second echo at the latest.
					echoed := pair.Echo(l.client, l.server, "meanwhile")
					if echoed == nil {
						echoed = pair.Echo(l.client, l.server, "afterwards")
					}
					what := fmt.Sprintf("cut after %d bytes of the %s", n, from)
					whole := !w.wasCut()
					if whole {
						require.NoError(t, errors.Join(begun, echoed), what)
					} else {
						if begun != nil {
							requireCut(t, begun, what)
						}
						requireCut(t, echoed, what)
						for _, c := range []*libssl.Conn{l.client, l.server} {
							askAll(c)
							requireUseless(t, c, what)
						}
					}
					l.client.Close()
					l.server.Close()
					if whole {
						t.Logf("%s: %d bytes", from, n)
						break
					}
				}
			}
		})
	}
}

// Many connections through a proxy that splits, delays and cuts what it carries: what arrives is the beginning of what
// was sent, all of it if nothing was cut, and whoever does not get all gets an error. Not in parallel with other tests:
// at the end nothing may be left.
func TestRandomCuts(t *testing.T) {
	rounds := 100
	if *long {
		rounds = 1000
	}
	first := rand.Uint64()
	if v := os.Getenv("LIBSSL_SEED"); v != "" {
		var err error
		first, err = strconv.ParseUint(v, 10, 64)
		require.NoError(t, err)
	}
	watchdog(t, 5*time.Minute)
	before, goroutines := settled(t), runtime.NumGoroutine()
	runInside(t, func(testing.TB) { randomCuts(t, first, rounds) })
	requireCounts(t, before)
	requireGoroutines(t, goroutines)
}

func randomCuts(t *testing.T, first uint64, rounds int) {
	var sides [][2]*libssl.Ctx
	for _, mode := range pair.Modes {
		server, client := mode.ServerCtx(dropping{t}), mode.ClientCtx(dropping{t})
		defer server.Close()
		defer client.Close()
		sides = append(sides, [2]*libssl.Ctx{server, client})
	}
	var next, cuts, failed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(rounds) && failed.Load() < 3; n = next.Add(1) - 1 {
				seed := first + uint64(n)
				r := rand.New(rand.NewPCG(seed, 0))
				side := sides[r.IntN(len(sides))]
				cut, err := throughProxy(t, r, side[0], side[1])
				if err != nil {
					failed.Add(1)
					t.Errorf("LIBSSL_SEED=%d begins with this: %v", seed, err)
				}
				if cut {
					cuts.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 {
		return
	}
	t.Logf("%d of %d were cut", cuts.Load(), rounds)
	require.Greater(t, cuts.Load(), int64(rounds)/5)
	require.Less(t, cuts.Load(), int64(rounds)*4/5)
}

// throughProxy sends data both ways through a proxy, and reports whether that was cut.
func throughProxy(t *testing.T, r *rand.Rand, server, client *libssl.Ctx) (cut bool, err error) {
	kinds := []testutil.Transport{testutil.TCP, testutil.Unix, testutil.Pipe}
	near, nearHop := kinds[r.IntN(len(kinds))](dropping{t})
	farHop, far := kinds[r.IntN(len(kinds))](dropping{t})
	raw := []net.Conn{near, nearHop, farHop, far}
	size := 1 << r.IntN(20)
	hops := [2]hop{{r: rand.New(rand.NewPCG(r.Uint64(), 1)), cut: -1}, {r: rand.New(rand.NewPCG(r.Uint64(), 2)), cut: -1}}
	if r.IntN(4) > 0 {
		// Anywhere: in the handshake, in the data, at their end, or behind all that.
		hops[r.IntN(2)].cut = r.IntN(3000 + r.IntN(size+1))
	}
	reset := r.IntN(2) == 0
	var proxy sync.WaitGroup
	var wasCut atomic.Bool
	carry := func(h *hop, to, from net.Conn) {
		proxy.Go(func() {
			if h.carry(to, from) == errHopCut {
				wasCut.Store(true)
				abort(nearHop, reset)
				abort(farHop, reset)
				return
			}
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				half.CloseWrite()
			} else {
				to.Close()
			}
		})
	}
	carry(&hops[0], farHop, nearHop)
	carry(&hops[1], nearHop, farHop)
	defer proxy.Wait()
	defer func() {
		for _, c := range raw {
			c.Close()
		}
	}()
	c, err := libssl.Client(near, client)
	if err != nil {
		return false, err
	}
	defer c.Close()
	s, err := libssl.Server(far, server)
	if err != nil {
		return false, err
	}
	defer s.Close()
	end := time.Now().Add(time.Minute)
	c.SetDeadline(end)
	s.SetDeadline(end)
	toServer, toClient := content(r.Uint64(), size), content(r.Uint64(), size)
	var clientErr, serverErr error
	pair.Both(
		func() { clientErr = exchange(c, toServer, toClient) },
		func() { serverErr = exchange(s, toClient, toServer) })
	cut = wasCut.Load()
	for side, err := range map[string]error{"client": clientErr, "server": serverErr} {
		var off *cutOff
		if err != nil && !(cut && errors.As(err, &off)) {
			return cut, fmt.Errorf("%s, %d bytes, cut %t: %w", side, size, cut, err)
		}
	}
	return cut, nil
}

// content returns n bytes that follow from the seed.
func content(seed uint64, n int) []byte {
	var b bytes.Buffer
	newSource(seed).sendTo(&b, n)
	return b.Bytes()
}

// A cutOff is the end of an exchange that a cut explains.
type cutOff struct{ error }

func (c *cutOff) Unwrap() error { return c.error }

// exchange sends one thing and reads another. Its error is a cutOff if what came is the beginning of what was to come
// and the end is an error; anything else that is not as it should be is another error.
func exchange(c *libssl.Conn, send, want []byte) error {
	wrote := async(func() error {
		for len(send) > 0 {
			n, err := c.Write(send[:min(len(send), 50_000)])
			if err != nil {
				return err
			}
			send = send[n:]
		}
		return c.CloseWrite()
	})
	got, err := readAll(c)
	if err != io.EOF {
		c.SetWriteDeadline(time.Unix(1, 0)) // nothing that is written now is of any use
	}
	writeErr := <-wrote
	switch {
	case !bytes.HasPrefix(want, got):
		return fmt.Errorf("%d bytes came, and not those that were sent", len(got))
	case err == io.EOF && len(got) < len(want):
		return fmt.Errorf("the end came after %d of %d bytes", len(got), len(want))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("reading hung")
	case err == io.EOF && writeErr == nil:
		return nil
	}
	return &cutOff{errors.Join(err, writeErr)}
}

// A hop carries bytes from one connection to another, in pieces and with delays, until it is cut.
type hop struct {
	r       *rand.Rand
	cut     int // after so many bytes; negative is never
	carried int
}

// errHopCut says that the hop was cut on purpose.
var errHopCut = errors.New("cut by the proxy")

func (h *hop) carry(to, from net.Conn) error {
	buf := make([]byte, 40_000)
	for {
		n, err := from.Read(buf[:1+h.r.IntN(1<<h.r.IntN(16))])
		for piece := buf[:n]; len(piece) > 0; {
			size := len(piece)
			if h.r.IntN(4) == 0 {
				size = 1 + h.r.IntN(len(piece))
			}
			if h.cut >= 0 {
				size = min(size, h.cut-h.carried)
			}
			if _, err := to.Write(piece[:size]); err != nil {
				return err
			}
			h.carried += size
			piece = piece[size:]
			if h.carried == h.cut {
				return errHopCut
			}
			if h.r.IntN(8) == 0 { // delays are what this is about
				time.Sleep(time.Duration(h.r.IntN(500)) * time.Microsecond)
			}
		}
		if err != nil {
			return err
		}
	}
}

// abort closes a connection, by a reset if it should and can be.
func abort(c net.Conn, reset bool) {
	if tcp, ok := c.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	c.Close()
}
