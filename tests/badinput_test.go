package tests

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/livecount"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
	"github.com/go-libssl/libssl/internal/testutil/stale"
)

// Numbers of OpenSSL's libraries that the tests below meet.
const (
	libPEM  = 9
	libX509 = 11
	libASN1 = 13
)

func TestMethodsOfClosedObjects(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	p := pair.Handshake(t, server, client, pair.Options{})
	sess := p.Client.Session()
	p.Close(t)
	require.NoError(t, sess.Close())
	require.NoError(t, server.Close())

	// What a closed connection still knows, since Go knows it.
	keeps := []string{"Ctx.Sessions", "Conn.Conn", "Conn.SSL", "Conn.NetConn", "Conn.LocalAddr", "Conn.RemoteAddr", "Conn.Ctx",
		"SSL.Conn", "SSL.Ctx", "Session.String"}
	for _, tt := range []struct {
		name   string
		object any
		closed []error
	}{
		{"Ctx", server, []error{libssl.ErrClosed}},
		{"Session", sess, []error{libssl.ErrClosed}},
		{"Conn", p.Client, []error{libssl.ErrClosed, net.ErrClosed}},
		{"SSL", p.Client.SSL(), []error{libssl.ErrClosed, net.ErrClosed}},
	} {
		object := reflect.ValueOf(tt.object)
		for i := range object.NumMethod() {
			method := object.Type().Method(i).Name
			name := tt.name + "." + method
			if slices.Contains(keeps, name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				for _, v := range object.Method(i).Call(arguments(t, object.Method(i).Type())) {
					err, ok := v.Interface().(error)
					switch {
					case ok && method == "Close":
						t.Errorf("a second Close returns %v", err)
					case ok:
						assert.True(t, slices.ContainsFunc(tt.closed, func(want error) bool {
							return errors.Is(err, want)
						}), "%v", err)
					case v.Type() == reflect.TypeFor[error]() && method != "Close":
						t.Error("no error")
					case v.Type() == reflect.TypeFor[tls.ConnectionState]():
						// crypto/tls, too, remembers the state of a closed connection.
					default:
						assert.True(t, v.IsZero(), "%v returned", v)
					}
				}
			})
		}
	}
}

// arguments makes up harmless arguments for a function.
func arguments(t *testing.T, f reflect.Type) []reflect.Value {
	t.Helper()
	var args []reflect.Value
	for i := range f.NumIn() {
		switch in := f.In(i); in {
		case reflect.TypeFor[*libssl.Session]():
			mode := pair.Modes[3]
			args = append(args, reflect.ValueOf(sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t))))
		case reflect.TypeFor[io.Writer]():
			args = append(args, reflect.ValueOf(io.Discard))
		case reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(t.Context()))
		case reflect.TypeFor[tls.Certificate]():
			args = append(args, reflect.ValueOf(testutil.Certs(t).Server))
		case reflect.TypeFor[*x509.Certificate]():
			args = append(args, reflect.ValueOf(testutil.Certs(t).CA.Cert))
		case reflect.TypeFor[[]byte]():
			args = append(args, reflect.ValueOf(make([]byte, 8)))
		case reflect.TypeFor[string]():
			args = append(args, reflect.ValueOf("a.test"))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	if f.IsVariadic() {
		args = args[:len(args)-1]
	}
	return args
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	p := pair.Handshake(t, server, client, pair.Options{})
	sess := p.Client.Session()
	for range 3 {
		assert.NoError(t, sess.Close())
		assert.NoError(t, server.Close())
		assert.NoError(t, client.Close())
	}
	p.Echo(t, "live connections keep what they need")
	require.NoError(t, p.Client.Close())
	require.NoError(t, p.Server.Close())
	for range 3 {
		p.Client.Close()
		p.Server.Close()
	}
}

func TestClosedArguments(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	sess := sessionFrom(t, server, client)
	require.NoError(t, sess.Close())
	require.NoError(t, client.Close())
	raw, other := testutil.Pipe(t)

	_, err := libssl.Client(raw, client)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	_, err = libssl.Server(other, client)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	_, err = server.AddSession(sess)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	assert.False(t, server.RemoveSession(sess))
	conn, err := libssl.Client(raw, mode.ClientCtx(t))
	require.NoError(t, err)
	defer conn.Close()
	assert.ErrorIs(t, conn.SetSession(sess), libssl.ErrClosed)
}

