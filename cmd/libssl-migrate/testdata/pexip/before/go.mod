module example.com/call

go 1.25.0

require github.com/pexip/go-openssl v0.1.0

replace github.com/pexip/go-openssl => ../go-openssl
