package libtls

import "crypto/tls"

// What is known of a connection. Before the handshake is complete, and after it has failed, it is nothing; after Close
// it stays.

// describe takes down what Close would take away. c.mu is held.
func (c *Conn) describe() {
	c.cipher, c.strength = c.conn.CipherName(), c.conn.CipherBits()
}

// known returns what was negotiated.
func (c *Conn) known() tls.ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Version returns the protocol version, as "TLSv1.3".
//
// C: tls_conn_version(3)
func (c *Conn) Version() string { return versionNames[c.known().Version] }

var versionNames = map[uint16]string{
	tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3",
}

// Cipher returns libssl's name of the cipher suite, as "TLS_AES_256_GCM_SHA384".
//
// C: tls_conn_cipher(3)
func (c *Conn) Cipher() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cipher
}

// CipherStrength returns the strength of the cipher in bits, as 256.
//
// C: tls_conn_cipher_strength(3)
func (c *Conn) CipherStrength() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.strength
}

// ALPNSelected returns the application protocol agreed on; "" for none.
//
// C: tls_conn_alpn_selected(3)
func (c *Conn) ALPNSelected() string { return c.known().NegotiatedProtocol }

// ServerName returns the name that the client has asked for: on a client, before the handshake too, the one that it
// was given.
//
// C: tls_conn_servername(3)
func (c *Conn) ServerName() string {
	if c.client {
		return c.serverName
	}
	if name := c.askedName.Load(); name != nil {
		return *name
	}
	return ""
}

// SessionResumed reports whether the handshake resumed a session, on a client and on a server.
//
// C: tls_conn_session_resumed(3)
func (c *Conn) SessionResumed() bool { return c.known().DidResume }
