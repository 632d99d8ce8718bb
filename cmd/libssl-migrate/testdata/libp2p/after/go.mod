module example.com/peer

go 1.24.0

require (
	github.com/libp2p/go-openssl v0.1.0
	golang.org/x/crypto v0.48.0
)

replace github.com/libp2p/go-openssl => ../go-openssl

tool github.com/libp2p/go-openssl/cmd/gen

tool golang.org/x/crypto/gen
