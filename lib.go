package libssl

/*
#cgo CFLAGS: -std=gnu11
#cgo !libssl_static pkg-config: libssl libcrypto
#cgo libssl_static LDFLAGS: -l:libssl.a -l:libcrypto.a -ldl -lpthread
#include "shim.h"
*/
import "C"

import (
	"errors"
	"net"
)

func init() { C.gls_init() }

var (
	// ErrUnsupported is wrapped by the error of a call that this libssl lacks.
	ErrUnsupported = errors.New("libssl: not supported by this libssl")
	// ErrClosed is returned by the methods of what was closed. errors.Is takes it for net.ErrClosed too.
	ErrClosed error = closedError{}
	// ErrInCallback is returned by calls that an object's own callbacks can't make.
	ErrInCallback = errors.New("libssl: called from inside the object's own callback")
	// ErrAbandoned is returned by a connection whose callback ended by runtime.Goexit.
	ErrAbandoned = errors.New("libssl: connection lost: a callback ended by runtime.Goexit")
)

type closedError struct{}

func (closedError) Error() string        { return "libssl: closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }

// Version returns the text by which the loaded library names itself, as "OpenSSL 3.0.19 27 Jan 2026".
//
// C: OpenSSL_version(3)
func Version() string { return C.GoString(C.OpenSSL_version(C.OPENSSL_VERSION)) }

// VersionNumber returns the loaded library's version, 0xMNN00PP0 from 3.0 on: 0x30000130 is 3.0.19.
//
// C: OpenSSL_version_num(3)
func VersionNumber() uint64 { return uint64(C.OpenSSL_version_num()) }

// HeaderVersion returns the text of the headers that the program was built with. Where it names another version
// than [Version], the program may lack what the loaded library could do.
func HeaderVersion() string { return C.OPENSSL_VERSION_TEXT }

// headerVersionNumber is VersionNumber of the headers.
const headerVersionNumber = C.OPENSSL_VERSION_NUMBER

// sslLib is ERR_LIB_SSL.
const sslLib = C.ERR_LIB_SSL

// systemLib is ERR_LIB_SYS, whose reasons are the system's error numbers.
const systemLib = C.ERR_LIB_SYS