func TestNilArguments(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	ctx := mode.ServerCtx(t)
	raw, _ := testutil.Pipe(t)
	conn, err := libssl.Server(raw, ctx)
	require.NoError(t, err)
	defer conn.Close()

	for name, call := range map[string]func() error{
		"Client without a net.Conn": func() error { _, err := libssl.Client(nil, ctx); return err },
		"Server without a net.Conn": func() error { _, err := libssl.Server(nil, ctx); return err },
		"Client without a Ctx":      func() error { _, err := libssl.Client(raw, nil); return err },
		"Server without a Ctx":      func() error { _, err := libssl.Server(raw, nil); return err },
		"Listen without a Ctx":      func() error { _, err := libssl.Listen("tcp", "127.0.0.1:0", nil); return err },
		"Listen at a bad address":   func() error { _, err := libssl.Listen("tcp", "nowhere", ctx); return err },
		"Dial a bad address":        func() error { _, err := libssl.Dial("tcp", "nowhere", ctx); return err },
		"AddSession":                func() error { _, err := ctx.AddSession(nil); return err },
		"UseCertificate":            func() error { return ctx.UseCertificate(tls.Certificate{}) },
		"NewServerCtx":              func() error { _, err := libssl.NewServerCtx(tls.Certificate{}); return err },
		"NewCtx of no method":       func() error { _, err := libssl.NewCtx(libssl.Method(99)); return err },
		"LoadVerifyLocations":       func() error { return ctx.LoadVerifyLocations("", "") },
		"ParseSession":              func() error { _, err := libssl.ParseSession(nil); return err },
		"ParseSessionPEM":           func() error { _, err := libssl.ParseSessionPEM(nil); return err },
		"SetTicketKeys":             func() error { return ctx.SetTicketKeys(nil) },
		"SetNumTickets":             func() error { return ctx.SetNumTickets(-1) },
		"Dialer without a Ctx": func() error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			_, err = (&libssl.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			require.NotPanics(t, func() { err = call() })
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "\n")
		})
	}

	// Nil means "none" here.
	require.NoError(t, ctx.SetSessionIDContext(nil))
	require.NoError(t, ctx.SetGenerateSessionID(nil))
	require.NoError(t, conn.SetSessionIDContext(nil))
	require.NoError(t, conn.SetGenerateSessionID(nil))
	require.NoError(t, conn.SetSession(nil))
	assert.False(t, conn.HasMatchingSessionID(nil))
	assert.False(t, ctx.RemoveSession(nil))
	for range 2 {
		ctx.SetNewSessionCallback(nil)
		ctx.SetGetSessionCallback(nil)
		ctx.SetRemoveSessionCallback(nil)
		ctx.SetServerNameCallback(nil)
		ctx.SetVerify(libssl.VerifyNone, nil)
		p := pair.Handshake(t, ctx, mode.ClientCtx(t), pair.Options{})
		p.Close(t)
		ctx.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) {})
		ctx.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session { return nil })
		ctx.SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session) {})
		ctx.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return nil, nil })
	}
}

// Whatever length a generate callback gives reaches libssl, which refuses it.
func TestGeneratedIDOfBadLength(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{0, -1, 33, 255, 0x110, 0x80000010, 1 << 33} {
				server := mode.ServerCtx(t)
				require.NoError(t, server.SetGenerateSessionID(func(_ *libssl.SSL, id []byte) (int, error) {
					assert.Equal(t, make([]byte, 32), id)
					assert.Equal(t, 32, cap(id))
					return n, nil
				}))
				p := pair.Try(t, server, mode.ClientCtx(t), pair.Options{})
				requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonSSLSessionIDHasBadLength)
				requireAlert(t, p.ServerErr, 80, true)
				requireAlert(t, p.ClientErr, 80, false)
				assert.Equal(t, mode.TLS13(), p.ClientDone, "in TLS 1.3 the client hears of it later")
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	ctx := pair.Modes[3].ServerCtx(t)
	for _, tt := range []struct {
		name string
		err  error
		op   string
	}{
		{"versions", ctx.SetMinVersion(0x9999), "SSL_CTX_set_min_proto_version"},
		{"versions", ctx.SetMaxVersion(0x9999), "SSL_CTX_set_max_proto_version"},
		{"cipher list", ctx.SetCipherList("NONESUCH"), "SSL_CTX_set_cipher_list"},
		{"cipher suites", ctx.SetCipherSuites("NONESUCH"), "SSL_CTX_set_ciphersuites"},
		{"ticket keys", ctx.SetTicketKeys(make([]byte, 79)), "SSL_CTX_set_tlsext_ticket_keys"},
		{"certificate file", ctx.UseCertificateChainFile("/nonexistent"), "SSL_CTX_use_certificate_chain_file"},
		{"key file", ctx.UsePrivateKeyFile("/nonexistent"), "SSL_CTX_use_PrivateKey_file"},
		{"authority file", ctx.LoadVerifyLocations("/nonexistent", ""), "SSL_CTX_load_verify_locations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e *libssl.Error
			require.ErrorAs(t, tt.err, &e)
			assert.Equal(t, tt.op, e.Op)
			assert.Equal(t, 0, e.Ret)
			assert.Zero(t, e.SSLError)
		})
	}
	requireError(t, ctx.SetTicketKeys(make([]byte, 79)), "SSL_CTX_set_tlsext_ticket_keys", 0, 325)
	requireError(t, ctx.SetCipherList("NONESUCH"), "SSL_CTX_set_cipher_list", 0, 185)
	// Strings with a zero byte must not be taken for what stands before it.
	assert.Error(t, ctx.SetCipherList("ALL\x00garbage"))
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	assert.Error(t, ctx.UseCertificateChainFile(cert+"\x00.pem"))
	assert.Error(t, ctx.UsePrivateKeyFile(key+"\x00.pem"))
	assert.Error(t, ctx.LoadVerifyLocations(cert+"\x00.pem", ""))
}

