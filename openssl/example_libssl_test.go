package openssl_test

import (
	"fmt"
	"log"

	"github.com/go-libssl/libssl/openssl"
)

// The session API of package libssl on a Ctx of this one.
func ExampleCtx_Libssl() {
	ctx, err := openssl.NewCtx()
	if err != nil {
		log.Fatal(err)
	}
	if err := ctx.SetSessionIDContext([]byte("shop")); err != nil {
		log.Fatal(err)
	}
	ctx.SetSessionCacheMode(openssl.SessionCacheServer | openssl.NoInternalLookup)
	fmt.Println(ctx.SessionCacheMode())
	// Output: SERVER|NO_INTERNAL_LOOKUP
}
