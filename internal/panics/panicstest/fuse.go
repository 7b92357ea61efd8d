// Package panicstest helps to test that a panic in code of the user's is the error
// of its own call.
package panicstest

import "sync"

// Blown is what the tests panic with.
const Blown = "canary-in-a-panic"

// Fuse does at one place of a test's code what it is told to: it panics, or ends
// its goroutine. The zero value does nothing. It is safe for concurrent use.
type Fuse struct {
	mu sync.Mutex
	at string
	do func()
}

// Set has do happen at the given place, and nothing at any other.
func (f *Fuse) Set(at string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.do = at, do
}

// Blow has the given place panic with [Blown].
func (f *Fuse) Blow(at string) { f.Set(at, func() { panic(Blown) }) }

// Pass is called at each place.
func (f *Fuse) Pass(at string) {
	f.mu.Lock()
	do := f.do
	if f.at != at {
		do = nil
	}
	f.mu.Unlock()
	if do != nil {
		do()
	}
}
