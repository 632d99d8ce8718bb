module github.com/go-libssl/libssl/cmd/sslconform

go 1.25.0

require (
	github.com/fatih/color v1.19.0
	github.com/go-libssl/libssl v0.0.0
	github.com/mattn/go-isatty v0.0.24
	github.com/stretchr/testify v1.12.1
	github.com/urfave/cli/v3 v3.14.0
)

require (
	github.com/mattn/go-colorable v0.1.14 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.48.0 // indirect
	golang.org/x/sys v0.42.0 // indirect
)