func TestCertificateThatDoesNotMatchItsKey(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	otherECDSA := tls.Certificate{Certificate: certs.Server.Certificate, PrivateKey: certs.Client.PrivateKey}
	otherType := tls.Certificate{Certificate: certs.Server.Certificate, PrivateKey: certs.ServerRSA.PrivateKey}
	for _, tt := range []struct {
		name string
		cert tls.Certificate
	}{{"another key", otherECDSA}, {"a key of another type", otherType}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := pair.Modes[3].ServerCtx(t)
			err := ctx.UseCertificate(tt.cert)
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "SSL_CTX_use_cert_and_key", e.Op)
			assert.Equal(t, 0, e.Ret)
			require.NotEmpty(t, e.Stack)
			requireOwnErrors(t, ctx)

			// The certificate that it had still serves.
			p := pair.Handshake(t, ctx, verifyingClient(t, pair.Modes[3]), pair.Options{})
			requirePeer(t, certs.Server, p.Client.Session())
			p.Close(t)

			_, err = libssl.NewServerCtx(tt.cert)
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "SSL_CTX_use_cert_and_key", e.Op)
		})
	}
	t.Run("in files", func(t *testing.T) {
		t.Parallel()
		cert, _ := testutil.Files(t, certs.Server)
		_, key := testutil.Files(t, certs.Client)
		ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
		require.NoError(t, err)
		defer ctx.Close()
		require.NoError(t, ctx.UseCertificateChainFile(cert))
		err = ctx.UsePrivateKeyFile(key)
		var e *libssl.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "SSL_CTX_use_PrivateKey_file", e.Op)
		assert.Equal(t, 0, e.Ret)
		require.Len(t, e.Stack, 1)
		assert.Equal(t, libX509, e.Stack[0].Lib)
		assert.Equal(t, libssl.Reason(116), e.Stack[0].Reason) // X509_R_KEY_VALUES_MISMATCH
		assert.NotErrorIs(t, err, libssl.Reason(116), "a reason is one of the SSL library")
	})
}

// A key that can neither be exported nor sign, and Signers of keys that libssl has no use for.
func TestKeyThatIsOfNoUse(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]crypto.PrivateKey{
		"struct{}":          struct{}{},
		"*ecdh.PublicKey":   strangeSigner{},
		"crypto.PrivateKey": new(int),
	} {
		t.Run(name, func(t *testing.T) {
			cert := testutil.Certs(t).Server
			cert.PrivateKey = key
			ctx := pair.Modes[3].ServerCtx(t)
			err := ctx.UseCertificate(cert)
			require.Error(t, err)
			if _, signs := key.(crypto.Signer); signs {
				assert.ErrorIs(t, err, libssl.ErrUnsupported)
				assert.ErrorContains(t, err, name, "the error says what the key is")
			} else {
				assert.ErrorContains(t, err, fmt.Sprintf("%T", key))
				assert.ErrorContains(t, err, "export")
			}
			_, err = libssl.NewServerCtx(cert)
			assert.Error(t, err)
			requireOwnErrors(t, ctx)
		})
	}
}

// strangeSigner has a public key of a type that signs nothing.
type strangeSigner struct{}

func (strangeSigner) Public() crypto.PublicKey { return new(ecdh.PublicKey) }

func (strangeSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	panic("called")
}

func TestCertificateGarbage(t *testing.T) {
	t.Parallel()
	ctx := pair.Modes[3].ServerCtx(t)
	key := testutil.Certs(t).Server.PrivateKey
	whole := testutil.Certs(t).Server.Certificate[0]
	for name, chain := range map[string][][]byte{
		"empty":          {{}},
		"text":           {[]byte("not a certificate")},
		"cut":            {whole[:len(whole)-1]},
		"bytes after":    {append(slices.Clone(whole), 0)},
		"second is text": {whole, []byte("not a certificate")},
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, ctx.UseCertificate(tls.Certificate{Certificate: chain, PrivateKey: key}))
			requireOwnErrors(t, ctx)
		})
	}
}

