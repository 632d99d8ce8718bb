// Command dropin measures what spacemonkeygo/openssl's own benchmarks do, digests, HMAC and throughput, through package
// openssl, through the standard library and, with the build tag goopenssl, through github.com/libp2p/go-openssl.
// `make bench-dropin` has it write docs/performance-dropin.md.
package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/bench/internal/setup"
	"github.com/go-libssl/libssl/openssl"
)

// Work is what is done to a message again and again.
type work func(message []byte) error

// A column is a package. What it lacks is nil.
type column struct {
	name                 string
	md4, md5, sha1, sha2 work
	hmac                 func(key []byte) (work, error) // HMAC-SHA-256, keyed once
	ends                 func(dir string) (ends, error) // with the certificate of package setup in dir
}

var columns = []column{
	{
		name: "openssl/",
		md4:  func(b []byte) error { _, err := openssl.MD4(b); return err },
		md5:  func(b []byte) error { _, err := openssl.MD5(b); return err },
		sha1: func(b []byte) error { _, err := openssl.SHA1(b); return err },
		sha2: func(b []byte) error { _, err := openssl.SHA256(b); return err },
		hmac: func(key []byte) (work, error) {
			h, err := openssl.NewHMAC(key, openssl.EVP_SHA256)
			return func(b []byte) error {
				if _, err := h.Write(b); err != nil {
					return err
				}
				_, err := h.Final()
				return err
			}, err
		},
		ends: func(dir string) (e ends, err error) {
			server, err := openssl.NewCtxFromFiles(filepath.Join(dir, "server.pem"), filepath.Join(dir, "key.pem"))
			if err != nil {
				return e, err
			}
			client, err := openssl.NewCtx()
			if err != nil {
				return e, err
			}
			e.server = func(c net.Conn) (handshaker, error) { return openssl.Server(c, server) }
			e.client = func(c net.Conn) (handshaker, error) { return openssl.Client(c, client) }
			return e, nil
		},
	},
	{
		name: "standard library",
		md5:  func(b []byte) error { md5.Sum(b); return nil },
		sha1: func(b []byte) error { sha1.Sum(b); return nil },
		sha2: func(b []byte) error { sha256.Sum256(b); return nil },
		hmac: func(key []byte) (work, error) {
			h := hmac.New(sha256.New, key)
			return func(b []byte) error {
				h.Write(b)
				h.Sum(nil)
				h.Reset()
				return nil
			}, nil
		},
		ends: standardEnds,
	},
}

func standardEnds(dir string) (e ends, err error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return e, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, InsecureSkipVerify: true}
	e.server = func(c net.Conn) (handshaker, error) { return tls.Server(c, config), nil }
	e.client = func(c net.Conn) (handshaker, error) { return tls.Client(c, config), nil }
	return e, nil
}

// A row is what is measured of each column.
type row struct {
	title string
	size  int
	begin func(c column) (w work, end func(), err error) // w is nil for what the column lacks
}

func nothing() {}

func digest(of func(c column) work) func(column) (work, func(), error) {
	return func(c column) (work, func(), error) { return of(c), nothing, nil }
}

// rows are all that is measured. dir is where package setup has written to.
func rows(dir string) []row {
	var all []row
	for _, a := range []struct {
		name string
		of   func(c column) work
	}{
		{"MD4", func(c column) work { return c.md4 }},
		{"MD5", func(c column) work { return c.md5 }},
		{"SHA-1", func(c column) work { return c.sha1 }},
		{"SHA-256", func(c column) work { return c.sha2 }},
	} {
		all = append(all, row{a.name + ", 1 byte", 1, digest(a.of)}, row{a.name + ", 1 MiB", 1 << 20, digest(a.of)})
	}
	return append(all,
		row{"HMAC-SHA-256, 36 bytes, keyed once", 36, func(c column) (work, func(), error) {
			w, err := c.hmac([]byte("d741787cc61851af045ccd37"))
			return w, nothing, err
		}},
		row{"TLS, both ends", 1 << 20, func(c column) (work, func(), error) { return throughput(dir, c.ends, c.ends) }},
		row{"TLS, the client's end", 1 << 20, func(c column) (work, func(), error) { return throughput(dir, standardEnds, c.ends) }},
		row{"TLS, the server's end", 1 << 20, func(c column) (work, func(), error) { return throughput(dir, c.ends, standardEnds) }},
	)
}

