package tests

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

const openSSL32 = 0x30200000

// bothSessions returns what the two sides of a handshake have when the client has its tickets.
func bothSessions(t *testing.T, mode pair.Mode) (client, server *libssl.Session) {
	t.Helper()
	p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{Client: func(c *libssl.Conn) {
		require.NoError(t, c.SetServerName("a.test"))
	}})
	client, server = p.Client.Session(), p.Server.Session()
	p.Close(t)
	return client, server
}

func newSession(t *testing.T) *libssl.Session {
	t.Helper()
	sess, err := libssl.NewSession()
	require.NoError(t, err)
	return sess
}

// filled returns a session whose every field that has a setter is set.
func filled(t *testing.T) *libssl.Session {
	t.Helper()
	sess := newSession(t)
	require.NoError(t, sess.SetVersion(tls.VersionTLS13))
	require.NoError(t, sess.SetCipherSuite(tls.TLS_AES_256_GCM_SHA384))
	require.NoError(t, sess.SetMasterKey(bytes.Repeat([]byte{0xa5}, 48)))
	require.NoError(t, sess.SetID([]byte("id")))
	require.NoError(t, sess.SetIDContext([]byte("context")))
	require.NoError(t, sess.SetTime(time.Unix(1_700_000_000, 0)))
	require.NoError(t, sess.SetTimeout(time.Hour))
	require.NoError(t, sess.SetServerName("name.test"))
	require.NoError(t, sess.SetNegotiatedProtocol("h2"))
	require.NoError(t, sess.SetMaxEarlyData(1<<32-1))
	require.NoError(t, sess.SetTicketAppData([]byte("app\x00data")))
	return sess
}

func TestNewSession(t *testing.T) {
	t.Parallel()
	sess := newSession(t)
	assert.Zero(t, sess.Version())
	assert.Zero(t, sess.CipherSuite())
	assert.Empty(t, sess.MasterKey())
	assert.Empty(t, sess.ID())
	assert.Empty(t, sess.Ticket())
	assert.False(t, sess.IsResumable())
	assert.Equal(t, 304*time.Second, sess.Timeout())
	assert.WithinDuration(t, time.Now(), sess.Time(), time.Minute)
	_, err := sess.MarshalBinary()
	requireError(t, err, "i2d_SSL_SESSION", 0) // it has no cipher suite
	assert.NoError(t, sess.Print(io.Discard))
	_, err = sess.KeyLogLine()
	requireError(t, err, "SSL_SESSION_print_keylog", 0)
	assert.Equal(t, sess.Timeout(), clone(t, sess).Timeout())
}

func TestSessionFieldsAreReadBack(t *testing.T) {
	t.Parallel()
	sess := filled(t)
	for name, x := range map[string]*libssl.Session{"set": sess, "cloned": clone(t, sess), "parsed": reparse(t, sess)} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, uint16(tls.VersionTLS13), x.Version())
			assert.Equal(t, tls.TLS_AES_256_GCM_SHA384, x.CipherSuite())
			assert.Equal(t, bytes.Repeat([]byte{0xa5}, 48), x.MasterKey())
			assert.Equal(t, "id", string(x.ID()))
			assert.Equal(t, "context", string(x.IDContext()))
			assert.Equal(t, int64(1_700_000_000), x.Time().Unix())
			assert.Equal(t, time.Hour, x.Timeout())
			assert.Equal(t, "name.test", x.ServerName())
			assert.Equal(t, "h2", x.NegotiatedProtocol())
			assert.Equal(t, uint32(1<<32-1), x.MaxEarlyData())
			assert.Equal(t, "app\x00data", string(x.TicketAppData()))
			assert.True(t, x.IsResumable())
			assert.Zero(t, x.CompressID())
			assert.Zero(t, x.MaxFragmentLength())
			assert.True(t, x.Equal(sess))
		})
	}

	// And what was set can be cleared.
	require.NoError(t, sess.SetMasterKey(nil))
	require.NoError(t, sess.SetServerName(""))
	require.NoError(t, sess.SetNegotiatedProtocol(""))
	require.NoError(t, sess.SetMaxEarlyData(0))
	require.NoError(t, sess.SetTicketAppData(nil))
	for _, x := range []*libssl.Session{sess, reparse(t, sess)} {
		assert.Empty(t, x.MasterKey())
		assert.Empty(t, x.ServerName())
		assert.Empty(t, x.NegotiatedProtocol())
		assert.Zero(t, x.MaxEarlyData())
		assert.Empty(t, x.TicketAppData())
	}
}

