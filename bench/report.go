package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// report is docs/performance.md.
func (m *measurements) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, flagsUsed(m.plan), recordSize>>10)
	b.WriteString(m.ratios())
	b.WriteString("\n## Measured\n\nMedians. The rate of bulk is by the clock, and so also by what else the machine did.\n\n")
	b.WriteString(m.medians())
	if t := m.allocations(); t != "" {
		b.WriteString("\n## Allocations\n\nGo heap allocations for each call, the connection being in use (TLS 1.3).\n\n" + t)
	}
	if notes := m.notes(); notes != "" {
		b.WriteString("\n## Missing\n\n" + notes)
	}
	b.WriteString("\n## Measured with\n\n")
	b.WriteString(markdown(2, [][]string{
		{"", ""},
		{"Processor", fmt.Sprintf("%s, %d CPUs", processor(), runtime.NumCPU())},
		{"System", runtime.GOOS + "/" + runtime.GOARCH},
		{"libssl", m.library},
		{"Go", runtime.Version()},
		{"go-openssl", "github.com/libp2p/go-openssl " + m.goOpenSSL},
		{"Rounds", fmt.Sprint(m.plan.rounds)},
	}))
	return b.String()
}

const introduction = `# Performance

Written by ` + "`make bench%s`" + `: do not edit. What four stacks needed for the same work, on one machine on one day.
The figures hold for that machine only; their ratios say more.

- **C** is [bench.c](../bench/c/bench.c): event loops over epoll and non-blocking sockets that libssl reads and
  writes itself. It is the yardstick: what libssl costs without Go.
- **libssl** is this package, on the same libssl.
- **crypto/tls** is Go's own TLS.
- **go-openssl** is the fork of spacemonkeygo/openssl that still builds on OpenSSL 3, on the same libssl too.

## How it is measured

A process of its own does each measurement; client and server are both in it and talk over loopback TCP with
TCP_NODELAY. C has a thread for each end, Go has GOMAXPROCS=2; round trips have one thread, since their ends never
work at the same time. What is counted is the process's CPU time, user and system together, divided by what it did;
the clock only counts for the rate of bulk. The stacks take turns within a round, so that what else the machine does
meets all of them alike.

All have the same certificate (ECDSA P-256, verified by the client up to its CA), AES-128-GCM, X25519 and one
ticket. Those on libssl have SSL_MODE_RELEASE_BUFFERS, and C reads ahead, so that it takes a record by one system
call.

- **Bulk**: one end writes %d KiB at a time, the other reads.
- **Round trip**: 64 bytes there, 64 bytes back, on one connection.
- **Handshake**: making the TCP connection, the handshake, a byte each way, and closing. Eight are under way at a
  time.
- **Idle pair**: resident memory for both ends of a connection that has shaken hands and exchanged 64 bytes each way,
  once what is free has been given back. The kernel's memory is not counted. In C the event loop waits for it; in Go
  nobody does, or, in the lines that say so, a goroutine at each end.

What Go adds to C is spread thin: dialing, the making and closing of a connection, its goroutines, and that a crossing of
over 20 µs, as most are in a handshake, counts as one that blocks: the scheduler then has another thread go on, and more
threads than processors make cold caches.

## Relative to C

The median of the rounds' ratios, and in brackets the smallest and the largest. Less is better.

`

// flagsUsed repeats what was not left at its default.
func flagsUsed(p plan) string {
	var flags string
	if p.rounds != defaultRounds {
		flags += fmt.Sprintf(" -rounds %d", p.rounds)
	}
	if p.scale != 1 {
		flags += fmt.Sprintf(" -scale %g", p.scale)
	}
	if only := p.only.String(); only != "" {
		flags += " -run '" + only + "'"
	}
	if flags == "" {
		return ""
	}
	return " BENCHFLAGS=\"" + flags[1:] + "\""
}

// each calls f for each row that was measured.
func (m *measurements) each(f func(title string, w workload, rounds [][]result)) {
	for _, w := range workloads {
		for _, version := range versions {
			if rounds := m.results[key(w, version)]; rounds != nil {
				f(w.title+", TLS "+version, w, rounds)
			}
		}
	}
}

// header begins a table with a column for each stack after those named.
func (m *measurements) header(columns ...string) [][]string {
	for _, s := range m.stacks {
		columns = append(columns, s.name)
	}
	return [][]string{columns}
}

const nothing = "–"

func (m *measurements) ratios() string {
	table := m.header("")
	m.each(func(title string, w workload, rounds [][]result) {
		yardstick := m.values(w, w.quantity, rounds[0])
		row := []string{title}
		for i := range m.stacks {
			ratios := m.values(w, w.quantity, rounds[i])
			for round := range ratios {
				ratios[round] /= yardstick[round]
			}
			switch {
			case len(ratios) == 0:
				row = append(row, nothing)
			case i == 0:
				row = append(row, "1")
			default:
				row = append(row, spread(ratios))
			}
		}
		table = append(table, row)
	})
	return markdown(1, table)
}

func (m *measurements) medians() string {
	table := m.header("", "unit")
	add := func(title string, w workload, q quantity, rounds [][]result) {
		row := []string{title, q.unit}
		for i := range m.stacks {
			cell := nothing
			if values := m.values(w, q, rounds[i]); len(values) > 0 {
				cell = threeDigits(median(values))
			}
			row = append(row, cell)
		}
		table = append(table, row)
	}
	m.each(func(title string, w workload, rounds [][]result) { add(title, w, w.quantity, rounds) })
	m.each(func(title string, w workload, rounds [][]result) {
		if w.name == "bulk" {
			add(title, w, throughput, rounds)
		}
	})
	return markdown(2, table)
}

func (m *measurements) allocations() string {
	table := [][]string{{"", "Read", "Write"}}
	for i, s := range m.stacks {
		if r := m.allocs[i]; r != nil {
			table = append(table, []string{s.name, fmt.Sprint(r.Reads), fmt.Sprint(r.Writes)})
		}
	}
	if len(table) == 1 {
		return ""
	}
	return markdown(1, table)
}

func (m *measurements) notes() string {
	var lines []string
	for _, s := range m.stacks {
		for workload, why := range s.failures {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("- %s %s", s.name, workload))+": "+why+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func (m *measurements) values(w workload, q quantity, results []result) []float64 {
	var values []float64
	for _, r := range results {
		values = append(values, q.of(r, m.plan.count(w)))
	}
	return values
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	half := len(v) / 2
	if len(v)%2 == 0 {
		return (v[half-1] + v[half]) / 2
	}
	return v[half]
}

// spread is the median and, if there is more than one, what the others lie between.
func spread(values []float64) string {
	s := fmt.Sprintf("**%.2f**", median(values))
	if len(values) > 1 {
		s += fmt.Sprintf(" (%.2f–%.2f)", slices.Min(values), slices.Max(values))
	}
	return s
}

func threeDigits(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

// markdown writes a table whose first row is its header. The first columns, so many, hold words, the others numbers.
func markdown(words int, table [][]string) string {
	var b strings.Builder
	write := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	write(table[0])
	rule := make([]string, len(table[0]))
	for i := range rule {
		rule[i] = "---"
		if i >= words {
			rule[i] = "---:"
		}
	}
	write(rule)
	for _, row := range table[1:] {
		write(row)
	}
	return b.String()
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
