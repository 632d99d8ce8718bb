module example.com/call

go 1.25.0
