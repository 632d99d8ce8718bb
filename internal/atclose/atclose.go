// Package atclose lets package openssl ask a connection of package libssl a last time.
package atclose

// Do has f run once in the Close of conn, a *libssl.Conn: after everybody who reads or writes has been woken, and before
// the SSL is freed. Call it before the connection is used. Package libssl sets it.
var Do func(conn any, f func())