// Two keys of P-256, encrypted with the password "secret".
const (
	encryptedPKCS8 = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhSWUXl9jaRVgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEAX9I1s9s5W8ZNx2bUOeM+gEgZBg
dFRqBjmfquj4w7ooVtIIwl3egy+EC3TdPyDmrA/dzssE4Whc/uASAhY3gI2zlupx
B6abDMlwt5dkNUBUAZ2rsxs5Wt4+4uMz720i4WzeOFa64AYXCdbNkzM7Zeub6S3a
5axW/A55F1Nj9/mEKR3xCRl/J3vWEUbbZekUQyOoZqJmPeVhQKLKf4ZORlP4q+8=
-----END ENCRYPTED PRIVATE KEY-----
`
	encryptedTraditional = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,95466140DC7250677D7591BE43A6B822

eeuga/HjPrJmlGUaIteeuXFGbVOm4bl3069mFhTjLOGubh4ThlFdxF6HDpJAZrHX
PsgoD3Zm7rnKJPCO2JMDfEHTva5Lf/m5Xkf2m+ByCF92iLrDhnSVadmM0XYq3WEr
JvIY5Eus+GRHBjMZN4wdJzukDxF1ek0ZWB2+VQGc4PI=
-----END EC PRIVATE KEY-----
`
	// The header alone makes libcrypto ask for a password.
	encryptedSession = `-----BEGIN SSL SESSION PARAMETERS-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,95466140DC7250677D7591BE43A6B822

eeuga/HjPrJmlGUaIteeuXFGbVOm4bl3069mFhTjLOGubh4ThlFdxF6HDpJAZrHX
-----END SSL SESSION PARAMETERS-----
`
)

// An encrypted file would make libcrypto ask on the terminal. A child process with a terminal of its own
// finds out.
func TestEncryptedFilesDoNotAskForAPassword(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"PKCS8 key": encryptedPKCS8, "traditional key": encryptedTraditional, "session": encryptedSession,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			out := filepath.Join(t.TempDir(), "out")
			cmd.Env = append(os.Environ(), childEnv+"=encrypted file",
				"LIBSSL_TEST_FILE="+testutil.File(t, "in.pem", []byte(content)), "LIBSSL_TEST_OUT="+out)
			written, err := testutil.OnTerminal(t, cmd)
			require.NoError(t, err, "%s", written)
			assert.Empty(t, written, "nothing is said on the terminal")
			text, err := os.ReadFile(out)
			require.NoError(t, err)
			op := "SSL_CTX_use_PrivateKey_file"
			if name == "session" {
				op = "PEM_read_bio_SSL_SESSION"
			}
			assert.Contains(t, string(text), op+" 0 ")
			assert.NotContains(t, string(text), "\n", "one line")
			assert.Regexp(t, "password|pass phrase|decrypt|encrypted", string(text), "the error says why")
		})
	}
}

func init() {
	children["encrypted file"] = func() {
		say := func(format string, args ...any) {
			text := fmt.Sprintf(format, args...)
			if err := os.WriteFile(os.Getenv("LIBSSL_TEST_OUT"), []byte(text), 0o600); err != nil {
				panic(err)
			}
		}
		file := os.Getenv("LIBSSL_TEST_FILE")
		content, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		if strings.Contains(string(content), "SESSION") {
			_, err = libssl.ParseSessionPEM(content)
		} else {
			var ctx *libssl.Ctx
			if ctx, err = libssl.NewCtx(libssl.TLSServerMethod); err != nil {
				panic(err)
			}
			defer ctx.Close()
			err = ctx.UsePrivateKeyFile(file)
		}
		var e *libssl.Error
		if !errors.As(err, &e) {
			say("not an *Error: %v", err)
			return
		}
		say("%s %d %v", e.Op, e.Ret, err)
	}
}

func TestParseSessionTruncated(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			sess := sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t))
			der := marshal(t, sess)
			for n := range der {
				_, err := libssl.ParseSession(der[:n])
				var e *libssl.Error
				require.ErrorAs(t, err, &e, "the first %d of %d bytes", n, len(der))
				require.Equal(t, "d2i_SSL_SESSION", e.Op)
				require.Equal(t, 0, e.Ret)
				require.NotEmpty(t, e.Stack)
				for _, entry := range e.Stack {
					require.Equal(t, libASN1, entry.Lib, "%+v", entry)
				}
				require.NotContains(t, err.Error(), "\n")
			}
			text := marshalText(t, sess)
			whole := bytes.TrimRight(text, "\n")
			for n := range whole {
				_, err := libssl.ParseSessionPEM(text[:n])
				var e *libssl.Error
				require.ErrorAs(t, err, &e, "the first %d of %d bytes", n, len(text))
				require.Equal(t, "PEM_read_bio_SSL_SESSION", e.Op)
				require.Equal(t, 0, e.Ret)
				require.NotEmpty(t, e.Stack)
				require.Equal(t, libPEM, e.Stack[0].Lib, "%+v", e.Stack[0])
				require.NotContains(t, err.Error(), "\n")
			}
			for _, rest := range [][]byte{{0}, []byte("garbage"), der} {
				_, err := libssl.ParseSession(append(slices.Clone(der), rest...))
				assert.ErrorContains(t, err, "after", "%d bytes after the session", len(rest))
			}
			_, err := libssl.ParseSessionPEM(der)
			assert.Error(t, err, "DER is not PEM")
			_, err = libssl.ParseSession(text)
			assert.Error(t, err, "PEM is not DER")
		})
	}
}

