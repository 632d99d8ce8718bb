package libtls

import "crypto/tls"

// What is known of a connection. Before the handshake is complete, and after it has failed, it is nothing; after Close
// it stays.

// facts are what was negotiated, which Close would take away.
type facts struct {
	state    tls.ConnectionState
	cipher   string
	strength int
}

func (c *Conn) facts() facts {
	return facts{c.conn.ConnectionState(), c.conn.CipherName(), c.conn.CipherBits()}
}

func (c *Conn) knownFacts() facts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

func (c *Conn) knownState() tls.ConnectionState { return c.knownFacts().state }

// Version returns the protocol version, as "TLSv1.3".
//
// C: tls_conn_version(3)
func (c *Conn) Version() string { return versionNames[c.knownState().Version] }

var versionNames = map[uint16]string{
	tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3",
}

// Cipher returns libssl's name of the cipher suite, as "TLS_AES_256_GCM_SHA384".
//
// C: tls_conn_cipher(3)
func (c *Conn) Cipher() string { return c.knownFacts().cipher }

// CipherStrength returns the strength of the cipher in bits, as 256.
//
// C: tls_conn_cipher_strength(3)
func (c *Conn) CipherStrength() int { return c.knownFacts().strength }

// ALPNSelected returns the application protocol agreed on; "" for none.
//
// C: tls_conn_alpn_selected(3)
func (c *Conn) ALPNSelected() string { return c.knownState().NegotiatedProtocol }

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
func (c *Conn) SessionResumed() bool { return c.knownState().DidResume }