func TestSessionSettersRefuse(t *testing.T) {
	t.Parallel()
	sess := filled(t)
	before := marshal(t, sess)
	requireError(t, sess.SetCipherSuite(0xeeee), "SSL_SESSION_set_cipher", 0)
	requireError(t, sess.SetMasterKey(make([]byte, 513)), "SSL_SESSION_set1_master_key", 0)
	requireError(t, sess.SetMasterKey(make([]byte, 1<<20)), "SSL_SESSION_set1_master_key", 0)
	assert.ErrorContains(t, sess.SetServerName("a\x00b"), "zero byte")
	assert.Equal(t, before, marshal(t, sess), "nothing has changed")

	longest := 512
	if libssl.VersionNumber() < openSSL3 {
		longest = 256
	}
	require.NoError(t, sess.SetMasterKey(make([]byte, longest)))
	assert.Len(t, sess.MasterKey(), longest)
	requireError(t, sess.SetMasterKey(make([]byte, longest+1)), "SSL_SESSION_set1_master_key", 0)
}

// A change of the suite reaches what is written, also of a session that libssl has worked with.
func TestSessionSetCipherSuite(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			client, server := bothSessions(t, mode)
			for _, sess := range []*libssl.Session{client, server} {
				for _, suite := range []uint16{tls.TLS_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256} {
					require.NoError(t, sess.SetCipherSuite(suite))
					assert.Equal(t, suite, sess.CipherSuite())
					assert.Equal(t, suite, reparse(t, sess).CipherSuite())
				}
			}
		})
	}
}

// A session that no handshake has made, but only its setters at both ends, resumes: what they set is what libssl
// goes by.
func TestSessionMadeByHandIsResumed(t *testing.T) {
	t.Parallel()
	if libssl.VersionNumber() < openSSL3 {
		t.Skip("such a session has no extended master secret, which 1.1.1 can't be told to leave out")
	}
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	client.SetOptions(libssl.NoExtendedMasterSecret)
	sess := newSession(t)
	require.NoError(t, sess.SetVersion(tls.VersionTLS12))
	require.NoError(t, sess.SetCipherSuite(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256))
	require.NoError(t, sess.SetMasterKey(bytes.Repeat([]byte{7}, 48)))
	require.NoError(t, sess.SetID(bytes.Repeat([]byte{8}, 32)))
	require.NoError(t, sess.SetTicketAppData([]byte("made by hand")))
	forServer := clone(t, sess)
	require.NoError(t, forServer.SetIDContext([]byte("pair")))
	added, err := server.AddSession(forServer)
	require.NoError(t, err)
	require.True(t, added)

	p := pair.Handshake(t, server, client, pair.Options{Session: sess})
	assert.True(t, p.Client.SessionReused())
	assert.True(t, p.Server.SessionReused())
	assert.Equal(t, "made by hand", string(p.Server.Session().TicketAppData()))
	assert.Equal(t, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, p.Server.ConnectionState().CipherSuite)
	p.Close(t)

	require.NoError(t, sess.SetMasterKey(bytes.Repeat([]byte{9}, 48)))
	p = pair.Try(t, server, client, pair.Options{Session: sess})
	require.Error(t, p.ClientErr, "another secret than the server's")
}