func TestParseSessionGarbage(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	der := marshal(t, sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t)))
	for _, tt := range []struct {
		name string
		der  []byte
		want []libssl.Reason // of libssl; nil: any of the ASN.1 library
		none bool            // libssl says nothing
	}{
		{name: "zeros", der: make([]byte, 64)},
		{name: "ones", der: bytes.Repeat([]byte{0xff}, 64)},
		{name: "empty sequence", der: []byte{0x30, 0}},
		{name: "a length that never ends", der: []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}},
		{name: "an indefinite length", der: append([]byte{0x30, 0x80}, der[4:]...)},
		{name: "another structure version", der: edit(t, der, 0, []byte{2, 1, 9}), want: []libssl.Reason{254}},
		{name: "another protocol", der: edit(t, der, 1, []byte{2, 2, 9, 9}), want: []libssl.Reason{259}},
		{name: "an unknown cipher", der: edit(t, der, 2, []byte{4, 2, 0xee, 0xee}), none: true},
		{name: "an id of 33 bytes", der: edit(t, der, 3, append([]byte{4, 33}, make([]byte, 33)...)), none: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sess, err := libssl.ParseSession(tt.der)
			assert.Nil(t, sess)
			if tt.none || tt.want != nil {
				requireError(t, err, "d2i_SSL_SESSION", 0, tt.want...)
				return
			}
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "d2i_SSL_SESSION", e.Op)
			assert.Equal(t, 0, e.Ret)
			require.NotEmpty(t, e.Stack)
			for _, entry := range e.Stack {
				assert.Equal(t, libASN1, entry.Lib, "%+v", entry)
			}
		})
	}
	for name, text := range map[string]string{
		"text":         "no session at all",
		"other block":  string(testutil.Certs(t).CA.PEM),
		"bad base64":   "-----BEGIN SSL SESSION PARAMETERS-----\n!!!!\n-----END SSL SESSION PARAMETERS-----\n",
		"bad contents": "-----BEGIN SSL SESSION PARAMETERS-----\nAAAA\n-----END SSL SESSION PARAMETERS-----\n",
	} {
		t.Run("PEM, "+name, func(t *testing.T) {
			sess, err := libssl.ParseSessionPEM([]byte(text))
			assert.Nil(t, sess)
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "PEM_read_bio_SSL_SESSION", e.Op)
			assert.NotEmpty(t, e.Stack)
		})
	}
}

// edit replaces the i-th element of a SEQUENCE.
func edit(t *testing.T, der []byte, i int, element []byte) []byte {
	t.Helper()
	var elements []asn1.RawValue
	rest, err := asn1.Unmarshal(der, &elements)
	require.NoError(t, err)
	require.Empty(t, rest)
	elements[i] = asn1.RawValue{FullBytes: element}
	out, err := asn1.Marshal(elements)
	require.NoError(t, err)
	return out
}

// No change to any byte may crash, leak or go unnoticed by the accessors. This test does not run in parallel:
// it counts objects.
func TestParseSessionChangedBytes(t *testing.T) {
	var ders [][]byte
	for _, mode := range pair.Modes {
		ders = append(ders, marshal(t, sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t))))
	}
	before := settled(t)
	parsed, refused := 0, 0
	for _, der := range ders {
		for i := range der {
			for _, change := range []byte{0x01, 0x80, 0xff} {
				bad := slices.Clone(der)
				bad[i] ^= change
				sess, err := libssl.ParseSession(bad)
				if err != nil {
					refused++
					continue
				}
				parsed++
				useSession(sess)
				sess.Close()
			}
		}
	}
	assert.NotZero(t, parsed)
	assert.NotZero(t, refused)
	requireCounts(t, before)
}

// useSession calls all accessors.
func useSession(sess *libssl.Session) {
	_ = sess.String()
	sess.ID()
	sess.IDContext()
	sess.Version()
	sess.CipherSuite()
	sess.Time()
	sess.Timeout()
	sess.IsResumable()
	sess.HasTicket()
	sess.TicketLifetimeHint()
	sess.TicketAppData()
	sess.ServerName()
	sess.NegotiatedProtocol()
	sess.PeerCertificate()
	sess.PeerRawPublicKey()
	sess.Ticket()
	sess.MasterKey()
	sess.MaxEarlyData()
	sess.MaxFragmentLength()
	sess.CompressID()
	sess.Print(io.Discard)
	sess.KeyLogLine()
	sess.MarshalBinary()
	sess.MarshalText()
	if c, err := sess.Clone(); err == nil {
		c.Close()
	}
}

func FuzzParseSession(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{0x30, 0})
	f.Add([]byte(encryptedSession))
	f.Fuzz(func(t *testing.T, b []byte) {
		if sess, err := libssl.ParseSession(b); err == nil {
			useSession(sess)
			sess.Close()
		}
		if sess, err := libssl.ParseSessionPEM(b); err == nil {
			useSession(sess)
			sess.Close()
		}
	})
}

