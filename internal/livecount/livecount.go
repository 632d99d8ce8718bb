// Package livecount counts the live objects of the libssl in the process, whoever made them: those of the
// binding, those that libssl makes for itself, and those that have been forgotten. It registers a
// constructor and a destructor with OpenSSL's ex_data for each type. Import it from tests only, and
// anywhere: the counters start before main does.
package livecount

/*
#cgo CFLAGS: -Wall
#cgo !libssl_static pkg-config: libssl libcrypto
#cgo libssl_static LDFLAGS: -l:libssl.a -l:libcrypto.a -ldl -lpthread

#include "livecount.h"
*/
import "C"

import (
	"fmt"
	"time"

	"github.com/go-libssl/libssl/internal/testutil"
)

// Counts are numbers of live objects.
type Counts struct {
	SSL     int // SSL
	Ctx     int // SSL_CTX
	Session int // SSL_SESSION
	BIO     int // BIO
	X509    int // X509
	Store   int // X509_STORE
	PKey    int // EVP_PKEY; always 0 before OpenSSL 3.0
}

// Now returns the present counts. They are exact as long as no other goroutine is in libssl.
func Now() Counts {
	n := C.glslive_now()
	return Counts{
		SSL:     int(n.ssl),
		Ctx:     int(n.ctx),
		Session: int(n.session),
		BIO:     int(n.bio),
		X509:    int(n.x509),
		Store:   int(n.store),
		PKey:    int(n.pkey),
	}
}

func (c Counts) String() string {
	return fmt.Sprintf("%d SSL, %d SSL_CTX, %d SSL_SESSION, %d BIO, %d X509, %d X509_STORE, %d EVP_PKEY",
		c.SSL, c.Ctx, c.Session, c.BIO, c.X509, c.Store, c.PKey)
}

// Settle collects garbage until the counts are want or less, in each type, or limit has passed. It returns
// the counts at the end and whether they are.
func Settle(want Counts, limit time.Duration) (Counts, bool) {
	ok := testutil.CollectUntil(limit, func() bool { return Now().within(want) })
	return Now(), ok
}

func (c Counts) within(want Counts) bool {
	return c.SSL <= want.SSL && c.Ctx <= want.Ctx && c.Session <= want.Session && c.BIO <= want.BIO &&
		c.X509 <= want.X509 && c.Store <= want.Store && c.PKey <= want.PKey
}

func init() {
	if C.glslive_failed() != 0 {
		panic("livecount: OpenSSL took no ex_data callbacks")
	}
}