func TestSessionMasterKey(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			client, server := bothSessions(t, mode)
			key := client.MasterKey()
			assert.Equal(t, key, server.MasterKey(), "both sides have the same")
			assert.Len(t, key, 48) // of TLS 1.2, or of SHA-384
			key[0]++
			assert.NotEqual(t, key, client.MasterKey(), "the slice is the caller's")
			assert.Equal(t, server.MasterKey(), reparse(t, client).MasterKey())
		})
	}
}

func TestSessionTicket(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			client, server := bothSessions(t, mode)
			assert.Equal(t, client.HasTicket(), len(client.Ticket()) > 0)
			assert.Equal(t, mode.Tickets || mode.TLS13(), client.HasTicket())
			assert.Empty(t, server.Ticket(), "only clients get tickets")
			assert.Equal(t, client.Ticket(), reparse(t, client).Ticket())
			if mode.TLS13() && !mode.Tickets {
				assert.Equal(t, server.ID(), client.Ticket(), "the ticket is the server's id")
				assert.NotEqual(t, server.ID(), client.ID())
			}
		})
	}
}

// What a server puts into its session comes back when that is resumed.
func TestSessionTicketAppDataComesBack(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			server.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternal)
			kept := make(map[string]*libssl.Session)
			server.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) {
				assert.NoError(t, sess.SetTicketAppData([]byte("control connection 7")))
				kept[string(sess.ID())] = sess
			})
			server.SetGetSessionCallback(func(_ *libssl.SSL, id []byte) *libssl.Session { return kept[string(id)] })
			sess := sessionFrom(t, server, client)
			assert.Empty(t, sess.TicketAppData(), "clients do not see it")
			p := pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.True(t, p.Server.SessionReused())
			assert.Equal(t, "control connection 7", string(p.Server.Session().TicketAppData()))
		})
	}
}

// requireNoTrace requires that no six bytes of a secret are in a text, as they are or in hexadecimal, however that is
// written. Fewer may be there by chance.
func requireNoTrace(t *testing.T, text string, secrets ...[]byte) {
	t.Helper()
	digits := strings.ToLower(regexp.MustCompile(`[^0-9a-fA-F]`).ReplaceAllString(text, ""))
	for _, secret := range secrets {
		for i := 0; i+6 <= len(secret); i++ {
			require.NotContains(t, digits, hex.EncodeToString(secret[i:i+6]), "bytes %d to %d", i, i+6)
			require.NotContains(t, text, string(secret[i:i+6]))
		}
	}
}

func TestSessionPrint(t *testing.T) {
	t.Parallel()
	// Whatever else libssl may come to print has to be looked at: is it secret?
	known := regexp.MustCompile(`^(SSL-Session:|    (Protocol|Cipher|Session-ID|Session-ID-ctx|PSK identity|PSK identity hint|` +
		`SRP username|TLS session ticket lifetime hint|Compression|Start Time|Timeout|Verify return code|` +
		`Extended master secret|Max Early Data) *: .*|    (Master-Key|Resumption PSK|TLS session ticket): \(not shown\)|)$`)
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			client, server := bothSessions(t, mode)
			for side, sess := range map[string]*libssl.Session{"client": client, "server": server} {
				before := marshal(t, sess)
				var b strings.Builder
				require.NoError(t, sess.Print(&b))
				text := b.String()
				requireNoTrace(t, text, sess.MasterKey(), sess.Ticket())
				for line := range strings.Lines(text) {
					assert.Regexp(t, known, strings.TrimSuffix(line, "\n"), side)
				}
				assert.Contains(t, text, fmt.Sprintf("    Session-ID: %X\n", sess.ID()))
				assert.Contains(t, text, "Protocol  : "+map[bool]string{false: "TLSv1.2", true: "TLSv1.3"}[mode.TLS13()]+"\n")
				assert.Contains(t, text, fmt.Sprintf("Start Time: %d\n", sess.Time().Unix()))
				assert.Contains(t, text, map[bool]string{false: "Master-Key: (", true: "Resumption PSK: ("}[mode.TLS13()])
				assert.Equal(t, sess.HasTicket(), strings.Contains(text, "TLS session ticket: ("))
				assert.Equal(t, before, marshal(t, sess), "it still has its secrets")
			}
		})
	}

	failure := errors.New("disk full")
	assert.ErrorIs(t, filled(t).Print(writerFunc(func([]byte) (int, error) { return 0, failure })), failure)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestSessionStringHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		client, server := bothSessions(t, mode)
		for _, sess := range []*libssl.Session{client, server} {
			for _, format := range []string{"%v", "%s", "%+v", "%q"} {
				requireNoTrace(t, fmt.Sprintf(format, sess), sess.MasterKey(), sess.Ticket())
			}
		}
	}
}

