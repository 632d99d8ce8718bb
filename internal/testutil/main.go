package testutil

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

var ends struct {
	sync.Mutex
	checks []endCheck
}

type endCheck struct {
	name  string
	check func() error
}

// AtEnd registers a check that Main runs once all tests have passed: that nothing has leaked, say. Call it
// from an init function or from TestMain.
func AtEnd(name string, check func() error) {
	ends.Lock()
	defer ends.Unlock()
	ends.checks = append(ends.checks, endCheck{name, check})
}

// Main runs the tests, collects garbage twice, so that a leak checker that looks at the C heap on exit does
// not take what only a dead Go object points to for reachable, runs the checks of AtEnd if the tests passed,
// and exits.
//
//	func TestMain(m *testing.M) { testutil.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	runtime.GC()
	runtime.GC()
	if code == 0 {
		ends.Lock()
		defer ends.Unlock()
		for _, e := range ends.checks {
			if err := e.check(); err != nil {
				fmt.Fprintf(os.Stderr, "FAIL: at the end of the run: %s: %v\n", e.name, err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// collectLimit bounds the wait for the runtime's cleanup goroutine.
const collectLimit = 30 * time.Second

// Collect runs the garbage collector and waits until it has begun to run cleanups. It reports whether that
// happened in good time: cleanups that block hold up the others.
//
// The runtime may run several cleanups side by side, and an object that leads to another one needs a round
// for each link, so use CollectUntil to wait for an effect.
func Collect() bool {
	done := make(chan struct{})
	sentinel(done)
	// The second round picks up what a cleanup of the first let go of.
	runtime.GC()
	runtime.GC()
	timer := time.NewTimer(collectLimit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// CollectUntil collects garbage until done says true, and returns what done said last. It gives up after
// limit.
func CollectUntil(limit time.Duration, done func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if done() {
			return true
		}
		if !Collect() {
			break
		}
	}
	return done()
}

// sentinel drops an object whose cleanup closes done. It is large enough, and has a pointer, so that the
// runtime gives it a block of its own, and not inlined, so that no register keeps it.
//
//go:noinline
func sentinel(done chan struct{}) {
	type block struct {
		_ [8]uint64
		p *block
	}
	b := new(block)
	b.p = b
	runtime.AddCleanup(b, func(c chan struct{}) { close(c) }, done)
}
