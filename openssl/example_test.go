package openssl_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-libssl/libssl/openssl"
)

// A program that was written for github.com/spacemonkeygo/openssl: an HTTP server, and a client that net/http has been
// given a way to dial with. Nothing but the import path is new.
func ExampleListenAndServeTLS() {
	cert, key, _ := makeFiles(nil, "127.0.0.1")
	defer os.RemoveAll(filepath.Dir(cert))
	addr := freeAddr()

	go func() {
		log.Fatal(openssl.ListenAndServeTLS(addr, cert, key, http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "Hello, %s", r.URL.Path[1:]) })))
	}()

	ctx, err := openssl.NewCtx()
	if err != nil {
		log.Fatal(err)
	}
	if err := ctx.LoadVerifyLocations(cert, ""); err != nil {
		log.Fatal(err)
	}
	ctx.SetVerifyMode(openssl.VerifyPeer)
	client := http.Client{Transport: &http.Transport{
		DialContext: func(_ context.Context, network, addr string) (net.Conn, error) {
			return dialWhenUp(network, addr, ctx, 0)
		},
	}}
	// To net/http it is a plain connection, hence http:.
	resp, err := client.Get("http://" + addr + "/gopher")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body), err)
	// Output: 200 OK Hello, gopher <nil>
}

// Keys is a ticket store's key manager as programs have one: it keeps the last keys.
type Keys struct {
	mu   sync.Mutex
	keys []*openssl.TicketKey // the newest first
}

func (k *Keys) New() *openssl.TicketKey {
	key := &openssl.TicketKey{CipherKey: make([]byte, 16), HMACKey: make([]byte, 16), IV: make([]byte, 16)}
	for _, b := range [][]byte{key.Name[:], key.CipherKey, key.HMACKey, key.IV} {
		rand.Read(b)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append([]*openssl.TicketKey{key}, k.keys...)
	return key
}

func (k *Keys) Current() *openssl.TicketKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) == 0 {
		return nil
	}
	return k.keys[0]
}

func (k *Keys) Lookup(name openssl.TicketName) *openssl.TicketKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		if key.Name == name {
			return key
		}
	}
	return nil
}

func (k *Keys) Expired(name openssl.TicketName) bool     { return false }
func (k *Keys) ShouldRenew(name openssl.TicketName) bool { return k.Current().Name != name }

// Another such program: clients and a server that know each other by certificates, the server with a store for its
// tickets' keys, so that the client's second connection resumes the first.
func ExampleDialSession() {
	ca, caKey := makeCertificate(nil, "Example CA")
	serverCert, serverKey, _ := makeFiles(&issuer{ca, caKey}, "127.0.0.1")
	defer os.RemoveAll(filepath.Dir(serverCert))
	clientCert, clientKey, caFile := makeFiles(&issuer{ca, caKey}, "a client")
	defer os.RemoveAll(filepath.Dir(clientCert))

	cipher, err := openssl.GetCipherByName("aes-128-cbc")
	if err != nil {
		log.Fatal(err)
	}
	digest, err := openssl.GetDigestByName("sha256")
	if err != nil {
		log.Fatal(err)
	}
	server, err := openssl.NewCtxFromFiles(serverCert, serverKey)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.LoadVerifyLocations(caFile, ""); err != nil {
		log.Fatal(err)
	}
	server.SetVerify(openssl.VerifyPeer|openssl.VerifyFailIfNoPeerCert, nil)
	if err := server.SetSessionId([]byte("example")); err != nil {
		log.Fatal(err)
	}
	server.SetTicketStore(&openssl.TicketStore{
		CipherCtx: openssl.TicketCipherCtx{Cipher: cipher},
		DigestCtx: openssl.TicketDigestCtx{Digest: digest},
		Keys:      new(Keys),
	})
	l, err := openssl.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go greet(c.(*openssl.Conn))
		}
	}()

	client, err := openssl.NewCtxFromFiles(clientCert, clientKey)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.LoadVerifyLocations(caFile, ""); err != nil {
		log.Fatal(err)
	}
	client.SetVerifyMode(openssl.VerifyPeer)
	var session []byte
	for range 2 {
		c, err := openssl.DialSession("tcp", l.Addr().String(), client, 0, session)
		if err != nil {
			log.Fatal(err)
		}
		if session, err = c.GetSession(); err != nil {
			log.Fatal(err)
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		fmt.Printf("%sresumed: %v, %v\n", line, c.SessionReused(), err)
		c.Close()
	}
	// Output:
	// Hello, a client
	// resumed: false, <nil>
	// Hello, a client
	// resumed: true, <nil>
}

// greet writes a line to a client, by the name in its certificate.
func greet(c *openssl.Conn) {
	defer c.Close()
	if err := c.Handshake(); err != nil {
		log.Fatal(err)
	}
	cert, err := c.PeerCertificate()
	if err != nil {
		log.Fatal(err)
	}
	name, err := cert.GetSubjectName()
	if err != nil {
		log.Fatal(err)
	}
	cn, _ := name.GetEntry(openssl.NID_commonName)
	fmt.Fprintf(c, "Hello, %s\n", cn)
}

// What the examples need and do not show.

type issuer struct {
	cert *openssl.Certificate
	key  openssl.PrivateKey
}

// makeCertificate makes one that a CA has issued, or one that is a CA.
func makeCertificate(by *issuer, name string) (*openssl.Certificate, openssl.PrivateKey) {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	check(err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	check(err)
	cert, err := openssl.NewCertificate(&openssl.CertificateInfo{
		Serial: serial, Issued: -time.Hour, Expires: time.Hour, Country: "DE", Organization: "Example", CommonName: name,
	}, key)
	check(err)
	if by == nil {
		by = &issuer{cert, key}
		check(cert.AddExtension(openssl.NID_basic_constraints, "critical,CA:TRUE"))
	}
	check(cert.SetIssuer(by.cert))
	if net.ParseIP(name) != nil {
		check(cert.AddExtension(openssl.NID_subject_alt_name, "IP:"+name))
	}
	check(cert.Sign(by.key, openssl.EVP_SHA256))
	return cert, key
}

// makeFiles writes a certificate, its key and its issuer to files.
func makeFiles(by *issuer, name string) (cert, key, ca string) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	c, k := makeCertificate(by, name)
	write := func(name string, text []byte, err error) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			log.Fatal(err)
		}
		return path
	}
	text, err := c.MarshalPEM()
	cert = write("cert.pem", text, err)
	text, err = k.MarshalPKCS1PrivateKeyPEM()
	key = write("key.pem", text, err)
	if by != nil {
		text, err = by.cert.MarshalPEM()
		ca = write("ca.pem", text, err)
	}
	return cert, key, ca
}

func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// dialWhenUp waits for a server that is still to come.
func dialWhenUp(network, addr string, ctx *openssl.Ctx, flags openssl.DialFlags) (net.Conn, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		c, err := openssl.Dial(network, addr, ctx, flags)
		if err == nil || time.Now().After(end) {
			return c, err
		}
	}
}