func TestSessionKeyLogLine(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			client, server := bothSessions(t, mode)
			line, err := client.KeyLogLine()
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("RSA Session-ID:%X Master-Key:%X", client.ID(), client.MasterKey()), line)
			_, err = server.KeyLogLine()
			if len(server.ID()) > 0 {
				require.NoError(t, err)
			} else {
				requireError(t, err, "SSL_SESSION_print_keylog", 0)
			}
		})
	}
}

func TestReadSession(t *testing.T) {
	t.Parallel()
	var want []*libssl.Session
	var stream bytes.Buffer
	for _, mode := range pair.Modes {
		client, server := bothSessions(t, mode)
		for _, sess := range []*libssl.Session{client, server} {
			n, err := sess.WriteTo(&stream)
			require.NoError(t, err)
			assert.Len(t, marshal(t, sess), int(n))
			want = append(want, sess)
		}
	}
	data := bytes.Clone(stream.Bytes())
	for name, r := range map[string]io.Reader{"at once": &stream, "byte for byte": iotest.OneByteReader(bytes.NewReader(data))} {
		t.Run(name, func(t *testing.T) {
			for i, sess := range want {
				got, err := libssl.ReadSession(r)
				require.NoError(t, err, "session %d", i)
				assert.True(t, sess.Equal(got) || !sess.IsResumable(), "session %d", i)
				requireBytes(t, sess, got)
			}
			_, err := libssl.ReadSession(r)
			assert.Same(t, io.EOF, err)
		})
	}

	first := marshal(t, want[0])
	for n := 1; n < len(first); n++ {
		_, err := libssl.ReadSession(bytes.NewReader(first[:n]))
		require.Same(t, io.ErrUnexpectedEOF, err, "cut after %d bytes", n)
	}
	failure := errors.New("line cut")
	_, err := libssl.ReadSession(iotest.ErrReader(failure))
	assert.ErrorIs(t, err, failure)
	_, err = want[0].WriteTo(writerFunc(func([]byte) (int, error) { return 3, failure }))
	assert.ErrorIs(t, err, failure)
}

func requireBytes(t *testing.T, want, got *libssl.Session) {
	t.Helper()
	require.Equal(t, marshal(t, want), marshal(t, got))
}

func TestReadSessionGarbage(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"text":                   []byte("-----BEGIN SSL SESSION PARAMETERS-----"),
		"an empty sequence":      {0x30, 0},
		"an indefinite length":   {0x30, 0x80, 0, 0},
		"a length of 2 GiB":      {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff},
		"a length of 127 octets": bytes.Repeat([]byte{0xff}, 200),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := libssl.ReadSession(bytes.NewReader(data))
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "\n")
		})
	}

	// What a header only promises takes no memory.
	r := &greedy{data: []byte{0x30, 0x83, 0xff, 0xff, 0xff}}
	_, err := libssl.ReadSession(r)
	assert.Same(t, io.ErrUnexpectedEOF, err)
	assert.Less(t, r.most, 1<<16)
}

// A greedy reader knows how much room it was given at most.
type greedy struct {
	data []byte
	most int
}

func (r *greedy) Read(b []byte) (int, error) {
	r.most = max(r.most, len(b))
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.data)
	r.data = r.data[n:]
	return n, nil
}

