package libssl_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/go-libssl/libssl"
)

// A client's second connection sends its request along with the first packet. Whoever records it can send it again, so it
// must be one that may be received twice.
func ExampleConn_WriteEarlyData() {
	server, err := libssl.NewServerCtx(selfSigned())
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := server.SetMaxEarlyData(16 << 10); err != nil {
		log.Fatal(err)
	}
	l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	served := make(chan error)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served <- serveEarly(c.(*libssl.Conn))
		}
	}()

	client, err := libssl.NewClientCtx()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	client.SetVerify(libssl.VerifyNone, nil) // the example's certificate is self-signed
	var sess *libssl.Session
	for range 2 {
		transport, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		c, err := libssl.Client(transport, client)
		if err != nil {
			log.Fatal(err)
		}
		const request = "GET / HTTP/1.0\r\n\r\n"
		if sess != nil {
			if err := c.SetSession(sess); err != nil {
				log.Fatal(err)
			}
			if _, err := c.WriteEarlyData([]byte(request)); err != nil {
				log.Fatal(err)
			}
		}
		if err := c.Handshake(); err != nil {
			log.Fatal(err)
		}
		// What was not accepted has to be sent again.
		if c.EarlyDataStatus() != libssl.EarlyDataAccepted {
			if _, err := io.WriteString(c, request); err != nil {
				log.Fatal(err)
			}
		}
		if err := c.CloseWrite(); err != nil {
			log.Fatal(err)
		}
		answer, err := io.ReadAll(c)
		if err != nil {
			log.Fatal(err)
		}
		if err := <-served; err != nil {
			log.Fatal(err)
		}
		fmt.Printf("early data %s: %s\n", c.EarlyDataStatus(), answer)
		sess = c.Session()
		c.Close()
	}
	// Output:
	// early data not sent: 18 bytes, 0 of them early
	// early data accepted: 18 bytes, 18 of them early
}

// serveEarly answers with how much has come, and how much of it as early data.
func serveEarly(c *libssl.Conn) error {
	defer c.Close()
	early := 0
	buf := make([]byte, 1024)
	for {
		n, err := c.ReadEarlyData(buf)
		early += n
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	late, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c, "%d bytes, %d of them early", early+len(late), early)
	return err
}

// Two devices that share a key need no certificates.
func ExampleCtx_SetPSKServerCallback() {
	keys := map[string][]byte{"thermometer": make([]byte, 32)}
	rand.Read(keys["thermometer"])

	server, err := libssl.NewCtx(libssl.TLSServerMethod)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.SetPSKServerCallback(func(_ *libssl.SSL, identity string) ([]byte, error) { return keys[identity], nil })
	client, err := libssl.NewCtx(libssl.TLSClientMethod)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	client.SetPSKClientCallback(func(_ *libssl.SSL, hint string) (string, []byte, error) {
		return "thermometer", keys["thermometer"], nil
	})
	if err := errors.Join(server.SetSessionIDContext([]byte("house")), server.SetMinVersion(tls.VersionTLS13),
		client.SetMinVersion(tls.VersionTLS13)); err != nil {
		log.Fatal(err)
	}

	l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if c.(*libssl.Conn).Handshake() == nil {
			fmt.Fprintf(c, "welcome, %s", c.(*libssl.Conn).PSKIdentity())
		}
	}()
	client.SetVerify(libssl.VerifyNone, nil) // nobody has a certificate: who knows the key is trusted
	c, err := libssl.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	answer, err := io.ReadAll(c)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
	// Output: welcome, thermometer
}

// Servers that share a secret open each other's tickets: a client resumes at one of them what it began at the other.
// The keys change each hour, and no server has to tell another.
func ExampleDeriveTicketKeys() {
	secret := make([]byte, 32) // the same on all servers: from where they have their secrets
	rand.Read(secret)
	cert := selfSigned()
	start := func() (net.Listener, error) {
		server, err := libssl.NewServerCtx(cert)
		if err != nil {
			return nil, err
		}
		keys, err := libssl.DeriveTicketKeys(secret, time.Hour)
		if err != nil {
			return nil, err
		}
		if err := server.SetTicketKeyManager(keys); err != nil {
			return nil, err
		}
		l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
		if err == nil {
			go echo(l)
		}
		return l, err
	}
	one, err := start()
	if err != nil {
		log.Fatal(err)
	}
	defer one.Close()
	other, err := start()
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()

	client, err := libssl.NewClientCtx()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	client.SetVerify(libssl.VerifyNone, nil)
	c, err := libssl.Dial("tcp", one.Addr().String(), client)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	sess, err := c.AwaitSession(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	d := libssl.Dialer{Ctx: client, Session: sess}
	second, err := d.DialContext(context.Background(), "tcp", other.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer second.Close()
	fmt.Println("resumed at the other:", second.(*libssl.Conn).SessionReused())
	// Output: resumed at the other: true
}
