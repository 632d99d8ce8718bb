package libtls

import (
	"strings"

	"github.com/go-libssl/libssl"
)

// cipherNames are libtls' words for cipher suites up to TLS 1.2, in libssl's language.
var cipherNames = map[string]string{
	"default": ciphersSecure, "secure": ciphersSecure,
	"compat":   "HIGH:!aNULL",
	"legacy":   "HIGH:MEDIUM:!aNULL",
	"insecure": "ALL:!aNULL:!eNULL", "all": "ALL:!aNULL:!eNULL",
}

// ciphersSecure are those with forward secrecy and authenticated encryption.
const ciphersSecure = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!PSK"

// SetCiphers sets the cipher suites up to TLS 1.2, by a word or in the syntax of openssl ciphers: secure and default,
// with forward secrecy and authenticated encryption; compat, what is strong; legacy, all but the weakest; insecure and
// all, whatever authenticates. Those of TLS 1.3 are libssl's own, all good. If nothing is left of the list it is
// [ErrNoCiphers].
//
// C: tls_config_set_ciphers(3)
func (c *Config) SetCiphers(list string) error {
	return c.change(func() error {
		spec, ok := cipherNames[strings.ToLower(list)]
		if !ok {
			spec = list
		}
		if err := probe(func(ctx *libssl.Ctx) error { return ctx.SetCipherList(spec) }); err != nil {
			return faultf(ErrNoCiphers, err, "no ciphers for '%s'", list)
		}
		c.ciphers = spec
		return nil
	})
}

// PreferCiphersClient has a server take the first of the client's suites that it allows.
//
// C: tls_config_prefer_ciphers_client(3)
func (c *Config) PreferCiphersClient() { c.set(func() { c.serverPrefers = false }) }

// PreferCiphersServer has a server take the first of its own suites that the client offers; the default.
//
// C: tls_config_prefer_ciphers_server(3)
func (c *Config) PreferCiphersServer() { c.set(func() { c.serverPrefers = true }) }

// curvesDefault is libtls' choice.
const curvesDefault = "X25519:P-256:P-384"

// SetECDHECurves sets the groups of the key exchange, the preferred ones first, with commas or colons between them:
// as libssl names them, or "default", which is X25519, P-256 and P-384. One that this libssl does not have is
// [ErrInvalidECDHECurve].
//
// C: tls_config_set_ecdhecurves(3)
func (c *Config) SetECDHECurves(list string) error {
	return c.change(func() error {
		if strings.EqualFold(list, "default") {
			c.curves = curvesDefault
			return nil
		}
		names := strings.Split(strings.ReplaceAll(list, ",", ":"), ":")
		for i, name := range names {
			name = strings.TrimLeft(name, " \t")
			err := probe(func(ctx *libssl.Ctx) error { return ctx.SetGroupsList(name) })
			if err != nil || name == "" || strings.ContainsAny(name, " \t") { // libssl passes over blanks
				return faultf(ErrInvalidECDHECurve, err, "invalid ecdhe curve '%s'", name)
			}
			names[i] = name
		}
		spec := strings.Join(names, ":")
		if err := probe(func(ctx *libssl.Ctx) error { return ctx.SetGroupsList(spec) }); err != nil { // one twice
			return faultf(ErrInvalidECDHECurve, err, "invalid ecdhe curve '%s'", list)
		}
		c.curves = spec
		return nil
	})
}

// dheParams are the modes of [libssl.Ctx.SetDHAuto].
var dheParams = map[string]int{"none": 0, "auto": 1, "legacy": 2}

// SetDHEParams says what a server does for the key exchange without elliptic curves, up to TLS 1.2: none, the default,
// offers none; auto takes parameters as strong as its key, legacy ones of 1024 bits. Else it is [ErrInvalidDHEParam].
//
// C: tls_config_set_dheparams(3)
func (c *Config) SetDHEParams(params string) error {
	return c.change(func() error {
		mode, ok := dheParams[strings.ToLower(params)]
		if !ok {
			return faultf(ErrInvalidDHEParam, nil, "invalid dhe param '%s'", params)
		}
		c.dhe = mode
		return nil
	})
}

// SetALPN sets the application protocols, the preferred ones first, with commas between them. A server that has none
// of those that a client offers goes on without.
//
// C: tls_config_set_alpn(3)
func (c *Config) SetALPN(list string) error {
	return c.change(func() error {
		if len(list)+1 > 0xffff { // on the wire
			return fault(ErrALPNTooLarge, nil)
		}
		protocols := strings.Split(list, ",")
		for _, p := range protocols {
			switch {
			case p == "":
				return fault(ErrALPNEmpty, nil)
			case len(p) > 0xff:
				return fault(ErrALPNTooLong, nil)
			}
		}
		c.alpn = protocols
		return nil
	})
}

// selectALPN is the choice of a server.
func selectALPN(ours []string) libssl.ALPNSelect {
	return func(_ *libssl.SSL, offered []string) (string, error) {
		for _, p := range ours {
			for _, o := range offered {
				if p == o {
					return p, nil
				}
			}
		}
		return "", nil
	}
}

// probe asks libssl what it thinks of a setting.
func probe(set func(ctx *libssl.Ctx) error) error {
	ctx, err := libssl.NewCtx(libssl.TLSMethod)
	if err != nil {
		return err
	}
	defer ctx.Close()
	return set(ctx)
}