// Sessions within other things survive the encodings of the standard library.
func TestSessionUnmarshal(t *testing.T) {
	t.Parallel()
	type state struct {
		Host    string
		Session *libssl.Session
		Inline  libssl.Session
	}
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			sess := sessionFrom(t, server, client)
			in := &state{Host: "a.test", Session: sess}
			require.NoError(t, in.Inline.UnmarshalBinary(marshal(t, sess)))

			text, err := json.Marshal(in)
			require.NoError(t, err)
			var fromJSON, fromGob state
			require.NoError(t, json.Unmarshal(text, &fromJSON))
			var b bytes.Buffer
			require.NoError(t, gob.NewEncoder(&b).Encode(in))
			require.NoError(t, gob.NewDecoder(&b).Decode(&fromGob))
			for _, out := range []*state{&fromJSON, &fromGob} {
				assert.Equal(t, "a.test", out.Host)
				assert.True(t, sess.Equal(out.Session))
				assert.True(t, sess.Equal(&out.Inline))
				p := pair.Handshake(t, server, client, pair.Options{Session: out.Session})
				assert.True(t, p.Server.SessionReused())
				p.Close(t)
			}
		})
	}
}

func TestSessionUnmarshalReplaces(t *testing.T) {
	t.Parallel()
	one, other := filled(t), filled(t)
	require.NoError(t, other.SetID([]byte("other")))
	before := marshal(t, one)
	for name, call := range map[string]func([]byte) error{"DER": one.UnmarshalBinary, "PEM": one.UnmarshalText} {
		assert.Error(t, call([]byte("garbage")), name)
		assert.Equal(t, before, marshal(t, one), "%s: a failure changes nothing", name)
	}
	require.NoError(t, one.UnmarshalBinary(marshal(t, other)))
	assert.Equal(t, "other", string(one.ID()))
	require.NoError(t, one.UnmarshalText(marshalText(t, filled(t))))
	assert.Equal(t, "id", string(one.ID()))

	require.NoError(t, one.Close())
	assert.ErrorIs(t, one.UnmarshalBinary(marshal(t, other)), libssl.ErrClosed)
	assert.ErrorIs(t, one.UnmarshalText(marshalText(t, other)), libssl.ErrClosed)
	assert.Empty(t, one.ID(), "a closed session stays closed")

	var zero libssl.Session
	assert.ErrorIs(t, zero.SetID(nil), libssl.ErrClosed)
	assert.Empty(t, zero.ID())
	assert.NoError(t, zero.Close())
	assert.ErrorIs(t, zero.UnmarshalBinary(marshal(t, other)), libssl.ErrClosed)
}

func TestSessionEqual(t *testing.T) {
	t.Parallel()
	sess := filled(t)
	same := clone(t, sess)
	assert.True(t, sess.Equal(sess))
	assert.True(t, sess.Equal(same))
	assert.True(t, same.Equal(sess))
	for name, change := range map[string]func(*libssl.Session) error{
		"version":    func(x *libssl.Session) error { return x.SetVersion(tls.VersionTLS12) },
		"suite":      func(x *libssl.Session) error { return x.SetCipherSuite(tls.TLS_AES_128_GCM_SHA256) },
		"key":        func(x *libssl.Session) error { return x.SetMasterKey([]byte("another")) },
		"id":         func(x *libssl.Session) error { return x.SetID([]byte("another")) },
		"context":    func(x *libssl.Session) error { return x.SetIDContext([]byte("another")) },
		"time":       func(x *libssl.Session) error { return x.SetTime(time.Unix(5, 0)) },
		"timeout":    func(x *libssl.Session) error { return x.SetTimeout(time.Second) },
		"name":       func(x *libssl.Session) error { return x.SetServerName("another") },
		"protocol":   func(x *libssl.Session) error { return x.SetNegotiatedProtocol("another") },
		"early data": func(x *libssl.Session) error { return x.SetMaxEarlyData(1) },
		"app data":   func(x *libssl.Session) error { return x.SetTicketAppData([]byte("another")) },
		"closed":     (*libssl.Session).Close,
	} {
		x := clone(t, sess)
		require.NoError(t, change(x), name)
		assert.False(t, sess.Equal(x), name)
		assert.False(t, x.Equal(sess), name)
		assert.True(t, x.Equal(x), name)
	}
	assert.False(t, sess.Equal(nil))
	assert.True(t, (*libssl.Session)(nil).Equal(nil))
	assert.False(t, (*libssl.Session)(nil).Equal(sess))
	assert.False(t, newSession(t).Equal(newSession(t)), "they can't be written")

	// The mark of a session that is not to be resumed counts, though it is not written.
	mode := pair.Modes[0]
	p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{})
	whole := p.Client.Session()
	fatal(t, p)
	spoilt := p.Client.Session()
	require.False(t, spoilt.IsResumable())
	assert.Equal(t, marshal(t, whole), marshal(t, spoilt))
	assert.False(t, whole.Equal(spoilt))
	assert.True(t, whole.Equal(reparse(t, spoilt)), "read again it is as good as new")
}