func TestPeerThatIsNotTLS(t *testing.T) {
	t.Parallel()
	random := make([]byte, 4096)
	source := rand.NewChaCha8([32]byte{7})
	source.Read(random)
	random[0] = 0x93 // no record type, whatever the seed
	for _, tt := range []struct {
		name   string
		says   string
		server libssl.Reason // what our server makes of it; 0: anything
		client libssl.Reason
	}{
		{"HTTP request", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 156, 0},
		{"HTTP proxy request", "CONNECT localhost:443 HTTP/1.1\r\n\r\n", 155, 0},
		{"HTTP answer", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", 0, 267},
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", 0, 0},
		{"random bytes", string(random), 0, 0},
		{"zeros", string(make([]byte, 4096)), 0, 0},
		{"an alert", "\x15\x03\x03\x00\x02\x02\x28", 0, 1040},
		{"a record that is too long", "\x16\x03\x03\xff\xff" + string(random), 0, 0},
		{"application data", "\x17\x03\x03\x00\x05hello", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, role := range roles {
				for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
					t.Run(role.name+", "+tls.VersionName(version), func(t *testing.T) {
						raw, peer := testutil.TCP(t)
						conn := role.conn(t, raw, version)
						_, err := io.WriteString(peer, tt.says)
						require.NoError(t, err)
						go io.Copy(io.Discard, peer)
						err = conn.Handshake()
						var e *libssl.Error
						require.ErrorAs(t, err, &e)
						assert.Equal(t, "SSL_do_handshake", e.Op)
						assert.Equal(t, -1, e.Ret)
						assert.Equal(t, 1, e.SSLError)
						assert.NotEmpty(t, e.Stack)
						want := tt.client
						if role.server {
							want = tt.server
						}
						if want != 0 {
							assert.ErrorIs(t, err, want)
						}
						assert.NotErrorIs(t, err, io.EOF)

						// It stays failed, and says so again.
						assert.Error(t, conn.Handshake())
						_, err = conn.Read(make([]byte, 1))
						assert.Error(t, err)
						assert.NotErrorIs(t, err, io.EOF)
						_, err = conn.Write([]byte("x"))
						assert.Error(t, err)
						conn.Close()
					})
				}
			}
		})
	}
}

func TestPeerThatIsSilent(t *testing.T) {
	t.Parallel()
	for _, role := range roles {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, transport := range testutil.Transports {
				t.Run(fmt.Sprintf("%s, %s over %s", role.name, tls.VersionName(version), transport.Name), func(t *testing.T) {
					t.Parallel()
					start := func(t *testing.T) (*libssl.Conn, net.Conn) {
						raw, peer := transport.Pair(t)
						return role.conn(t, raw, version), peer
					}
					t.Run("then hangs up", func(t *testing.T) {
						conn, peer := start(t)
						done := make(chan error, 1)
						go func() { done <- conn.Handshake() }()
						if !role.server { // so that it is not our write that fails
							_, err := peer.Read(make([]byte, 4096))
							require.NoError(t, err)
						}
						require.NoError(t, peer.Close())
						err := <-done
						assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
						assert.NotErrorIs(t, err, io.EOF)
					})
					t.Run("until the deadline", func(t *testing.T) {
						conn, peer := start(t)
						go io.Copy(io.Discard, peer)
						require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Millisecond)))
						err := conn.Handshake()
						assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
						var timeout net.Error
						if assert.ErrorAs(t, err, &timeout) {
							assert.True(t, timeout.Timeout())
						}
					})
					t.Run("after the deadline", func(t *testing.T) {
						conn, peer := start(t)
						go io.Copy(io.Discard, peer)
						require.NoError(t, conn.SetDeadline(time.Now().Add(-time.Second)))
						assert.ErrorIs(t, conn.Handshake(), os.ErrDeadlineExceeded)
					})
					t.Run("until it is enough", func(t *testing.T) {
						conn, peer := start(t)
						go io.Copy(io.Discard, peer)
						ctx, cancel := context.WithCancel(t.Context())
						timer := time.AfterFunc(10*time.Millisecond, cancel)
						defer timer.Stop()
						assert.ErrorIs(t, conn.HandshakeContext(ctx), context.Canceled)
					})
					t.Run("until Close", func(t *testing.T) {
						conn, peer := start(t)
						go io.Copy(io.Discard, peer)
						done := make(chan error, 1)
						go func() { done <- conn.Handshake() }()
						timer := time.AfterFunc(10*time.Millisecond, func() { conn.Close() })
						defer timer.Stop()
						assert.Error(t, <-done)
					})
				})
			}
		}
	}
}

// role is the side of a handshake that is ours.
type role struct {
	name   string
	server bool
}

var roles = []role{{"our client", false}, {"our server", true}}

// conn returns our side of a handshake.
func (r role) conn(t *testing.T, raw net.Conn, version uint16) *libssl.Conn {
	t.Helper()
	mode := pair.Mode{Version: version, Tickets: true}
	var conn *libssl.Conn
	var err error
	if r.server {
		conn, err = libssl.Server(raw, mode.ServerCtx(t))
	} else {
		conn, err = libssl.Client(raw, mode.ClientCtx(t))
	}
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(pair.Limit)))
	return conn
}

var errCut = errors.New("cut by the test")

