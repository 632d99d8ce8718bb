package libssl_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"time"

	"github.com/go-libssl/libssl"
)

// selfSigned makes a certificate for the examples.
func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// echo serves every connection of l by sending back what comes.
func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.Copy(c, c)
		}()
	}
}

// A client resumes the session of its first connection in its second.
func Example() {
	server, err := libssl.NewServerCtx(selfSigned())
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go echo(l)

	client, err := libssl.NewClientCtx()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	client.SetVerify(libssl.VerifyNone, nil) // the example's certificate is self-signed

	first, err := libssl.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		log.Fatal(err)
	}
	sess, err := first.AwaitSession(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	first.Close()

	dialer := libssl.Dialer{Ctx: client, Session: sess}
	second, err := dialer.DialContext(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer second.Close()
	fmt.Println("resumed:", second.(*libssl.Conn).SessionReused())
	// Output: resumed: true
}

// A server's sessions carry its name, so that a load balancer can send a client back to it, and leave for a store
// that others can read.
func ExampleCtx_SetGenerateSessionID() {
	server, err := libssl.NewServerCtx(selfSigned())
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.SetOptions(libssl.NoTicket)
	if err := server.SetGenerateSessionID(libssl.PrefixSessionID([]byte("www-18"))); err != nil {
		log.Fatal(err)
	}
	made := make(chan []byte, 1)
	server.SetMaxVersion(tls.VersionTLS12)
	server.SetNewSessionCallback(func(s *libssl.SSL, sess *libssl.Session) { made <- sess.ID() })
	l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go echo(l)

	client, err := libssl.NewClientCtx()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	client.SetVerify(libssl.VerifyNone, nil)
	c, err := libssl.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	id := <-made
	fmt.Printf("%s… of %d bytes\n", id[:6], len(id))
	// Output: www-18… of 32 bytes
}

// What libssl refuses says why, in a way that no version changes.
func ExampleError() {
	c, err := libssl.NewCtx(libssl.TLSMethod)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	err = c.SetSessionIDContext(make([]byte, 33))
	fmt.Println(err)
	// Output: libssl: SSL_CTX_set_session_id_context: ssl session id context too long
}

// A program's state, with a session in it, goes through encoding/json and its like. It holds the session's secrets.
func ExampleSession_UnmarshalText() {
	psk, err := libssl.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(psk.SetVersion(tls.VersionTLS13), psk.SetCipherSuite(tls.TLS_AES_128_GCM_SHA256),
		psk.SetMasterKey(make([]byte, 32))); err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(map[string]*libssl.Session{"a.test": psk})
	if err != nil {
		log.Fatal(err)
	}
	var sessions map[string]*libssl.Session
	if err := json.Unmarshal(text, &sessions); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sessions["a.test"].Equal(psk))
	// Output: true
}

// agent stands for what keeps a private key: it only ever signs.
type agent struct{ key crypto.Signer }

func (a agent) Public() crypto.PublicKey { return a.key.Public() }

func (a agent) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	fmt.Printf("signs %d bytes\n", len(digest))
	return a.key.Sign(rand, digest, opts)
}

// A server's private key may be anything that signs: a hardware module, a key service, an agent.
func ExampleCtx_UseCertificate() {
	cert := selfSigned()
	cert.PrivateKey = agent{cert.PrivateKey.(crypto.Signer)}
	server, err := libssl.NewServerCtx(cert)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go echo(l)

	client, err := libssl.NewClientCtx()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	if err := client.SetVerifyRoots(root); err != nil {
		log.Fatal(err)
	}
	d := libssl.Dialer{Ctx: client, ServerName: "localhost"}
	c, err := d.DialContext(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.(*libssl.Conn).PeerName())
	// Output:
	// signs 32 bytes
	// localhost
}