func TestSessionMaxFragmentLength(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{512, 4096} {
				file := filepath.Join(t.TempDir(), "session.pem")
				sess := serveOpenSSL(t, mode.ServerCtx(t), sClient{args: []string{versionFlag(mode), "-maxfraglen", fmt.Sprint(n), "-sess_out", file}})
				assert.Equal(t, n, sess.MaxFragmentLength(), "server")
				assert.Equal(t, n, reparse(t, sess).MaxFragmentLength())
				assert.Equal(t, n, readSession(t, file).MaxFragmentLength(), "client")
			}
		})
	}
}

func TestSessionPeerRawPublicKey(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	if libssl.VersionNumber() < openSSL32 {
		assert.False(t, libssl.Supports("SSL_SESSION_get0_peer_rpk"))
		key, err := filled(t).PeerRawPublicKey()
		assert.Nil(t, key)
		assert.ErrorIs(t, err, libssl.ErrUnsupported)
		var e *libssl.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "SSL_SESSION_get0_peer_rpk", e.Op)
		return
	}
	server := startServer(t, mode, "-enable_server_rpk")
	file := filepath.Join(t.TempDir(), "session.pem")
	client := testutil.OpenSSL(t, "s_client", "-connect", server.addr, "-enable_server_rpk", "-sess_out", file)
	client.Expect(t, sawNewSession)
	server.Send(t, "hello") // and by then the client has its tickets
	client.Expect(t, "hello")
	require.NoError(t, client.Stdin.Close())
	client.Wait(t)
	sess := readSession(t, file)
	key, err := sess.PeerRawPublicKey()
	require.NoError(t, err)
	want := testutil.Certs(t).Server.PrivateKey.(crypto.Signer).Public()
	assert.True(t, want.(*ecdsa.PublicKey).Equal(key), "%v", key)
	cert, err := sess.PeerCertificate()
	require.NoError(t, err)
	assert.Nil(t, cert)

	ours, _ := bothSessions(t, mode)
	key, err = ours.PeerRawPublicKey()
	require.NoError(t, err)
	assert.Nil(t, key, "a certificate is no raw key")
}

func TestDefaultTimeout(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	server.SetTimeout(0)
	client.SetTimeout(time.Minute)
	p := pair.Handshake(t, server, client, pair.Options{})
	assert.Equal(t, 2*time.Hour, p.Server.DefaultTimeout())
	assert.Equal(t, 2*time.Hour, p.Client.DefaultTimeout(), "whatever the Ctx says")
	assert.Equal(t, p.Server.DefaultTimeout(), p.Server.Session().Timeout())
	assert.Equal(t, time.Minute, p.Client.Session().Timeout())
}

