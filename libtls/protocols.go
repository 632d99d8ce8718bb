package libtls

import (
	"strings"

	"github.com/go-libssl/libssl"
)

// Protocols is a set of protocol versions, with the bits of TLS_PROTOCOL_.
type Protocols uint32

// The protocols.
const (
	ProtocolTLSv1_0 Protocols = 1 << 1
	ProtocolTLSv1_1 Protocols = 1 << 2
	ProtocolTLSv1_2 Protocols = 1 << 3
	ProtocolTLSv1_3 Protocols = 1 << 4

	ProtocolTLSv1    = ProtocolTLSv1_0 | ProtocolTLSv1_1 | ProtocolTLSv1_2 | ProtocolTLSv1_3
	ProtocolsAll     = ProtocolTLSv1
	ProtocolsDefault = ProtocolTLSv1_2 | ProtocolTLSv1_3
)

// protocolNames are the words of ParseProtocols.
var protocolNames = map[string]Protocols{
	"all": ProtocolsAll, "legacy": ProtocolsAll, "tlsv1": ProtocolTLSv1,
	"default": ProtocolsDefault, "secure": ProtocolsDefault,
	"tlsv1.0": ProtocolTLSv1_0, "tlsv1.1": ProtocolTLSv1_1, "tlsv1.2": ProtocolTLSv1_2, "tlsv1.3": ProtocolTLSv1_3,
}

// ParseProtocols reads a list of protocols with commas or colons between them: all and legacy, default and secure,
// tlsv1, tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3. A "!" before one takes it away; if nothing was there before, from all.
// Anything else is [ErrInvalidProtocols].
//
// C: tls_config_parse_protocols(3)
func ParseProtocols(list string) (Protocols, error) {
	var all Protocols
	for _, word := range strings.Split(strings.ReplaceAll(list, ":", ","), ",") {
		word = strings.TrimLeft(word, " \t")
		word, not := strings.CutPrefix(word, "!")
		p, ok := protocolNames[strings.ToLower(word)]
		switch {
		case !ok:
			return 0, faultf(ErrInvalidProtocols, nil, "%v: %q", ErrInvalidProtocols, list)
		case !not:
			all |= p
		case all == 0:
			all = ProtocolsAll &^ p
		default:
			all &^= p
		}
	}
	return all, nil
}

// SetProtocols sets the protocols that connections may use; the default is ProtocolsDefault. libssl's own configuration
// and security level may allow fewer. A set with none in it is no error here, but each handshake fails.
//
// C: tls_config_set_protocols(3)
func (c *Config) SetProtocols(p Protocols) error {
	return c.change(func() error {
		c.protocols = p
		return nil
	})
}

// notProtocols are the options that turn a protocol off.
var notProtocols = map[Protocols]libssl.Options{
	ProtocolTLSv1_0: libssl.NoTLSv1, ProtocolTLSv1_1: libssl.NoTLSv1_1,
	ProtocolTLSv1_2: libssl.NoTLSv1_2, ProtocolTLSv1_3: libssl.NoTLSv1_3,
}

// options are those that leave only p.
func (p Protocols) options() (off libssl.Options) {
	for protocol, option := range notProtocols {
		if p&protocol == 0 {
			off |= option
		}
	}
	return off
}

// String names the set as ParseProtocols reads it; "" is the empty one.
func (p Protocols) String() string {
	var names []string
	for _, name := range []string{"tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3"} {
		if p&protocolNames[name] != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