// cutter is a transport that counts, and breaks after a number of bytes in one direction. A read then ends as
// by a peer that has hung up, a write with errCut.
type cutter struct {
	net.Conn
	reads, writes       atomic.Int64 // bytes so far
	readsMax, writesMax int64
}

func (c *cutter) Read(b []byte) (int, error) {
	left := c.readsMax - c.reads.Load()
	if left <= 0 {
		c.Conn.Close()
		return 0, io.EOF
	}
	n, err := c.Conn.Read(b[:min(int64(len(b)), left)])
	c.reads.Add(int64(n))
	return n, err
}

func (c *cutter) Write(b []byte) (int, error) {
	left := c.writesMax - c.writes.Load()
	if int64(len(b)) <= left {
		n, err := c.Conn.Write(b)
		c.writes.Add(int64(n))
		return n, err
	}
	n := 0
	if left > 0 {
		n, _ = c.Conn.Write(b[:left])
		c.writes.Add(int64(n))
	}
	c.Conn.Close()
	return n, errCut
}

const noCut = 1 << 40

// A peer that hangs up at any byte of the handshake, and a transport that refuses any byte of ours: an error
// each time, that and no other, and nothing is left behind. What a server sends last may be sent behind its
// back, so the error may be that of its first Write. The peers are crypto/tls's, so that all objects of libssl
// are ours. This test does not run in parallel: it counts them.
func TestPeerThatHangsUpAtAnyByte(t *testing.T) {
	for _, role := range roles {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(role.name+", "+tls.VersionName(version), func(t *testing.T) {
				mode := pair.Mode{Version: version, Tickets: true}
				ctx := mode.ClientCtx(t)
				if role.server {
					ctx = mode.ServerCtx(t)
				}
				theirs := &tls.Config{
					Certificates:       []tls.Certificate{testutil.Certs(t).Server},
					InsecureSkipVerify: true, // only the handshake's length matters
					// crypto/tls sends a ticket along with its part of the handshake: a cut there is too late.
					SessionTicketsDisabled: true,
				}
				whole := &cutter{readsMax: noCut, writesMax: noCut}
				require.NoError(t, cutHandshake(t, role, ctx, theirs, whole))
				reads, writes := whole.reads.Load(), whole.writes.Load()
				require.Greater(t, reads, int64(100))
				require.Greater(t, writes, int64(100))
				// Signatures and tickets differ in length, in 1.1.1 by some dozen bytes: near the end a cut may come too late.
				const margin = 64
				before := settled(t)
				step := int64(1)
				if testing.Short() {
					step = 17
				}
				for n := int64(0); n < reads-margin; n += step {
					err := cutHandshake(t, role, ctx, theirs, &cutter{readsMax: n, writesMax: noCut})
					var e *libssl.Error
					require.ErrorAs(t, err, &e, "after %d bytes", n)
					require.Equal(t, "SSL_do_handshake", e.Op)
					require.LessOrEqual(t, e.Ret, 0)
					require.ErrorIs(t, err, io.ErrUnexpectedEOF, "after %d bytes", n)
					require.NotErrorIs(t, err, io.EOF)
					requireOwnErrors(t, ctx)
				}
				for n := int64(0); n < writes-margin; n += step {
					err := cutHandshake(t, role, ctx, theirs, &cutter{readsMax: noCut, writesMax: n})
					require.ErrorIs(t, err, errCut, "after %d bytes", n)
					requireOwnErrors(t, ctx)
				}
				ctx.FlushSessions(time.Time{}) // those of handshakes that only the last flight was missing from
				requireCounts(t, before)
				require.NoError(t, cutHandshake(t, role, ctx, theirs, &cutter{readsMax: noCut, writesMax: noCut}),
					"the Ctx is as good as before")
			})
		}
	}
}

// cutHandshake makes a handshake of ours with crypto/tls over a transport that breaks, writes a byte, and closes
// everything.
func cutHandshake(t *testing.T, r role, ctx *libssl.Ctx, theirs *tls.Config, c *cutter) error {
	t.Helper()
	raw, peer := net.Pipe()
	c.Conn = raw
	end := time.Now().Add(pair.Limit)
	peer.SetDeadline(end)
	var conn *libssl.Conn
	var err error
	var other *tls.Conn
	if r.server {
		conn, err = libssl.Server(c, ctx)
		other = tls.Client(peer, theirs)
	} else {
		conn, err = libssl.Client(c, ctx)
		other = tls.Server(peer, theirs)
	}
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(end))
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer peer.Close()
		if other.Handshake() == nil {
			io.Copy(io.Discard, other) // takes our tickets in
		}
	}()
	if err = conn.Handshake(); err == nil {
		_, err = conn.Write([]byte{0})
	}
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "a hang")
	raw.Close()
	conn.Close()
	<-done
	return err
}

