module example.com/shop

go 1.25.0

require github.com/spacemonkeygo/spacelog v0.0.0-20180420211403-2296661a0572 // indirect
