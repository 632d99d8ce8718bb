module example.com/peer

go 1.21

require golang.org/x/crypto v0.48.0

replace github.com/libp2p/go-openssl => ../go-openssl
