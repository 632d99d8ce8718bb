// Command bench compares what TLS costs through this project, through a C program on the same libssl, through
// crypto/tls and through github.com/libp2p/go-openssl. `make bench` has it write docs/performance.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/go-libssl/libssl/bench/internal/setup"
)

// A workload is what a child process measures at a time. The plans are in internal/load and in c/bench.c.
type workload struct {
	name, title string
	count       int
	// threads is 2 for one at each end, or 1 where the ends never work at the same time: whether the kernel then
	// wakes the other end on the same processor or on another one would decide the result.
	threads  int
	quantity quantity
}

// A quantity is what a table row tells of a result.
type quantity struct {
	unit string
	of   func(r result, n int) float64
}

const recordSize = 16 << 10

func cpuPer(unit string, scale time.Duration, size int) quantity {
	return quantity{unit, func(r result, n int) float64 {
		return float64(r.CPU) / float64(scale) / float64(n) / float64(size)
	}}
}

var (
	memoryPerPair = quantity{"KiB", func(r result, n int) float64 { return float64(r.Memory) / 1024 / float64(n) }}
	throughput    = quantity{"MB/s", func(r result, n int) float64 {
		return float64(n) * recordSize / 1e6 / r.Wall.Seconds()
	}}
)

var workloads = []workload{
	{"bulk", "bulk, 16 KiB writes, per byte", 48 << 10, 2, cpuPer("ns", time.Nanosecond, recordSize)},
	{"roundtrip", "round trip of 64 bytes", 25_000, 1, cpuPer("µs", time.Microsecond, 1)},
	{"full", "full handshake", 1_000, 2, cpuPer("µs", time.Microsecond, 1)},
	{"resumed", "resumed handshake", 1_500, 2, cpuPer("µs", time.Microsecond, 1)},
	{"idle", "idle pair of connections", 2_000, 2, memoryPerPair},
	{"waiting", "idle pair, both ends in Read", 2_000, 2, memoryPerPair},
}

// allocs is measured once: it is exact.
var allocs = workload{name: "allocs", count: 5_000, threads: 1}

var versions = []string{"1.3", "1.2"}

const defaultRounds = 5

// plan is what the command was asked for.
type plan struct {
	rounds int
	scale  float64
	only   *regexp.Regexp
	log    io.Writer
}

func (p plan) count(w workload) int { return max(20, int(float64(w.count)*p.scale)) }

func main() {
	p := plan{log: os.Stderr}
	flag.IntVar(&p.rounds, "rounds", defaultRounds, "how often each is measured, in turn with the others")
	flag.Float64Var(&p.scale, "scale", 1, "of the size of each measurement")
	only := flag.String("run", "", "only the workloads that this `regexp` matches, as in full/1.3")
	out := flag.String("o", "-", "the `file` to write, - for standard output")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, p, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func compare(ctx context.Context, p plan, only, out string) error {
	var err error
	if p.only, err = regexp.Compile(only); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stacks, err := build(ctx, dir)
	if err != nil {
		return err
	}
	m, err := measure(ctx, p, dir, stacks)
	if err != nil {
		return err
	}
	if out == "-" {
		_, err = os.Stdout.WriteString(m.report())
		return err
	}
	return os.WriteFile(out, []byte(m.report()), 0o644)
}

// measurements is everything that was measured.
type measurements struct {
	plan    plan
	stacks  []*stack
	library string
	// goOpenSSL is the version of that package.
	goOpenSSL string
	// results[workload/version][stack] holds one for each round.
	results map[string][][]result
	allocs  []*result // by stack, nil for C
}

func key(w workload, version string) string { return w.name + "/" + version }

// measure runs each workload through each stack in turn, round by round, so that what else the machine does meets all
// of them alike.
func measure(ctx context.Context, p plan, dir string, stacks []*stack) (*measurements, error) {
	if err := setup.Write(dir); err != nil {
		return nil, err
	}
	m := &measurements{
		plan: p, stacks: stacks, results: make(map[string][][]result), allocs: make([]*result, len(stacks)),
	}
	var err error
	if m.goOpenSSL, err = listModule(ctx, "{{.Version}}", "github.com/libp2p/go-openssl"); err != nil {
		return nil, err
	}
	for round := range p.rounds {
		fmt.Fprintf(p.log, "round %d of %d\n", round+1, p.rounds)
		for _, w := range workloads {
			for _, version := range versions {
				k := key(w, version)
				if !p.only.MatchString(k) {
					continue
				}
				if m.results[k] == nil {
					m.results[k] = make([][]result, len(stacks))
				}
				for i, s := range stacks {
					r, err := s.run(ctx, dir, w, version, p.count(w))
					if err != nil {
						return nil, err
					}
					if r == nil {
						m.results[k][i] = nil
						continue
					}
					m.results[k][i] = append(m.results[k][i], *r)
					if err := m.sameLibrary(s, r.Library); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	for i, s := range stacks {
		if s.isC || !p.only.MatchString(allocs.name) {
			continue // C
		}
		r, err := s.run(ctx, dir, allocs, "1.3", p.count(allocs))
		if err != nil {
			return nil, err
		}
		m.allocs[i] = r
	}
	return m, nil
}

// sameLibrary sees to it that those on libssl run on the same one.
func (m *measurements) sameLibrary(s *stack, library string) error {
	switch {
	case !s.onLibssl || library == "":
		return nil
	case m.library == "":
		m.library = library
	case m.library != library:
		return fmt.Errorf("%s runs on %s, and what came before it on %s", s.name, library, m.library)
	}
	return nil
}
