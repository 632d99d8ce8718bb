module example.com/call

go 1.25.0

replace github.com/pexip/go-openssl => ../go-openssl
