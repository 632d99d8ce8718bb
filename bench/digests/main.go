// Command digests compares what digests and HMAC cost through package openssl, through the standard library and, with the
// build tag goopenssl, through github.com/libp2p/go-openssl. `make bench-digests` has it write docs/performance-digests.md.
package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/openssl"
)

// A digest is one algorithm of one package: it takes the message and forgets the result.
type digest func(message []byte) error

// A column is a package. What it lacks is nil.
type column struct {
	name                 string
	md4, md5, sha1, sha2 digest
	hmac                 func(key []byte) (digest, error) // HMAC-SHA-256, keyed once
}

var columns = []column{
	{
		name: "openssl/",
		md4:  func(b []byte) error { _, err := openssl.MD4(b); return err },
		md5:  func(b []byte) error { _, err := openssl.MD5(b); return err },
		sha1: func(b []byte) error { _, err := openssl.SHA1(b); return err },
		sha2: func(b []byte) error { _, err := openssl.SHA256(b); return err },
		hmac: func(key []byte) (digest, error) {
			h, err := openssl.NewHMAC(key, openssl.EVP_SHA256)
			return func(b []byte) error {
				if _, err := h.Write(b); err != nil {
					return err
				}
				_, err := h.Final()
				return err
			}, err
		},
	},
	{
		name: "standard library",
		md5:  func(b []byte) error { md5.Sum(b); return nil },
		sha1: func(b []byte) error { sha1.Sum(b); return nil },
		sha2: func(b []byte) error { sha256.Sum256(b); return nil },
		hmac: func(key []byte) (digest, error) {
			h := hmac.New(sha256.New, key)
			return func(b []byte) error {
				h.Write(b)
				h.Sum(nil)
				h.Reset()
				return nil
			}, nil
		},
	},
}

// A row is what is measured of each column.
type row struct {
	title string
	size  int
	of    func(c column) (digest, error)
}

func plain(of func(c column) digest) func(column) (digest, error) {
	return func(c column) (digest, error) { return of(c), nil }
}

func rows() []row {
	var all []row
	for _, a := range []struct {
		name string
		of   func(c column) digest
	}{
		{"MD4", func(c column) digest { return c.md4 }},
		{"MD5", func(c column) digest { return c.md5 }},
		{"SHA-1", func(c column) digest { return c.sha1 }},
		{"SHA-256", func(c column) digest { return c.sha2 }},
	} {
		all = append(all, row{a.name + ", 1 byte", 1, plain(a.of)}, row{a.name + ", 1 MiB", 1 << 20, plain(a.of)})
	}
	return append(all, row{"HMAC-SHA-256, 36 bytes, keyed once", 36, func(c column) (digest, error) {
		return c.hmac([]byte("d741787cc61851af045ccd37"))
	}})
}

func main() {
	testing.Init()
	rounds := flag.Int("rounds", 5, "how often each is measured, in turn with the others")
	out := flag.String("o", "-", "the `file` to write, - for standard output")
	flag.Parse()
	flag.Set("test.benchtime", "200ms")
	text := report(*rounds)
	if *out == "-" {
		fmt.Print(text)
		return
	}
	if err := os.WriteFile(*out, []byte(text), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "digests:", err)
		os.Exit(1)
	}
}

func report(rounds int) string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, rounds)
	b.WriteString("| |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" ---: |", len(columns)) + "\n")
	for _, r := range rows() {
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

const introduction = `# Performance of the digests

Written by ` + "`make bench-digests`" + `: do not edit. The list of digests is that of spacemonkeygo/openssl's own benchmarks;
its throughput over TLS is "bulk" in [performance.md](performance.md), since a connection of package openssl is one of the
root package.

Each was measured %d times, in turn with the others; the figures are medians. They hold for one machine on one day; their
ratios say more. A message of 1 byte shows what a call costs, one of 1 MiB what the algorithm does. Allocations on Go's heap
stand in brackets where there are any.

What a call into C costs is more than the standard library needs for a short message, and no binding can change that. Against
other bindings the difference is that libcrypto is asked for the algorithm once and not with each message, and that a message
takes one crossing. HMAC is the exception: EVP_MAC costs more than the HMAC_CTX that go-openssl uses and OpenSSL deprecates.

`

// measure returns a cell for each column.
func measure(r row, rounds int) []string {
	times := make([][]float64, len(columns))
	allocs := make([]int64, len(columns))
	cells := make([]string, len(columns))
	message := make([]byte, r.size)
	for range rounds {
		for i, c := range columns {
			f, err := r.of(c)
			if err == nil && f != nil {
				err = f(message)
			}
			switch {
			case err != nil:
				cells[i] = "fails"
				continue
			case f == nil:
				cells[i] = "–"
				continue
			}
			result := testing.Benchmark(func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f(message)
				}
			})
			times[i] = append(times[i], float64(result.T.Nanoseconds())/float64(result.N))
			allocs[i] = result.AllocsPerOp()
		}
	}
	for i := range cells {
		if cells[i] == "" {
			cells[i] = cell(median(times[i]), r.size, allocs[i])
		}
	}
	return cells
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
