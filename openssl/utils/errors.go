// Package utils has two helpers that programs written for the original package may use.
package utils

import "errors"

// An ErrorGroup collects errors. It is for one goroutine at a time.
type ErrorGroup struct {
	Errors []error
}

// Add adds an error; nil is none.
func (e *ErrorGroup) Add(err error) {
	if err != nil {
		e.Errors = append(e.Errors, err)
	}
}

// Finalize returns nil if there was no error, the error if there was one, and otherwise an error that wraps them all and has
// a line for each.
func (e *ErrorGroup) Finalize() error {
	if len(e.Errors) == 1 {
		return e.Errors[0]
	}
	return errors.Join(e.Errors...)
}
