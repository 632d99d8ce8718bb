package testutil

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestCertificatesVerify(t *testing.T) {
	certs := Certs(t)
	for _, tt := range []struct {
		name  string
		cert  tls.Certificate
		roots *x509.CertPool
		usage x509.ExtKeyUsage
		ok    bool
	}{
		{"Server", certs.Server, certs.CA.Pool, x509.ExtKeyUsageServerAuth, true},
		{"ServerRSA", certs.ServerRSA, certs.CA.Pool, x509.ExtKeyUsageServerAuth, true},
		{"ServerChain", certs.ServerChain, certs.CA.Pool, x509.ExtKeyUsageServerAuth, true},
		{"Client", certs.Client, certs.CA.Pool, x509.ExtKeyUsageClientAuth, true},
		{"ClientRSA", certs.ClientRSA, certs.CA.Pool, x509.ExtKeyUsageClientAuth, true},
		{"OtherServer", certs.OtherServer, certs.OtherCA.Pool, x509.ExtKeyUsageServerAuth, true},
		{"OtherServer, wrong authority", certs.OtherServer, certs.CA.Pool, x509.ExtKeyUsageServerAuth, false},
		{"OtherClient, wrong authority", certs.OtherClient, certs.CA.Pool, x509.ExtKeyUsageClientAuth, false},
		{"SelfSigned", certs.SelfSigned, certs.CA.Pool, x509.ExtKeyUsageServerAuth, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			between := x509.NewCertPool()
			for _, der := range tt.cert.Certificate[1:] {
				c, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				between.AddCert(c)
			}
			o := x509.VerifyOptions{Roots: tt.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{tt.usage}}
			if tt.usage == x509.ExtKeyUsageServerAuth {
				for _, name := range []string{"localhost", "x.example.test", "a.test", "b.test", "127.0.0.1", "::1"} {
					o.DNSName = name
					if _, err := tt.cert.Leaf.Verify(o); (err == nil) != tt.ok {
						t.Errorf("%s: %v", name, err)
					}
				}
				return
			}
			if _, err := tt.cert.Leaf.Verify(o); (err == nil) != tt.ok {
				t.Error(err)
			}
		})
	}
	// The files hold the same.
	if _, err := tls.LoadX509KeyPair(Files(t, certs.ServerChain)); err != nil {
		t.Error(err)
	}
}

func TestTransportsConnect(t *testing.T) {
	for _, tt := range Transports {
		t.Run(tt.Name, func(t *testing.T) {
			client, server := tt.Pair(t)
			go client.Write([]byte("over"))
			buf := make([]byte, 4)
			if _, err := io.ReadFull(server, buf); err != nil || string(buf) != "over" {
				t.Errorf("%q, %v", buf, err)
			}
		})
	}
}

func TestCollectUntilRunsCleanups(t *testing.T) {
	ran := make(chan int, 1)
	func() {
		x := new([1000]*int)
		runtime.AddCleanup(x, func(n int) { ran <- n }, 7)
	}()
	if !CollectUntil(10*time.Second, func() bool { return len(ran) == 1 }) {
		t.Error("the cleanup has not run")
	}
	if CollectUntil(time.Millisecond, func() bool { return false }) {
		t.Error("what never comes has come")
	}
}

func TestProcess(t *testing.T) {
	p := Start(t, exec.Command("sh", "-c", "echo ready; read x; echo got $x; echo error >&2"))
	p.Expect(t, "^ready$")
	p.Send(t, "something")
	if got := p.Expect(t, "^got (.*)$"); got[1] != "something" {
		t.Errorf("%q", got)
	}
	p.Expect(t, "^error$")
	p.Wait(t)
	p.Unexpected(t, "nothing of the kind")
}