// After a failing call the next failing call has its own errors only.
func TestErrorsAreNotStale(t *testing.T) {
	t.Parallel()
	ctx := pair.Modes[3].ServerCtx(t)
	mode := pair.Modes[3]
	fails := map[string]func(t *testing.T){
		"parse":       func(t *testing.T) { _, err := libssl.ParseSession([]byte("x")); require.Error(t, err) },
		"parse PEM":   func(t *testing.T) { _, err := libssl.ParseSessionPEM([]byte("x")); require.Error(t, err) },
		"key file":    func(t *testing.T) { require.Error(t, ctx.UsePrivateKeyFile("/nonexistent")) },
		"certificate": func(t *testing.T) { require.Error(t, ctx.UseCertificateChainFile("/nonexistent")) },
		"authorities": func(t *testing.T) { require.Error(t, ctx.LoadVerifyLocations("/nonexistent", "")) },
		"ciphers":     func(t *testing.T) { require.Error(t, ctx.SetCipherList("NONESUCH")) },
		"handshake": func(t *testing.T) {
			client := mode.ClientCtx(t)
			require.NoError(t, client.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).OtherCA), ""))
			client.SetVerify(libssl.VerifyPeer, nil)
			p := pair.Try(t, ctx, client, pair.Options{})
			require.Error(t, p.ClientErr)
			require.Error(t, p.ServerErr)
		},
	}
	for first, fail := range fails {
		t.Run(first, func(t *testing.T) {
			for range 20 { // goroutines move between threads
				fail(t)
				requireOwnErrors(t, ctx)
				_, err := libssl.ParseSession(nil)
				var e *libssl.Error
				require.ErrorAs(t, err, &e)
				for _, entry := range e.Stack {
					require.Equal(t, libASN1, entry.Lib, "%+v", entry)
				}
			}
			// A call that succeeds is not misled by what is left of an earlier one.
			fail(t)
			p := pair.Handshake(t, ctx, mode.ClientCtx(t), pair.Options{})
			p.Echo(t, "fine")
			fail(t)
			p.Echo(t, "still fine")
			p.Close(t)
		})
	}
}

// What other C code of the process left in a thread's error queue is neither taken for an error of ours nor
// shown in one.
func TestErrorsOfOthers(t *testing.T) {
	t.Parallel()
	const reason = 42
	ctx := pair.Modes[0].ServerCtx(t)
	fails := map[string]func() error{
		"SSL_CTX_set_session_id_context": func() error { return ctx.SetSessionIDContext(make([]byte, 33)) },
		"SSL_CTX_set_cipher_list":        func() error { return ctx.SetCipherList("NONESUCH") },
		"SSL_CTX_use_PrivateKey_file":    func() error { return ctx.UsePrivateKeyFile("/nonexistent") },
		"d2i_SSL_SESSION":                func() error { _, err := libssl.ParseSession([]byte("x")); return err },
		"PEM_read_bio_SSL_SESSION":       func() error { _, err := libssl.ParseSessionPEM([]byte("x")); return err },
	}
	for op, fail := range fails {
		t.Run(op, func(t *testing.T) {
			stale.Plant(t, reason)
			err := fail()
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, op, e.Op)
			require.NotEmpty(t, e.Stack)
			for _, entry := range e.Stack {
				assert.NotEqual(t, stale.Lib, entry.Lib, "%+v", entry)
			}
		})
	}
	for _, role := range roles {
		t.Run("handshake of "+role.name, func(t *testing.T) {
			raw, peer := testutil.TCP(t)
			conn := role.conn(t, raw, tls.VersionTLS12)
			_, err := io.WriteString(peer, "HTTP/1.1 400 Bad Request\r\n\r\n")
			require.NoError(t, err)
			stale.Plant(t, reason)
			var e *libssl.Error
			require.ErrorAs(t, conn.Handshake(), &e)
			require.NotEmpty(t, e.Stack)
			for _, entry := range e.Stack {
				assert.NotEqual(t, stale.Lib, entry.Lib, "%+v", entry)
			}
		})
	}
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			stale.Plant(t, reason)
			p := pair.Handshake(t, server, client, pair.Options{})
			stale.Plant(t, reason)
			p.Echo(t, "not misled")
			stale.Plant(t, reason)
			reparse(t, p.Client.Session())
			p.Close(t)
		})
	}
}

// requireOwnErrors makes a call fail and requires that its stack holds nothing but its own entry.
func requireOwnErrors(t *testing.T, ctx *libssl.Ctx) {
	t.Helper()
	requireError(t, ctx.SetSessionIDContext(make([]byte, 33)), "SSL_CTX_set_session_id_context", 0,
		libssl.ReasonSSLSessionIDContextTooLong)
}

// settled collects garbage until the counts stand still and returns them.
func settled(t *testing.T) livecount.Counts {
	t.Helper()
	last := livecount.Now()
	for range 20 {
		require.True(t, testutil.Collect(), "cleanups are stuck")
		now := livecount.Now()
		if now == last {
			break
		}
		last = now
	}
	return last
}

// requireCounts requires that no more objects live than before.
func requireCounts(t *testing.T, before livecount.Counts) {
	t.Helper()
	after, ok := livecount.Settle(before, 20*time.Second)
	require.True(t, ok, "before there were %v, now there are %v", before, after)
}
