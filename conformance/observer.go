package conformance

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-libssl/libssl"
)

// An Observer is what a clause sees libssl through in one way and one mode: it makes the objects and the
// handshakes, keeps the notes, and cleans up.
type Observer struct {
	Way  Way
	Mode Mode

	id *identity

	mu      sync.Mutex
	notes   []Observation
	cleanup []func()
	over    bool // the time limit has passed: whatever still comes is too late
	wires   []io.Closer
}

// Note writes down a fact.
func (o *Observer) Note(name, format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.over {
		o.notes = append(o.notes, Observation{Way: o.Way, Mode: o.Mode, Name: name, Value: fmt.Sprintf(format, args...)})
	}
}

// stop ends the observation: what was noted is returned and connections are cut, so that whoever
// waits on one gets an error and leaves.
func (o *Observer) stop() []Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	for _, w := range o.wires {
		w.Close()
	}
	return o.notes
}

// Watch has what somebody may wait on closed when the time limit has passed. A clause that is done closes its own.
func (o *Observer) Watch(wires ...io.Closer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wires = append(o.wires, wires...)
}

// AtEnd has a function called when the clause is over.
func (o *Observer) AtEnd(f func()) { o.atEnd(f) }

func (o *Observer) atEnd(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cleanup = append(o.cleanup, f)
}

// cleanUp lets go of what the observation made, the newest first.
func (o *Observer) cleanUp() {
	for {
		o.mu.Lock()
		todo := o.cleanup
		o.cleanup = nil // callbacks may add to it
		o.mu.Unlock()
		if len(todo) == 0 {
			return
		}
		for _, f := range slices.Backward(todo) {
			f()
		}
	}
}

// A surprise is an error that a clause did not reckon with.
type surprise struct{ error }

// Must ends a clause if err is not nil: it is for what has to work before there is anything to see.
func Must(err error) { must(err) }

// Unable ends a clause that this machine does not allow to observe, and says why not: "needs root".
func Unable(why string) { panic(unableTo(why)) }

type unableTo string

// must is for what has to work before there is anything to see. If it does not, the clause is over.
func must(err error) {
	if err != nil {
		panic(surprise{err})
	}
}

func must1[T any](v T, err error) T {
	must(err)
	return v
}

// result is how a call came out: "ok", or the value that libssl returned and its errors.
func result(err error) string {
	if err == nil {
		return "ok"
	}
	if e := (*libssl.Error)(nil); errors.As(err, &e) {
		return fmt.Sprintf("ret=%d %s", e.Ret, queue(err))
	}
	return err.Error()
}

// queue is an error's queue in the form E{library:reason}, oldest first. Codes, texts and function
// names are left out: they change between versions.
func queue(err error) string {
	var e *libssl.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if len(e.Stack) == 0 {
		return "no error queued"
	}
	var b strings.Builder
	for _, entry := range e.Stack {
		fmt.Fprintf(&b, "E{%d:%d}", entry.Lib, int(entry.Reason))
	}
	return b.String()
}

func hasReason(err error, r libssl.Reason) bool { return errors.Is(err, r) }