func TestCopySessionID(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client, other := mode.ServerCtx(t), mode.ClientCtx(t), mode.ClientCtx(t)
			require.NoError(t, client.SetSessionIDContext([]byte("first")))
			require.NoError(t, other.SetSessionIDContext([]byte("second")))
			first := pair.Handshake(t, server, client, pair.Options{})
			copied := func(ctx *libssl.Ctx) *pair.Pair {
				return pair.Handshake(t, server, ctx, pair.Options{Client: func(c *libssl.Conn) {
					require.NoError(t, c.CopySessionID(first.Client.SSL()))
				}})
			}
			second := copied(client)
			assert.True(t, second.Client.SessionReused())
			// Where the context differs, the session alone would be fatal.
			third := copied(other)
			assert.True(t, third.Client.SessionReused())
			assert.Equal(t, "first", string(third.Client.Session().IDContext()))

			// Each works with its own: that the copies failed has not spoilt the first one's.
			fatal(t, second)
			assert.True(t, first.Client.Session().IsResumable())
			first.Echo(t, "still there")
			third.Close(t)
			first.Close(t)
		})
	}
}

func TestCopySessionIDRefuses(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	p := pair.Handshake(t, server, client, pair.Options{})
	for _, from := range []*libssl.SSL{p.Client.SSL(), p.Server.SSL(), nil} {
		assert.ErrorContains(t, p.Client.CopySessionID(from), "SSL_copy_session_id: the handshake has begun")
	}
	p.Echo(t, "the connection goes on")

	raw, _ := testutil.Pipe(t)
	fresh, err := libssl.Client(raw, client)
	require.NoError(t, err)
	defer fresh.Close()
	assert.NoError(t, fresh.CopySessionID(fresh.SSL()), "it has none yet")
	assert.NoError(t, fresh.SetSession(p.Client.Session()))
	assert.NoError(t, fresh.CopySessionID(fresh.SSL()))
	assert.Equal(t, p.Client.Session().ID(), fresh.Session().ID())
	assert.NoError(t, fresh.CopySessionID(nil))
	assert.Nil(t, fresh.Session())
	p.Close(t)
	assert.ErrorIs(t, fresh.CopySessionID(p.Client.SSL()), libssl.ErrClosed)
}

// Connections that copy each other's sessions do not wait for each other.
func TestCopySessionIDBothWays(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	client := mode.ClientCtx(t)
	p := pair.Handshake(t, mode.ServerCtx(t), client, pair.Options{})
	var conns [2]*libssl.Conn
	for i := range conns {
		raw, _ := testutil.Pipe(t)
		conn, err := libssl.Client(raw, client)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.CopySessionID(p.Client.SSL()))
		conns[i] = conn
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	go func() {
		defer cancel()
		pair.Both(func() {
			for range 1000 {
				assert.NoError(t, conns[0].CopySessionID(conns[1].SSL()))
			}
		}, func() {
			for range 1000 {
				assert.NoError(t, conns[1].CopySessionID(conns[0].SSL()))
			}
		})
	}()
	<-ctx.Done()
	require.ErrorIs(t, ctx.Err(), context.Canceled, "they wait for each other")
}

// Getters of one session run beside each other.
func TestSessionGettersAtOnce(t *testing.T) {
	t.Parallel()
	sess, _ := bothSessions(t, pair.Modes[3])
	want := marshal(t, sess)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 50 {
				useSession(sess)
			}
		}()
	}
	for range 4 {
		<-done
	}
	assert.Equal(t, want, marshal(t, sess))
}

// What a Session lets go of is freed once and what it holds is not, whatever is garbage. Not in parallel: it counts
// objects.
func TestSessionUnmarshalFreesOnce(t *testing.T) {
	der := marshal(t, filled(t))
	before := settled(t)
	held := make([]libssl.Session, 20)
	for range 3 {
		for i := range held {
			require.NoError(t, held[i].UnmarshalBinary(der))
		}
	}
	now := settled(t)
	assert.Equal(t, before.Session+len(held), now.Session)
	for i := range held {
		assert.Equal(t, "id", string(held[i].ID()))
		require.NoError(t, held[i].Close())
	}
	held = nil
	assert.Equal(t, before, settled(t))
}
