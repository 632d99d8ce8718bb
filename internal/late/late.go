// Package late has what a callback asks for done when that can be done.
package late

import "sync"

// A Queue runs what it is given in a goroutine of its own, in order, each when the one before is over. The zero Queue is
// ready for use.
type Queue struct {
	mu      sync.Mutex
	waiting []func()
	running bool
}

// Add returns at once.
func (q *Queue) Add(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, f)
	if !q.running {
		q.running = true
		go q.run()
	}
}

func (q *Queue) run() {
	for f := q.next(); f != nil; f = q.next() {
		f()
	}
}

func (q *Queue) next() (f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.running = false
		return nil
	}
	f, q.waiting = q.waiting[0], q.waiting[1:]
	return f
}
