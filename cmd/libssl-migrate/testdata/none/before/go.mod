module example.com/none

go 1.25.0

require github.com/spacemonkeygo/openssl v0.0.0-20181017203307-c2dcc5cca94a // indirect
