// Package algorithms counts the changes of where libcrypto takes algorithms from, so that what was fetched before one
// is fetched again.
package algorithms

import "sync/atomic"

var generation atomic.Uint64

// Changed is called after each change: a provider loaded or unloaded, other default properties, a configuration file.
func Changed() { generation.Add(1) }

// Generation returns a number that is another one after each change.
func Generation() uint64 { return generation.Load() }
