module github.com/go-libssl/libssl/bench

go 1.25.0

require (
	github.com/go-libssl/libssl v0.0.0
	github.com/libp2p/go-openssl v0.1.0
)

require (
	github.com/mattn/go-pointer v0.0.1 // indirect
	github.com/spacemonkeygo/spacelog v0.0.0-20180420211403-2296661a0572 // indirect
	golang.org/x/crypto v0.48.0 // indirect
	golang.org/x/sys v0.41.0 // indirect
)
