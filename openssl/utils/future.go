package utils

import "sync"

// A Future is a value that is not there yet. All its methods may be called by several goroutines at once. The zero Future is
// one too.
type Future struct {
	mu   sync.Mutex
	done chan struct{} // closed when the value is there; made by whoever comes first
	set  bool
	val  interface{}
	err  error
}

// NewFuture returns a Future.
func NewFuture() *Future { return new(Future) }

// Get waits for Set and returns what that was given.
func (f *Future) Get() (interface{}, error) {
	<-f.wait()
	return f.val, f.err
}

// Fired reports whether Set was called.
func (f *Future) Fired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set
}

// Set sets what Get returns. Only the first call does.
func (f *Future) Set(val interface{}, err error) {
	done := f.wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.set {
		return
	}
	f.set, f.val, f.err = true, val, err
	close(done)
}

func (f *Future) wait() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done == nil {
		f.done = make(chan struct{})
	}
	return f.done
}
