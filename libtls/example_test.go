package libtls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/go-libssl/libssl/libtls"
)

// A client that keeps its session in a file, so that the program resumes it the next time it runs; and the server,
// which keeps nothing.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cert, key := exampleKeypair(dir)
	ticketKey := make([]byte, 48) // all servers of the service have the same
	rand.Read(ticketKey)

	serverConfig := libtls.NewConfig()
	err = errors.Join(
		serverConfig.SetKeypairFile(cert, key),
		serverConfig.SetSessionLifetime(time.Hour),
		serverConfig.SetSessionID([]byte("shop 1")),
		serverConfig.AddTicketKey(1, ticketKey),
	)
	if err != nil {
		log.Fatal(err)
	}
	server, err := libtls.NewServer(serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			transport, err := l.Accept()
			if err != nil {
				return
			}
			c, err := server.Accept(transport)
			if err != nil {
				transport.Close()
				continue
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()

	session, err := os.OpenFile(filepath.Join(dir, "session"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	config := libtls.NewConfig()
	if err := errors.Join(config.SetCAFile(cert), config.SetSessionFile(session)); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		c, err := libtls.DialServerName("tcp", l.Addr().String(), "localhost", config)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := io.WriteString(c, "hello"); err != nil {
			log.Fatal(err)
		}
		reply := make([]byte, 5)
		if _, err := io.ReadFull(c, reply); err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(reply), c.Version(), "resumed:", c.SessionResumed())
		c.Close()
	}
	// Output:
	// hello TLSv1.3 resumed: false
	// hello TLSv1.3 resumed: true
}

// A setter says in libtls' words what is wrong, and errors.Is asks for it.
func ExampleConfig_SetSessionFile() {
	f, err := os.CreateTemp("", "session")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	f.Chmod(0o644)
	err = libtls.NewConfig().SetSessionFile(f)
	fmt.Println(err)
	fmt.Println(errors.Is(err, libtls.ErrSessionFilePermissions))
	// Output:
	// session file has incorrect permissions (644 != 600)
	// true
}

// exampleKeypair makes two files for a server called localhost: its certificate, signed by itself, and its key.
func exampleKeypair(dir string) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		log.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		log.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certDER}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600),
	)
	if err != nil {
		log.Fatal(err)
	}
	return cert, key
}
