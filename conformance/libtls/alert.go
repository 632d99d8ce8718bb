package libtls

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
)

// alert is the alert that ended a connection.
func alert(err error) string {
	var e *libssl.Error
	if !errors.As(err, &e) {
		return "none"
	}
	code, _, ok := e.Alert()
	if !ok {
		return "none"
	}
	return fmt.Sprint(code)
}
