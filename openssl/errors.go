package openssl

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
)

// queueError is for errors that said nothing but what the error queue held.
func queueError(err error) error { return fmt.Errorf("SSL errors: %w", err) }

// sslError is queueError for what libssl itself has refused; any other error, and nil, stay as they are.
func sslError(err error) error {
	if e := new(libssl.Error); errors.As(err, &e) {
		return queueError(err)
	}
	return err
}