func main() {
	testing.Init()
	rounds := flag.Int("rounds", 5, "how often each is measured, in turn with the others")
	out := flag.String("o", "-", "the `file` to write, - for standard output")
	flag.Parse()
	flag.Set("test.benchtime", "200ms")
	if err := run(*rounds, *out); err != nil {
		fmt.Fprintln(os.Stderr, "dropin:", err)
		os.Exit(1)
	}
}

func run(rounds int, out string) error {
	dir, err := os.MkdirTemp("", "dropin")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := configure(dir); err != nil {
		return err
	}
	text := report(dir, rounds)
	if out == "-" {
		_, err = os.Stdout.WriteString(text)
		return err
	}
	return os.WriteFile(out, []byte(text), 0o644)
}

// configure has all of libssl in this process use the cipher suite that crypto/tls prefers too.
func configure(dir string) error {
	if err := setup.Write(dir); err != nil {
		return err
	}
	return libssl.LoadConfig(filepath.Join(dir, setup.ConfFile))
}

func report(dir string, rounds int) string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, rounds)
	b.WriteString("| |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" ---: |", len(columns)) + "\n")
	for _, r := range rows(dir) {
		fmt.Fprintf(&b, "| %s |", r.title)
		for _, cell := range measure(r, rounds) {
			fmt.Fprintf(&b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\n## Measured with\n\n- %s, %d CPUs, %s/%s\n- %s\n- %s\n",
		processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, libssl.Version(), runtime.Version())
	return b.String()
}

const introduction = `# Performance of the drop-in

Written by ` + "`make bench-dropin`" + `: do not edit. The list is that of spacemonkeygo/openssl's own benchmarks, which does not
build on OpenSSL 3; go-openssl is the fork of it that does.

Each was measured %d times, in turn with the others; the figures are medians. They hold for one machine on one day; their
ratios say more. Allocations on Go's heap stand in brackets where there are any.

**Digests.** A message of 1 byte shows what a call costs, one of 1 MiB what the algorithm does. What a call into C costs is
more than the standard library needs for a short message, and no binding can change that. Against other bindings the
difference is that libcrypto is asked for the algorithm once and not with each message, and that a message takes one
crossing. HMAC gains nothing: EVP_MAC costs more than the HMAC_CTX that go-openssl uses and OpenSSL deprecates, about what the
crossings that are saved cost.
MD4 fails in go-openssl on OpenSSL 3, whose default provider has none.

**TLS.** One end writes 1 MiB at a time over loopback TCP, and the other has read all of it before the next: TLS 1.3,
AES-128-GCM. Where a row names one end, the other is the standard library's. [Performance](performance.md) has more of
connections, measured with more care: a connection of package openssl is one of the root package.

`

// measure returns a cell for each column.
func measure(r row, rounds int) []string {
	times := make([][]float64, len(columns))
	allocs := make([]int64, len(columns))
	cells := make([]string, len(columns))
	message := make([]byte, r.size)
	for range rounds {
		for i, c := range columns {
			ns, n, err := once(r, c, message)
			switch {
			case err != nil:
				cells[i] = "fails"
			case ns == 0:
				cells[i] = "–"
			default:
				times[i] = append(times[i], ns)
				allocs[i] = n
			}
		}
	}
	for i := range cells {
		if cells[i] == "" {
			cells[i] = cell(median(times[i]), r.size, allocs[i])
		}
	}
	return cells
}

// once returns how long the work on a message takes in nanoseconds, 0 for what the column lacks, and its allocations.
func once(r row, c column, message []byte) (ns float64, allocs int64, err error) {
	w, end, err := r.begin(c)
	if err != nil || w == nil {
		return 0, 0, err
	}
	defer end()
	if err := w(message); err != nil {
		return 0, 0, err
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err = w(message); err != nil {
				b.FailNow()
			}
		}
	})
	return float64(result.T.Nanoseconds()) / float64(result.N), result.AllocsPerOp(), err
}

func cell(ns float64, size int, allocs int64) string {
	s := fmt.Sprintf("%.0f ns", ns)
	if size >= 1<<20 {
		s = fmt.Sprintf("%.0f MB/s", float64(size)*1e3/ns)
	}
	if allocs > 0 {
		s += fmt.Sprintf(" (%d)", allocs)
	}
	return s
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
