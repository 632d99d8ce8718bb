// Package late lets package openssl have setters that callbacks may call, as those of package libssl that have no error
// to return.
package late

// SetTicketKeyManager is that of ctx, a *libssl.Ctx, with keys, a libssl.TicketKeyManager or nil, but returns no error:
// from inside a callback it takes effect soon after. Package libssl sets it.
var SetTicketKeyManager func(ctx, keys any)
