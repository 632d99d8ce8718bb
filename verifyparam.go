package libssl

// #include "shim.h"
import "C"

import (
	"net/netip"
	"slices"
	"time"
)

// VerifyFlags say how certificates are verified: a set of X509_V_FLAG_ bits.
type VerifyFlags uint64

// The flags, each X509_V_FLAG_ of that name.
const (
	VerifyFlagCRLCheck           VerifyFlags = C.X509_V_FLAG_CRL_CHECK            // the peer's certificate must not be on a CRL, and there must be one
	VerifyFlagCRLCheckAll        VerifyFlags = C.X509_V_FLAG_CRL_CHECK_ALL        // with VerifyFlagCRLCheck: nor the others of the chain
	VerifyFlagIgnoreCritical     VerifyFlags = C.X509_V_FLAG_IGNORE_CRITICAL      // critical extensions that are not understood don't matter
	VerifyFlagX509Strict         VerifyFlags = C.X509_V_FLAG_X509_STRICT          // no work-arounds for faulty certificates
	VerifyFlagAllowProxyCerts    VerifyFlags = C.X509_V_FLAG_ALLOW_PROXY_CERTS    // proxy certificates are allowed
	VerifyFlagPolicyCheck        VerifyFlags = C.X509_V_FLAG_POLICY_CHECK         // policies are checked
	VerifyFlagExplicitPolicy     VerifyFlags = C.X509_V_FLAG_EXPLICIT_POLICY      // there must be an explicit policy
	VerifyFlagInhibitAny         VerifyFlags = C.X509_V_FLAG_INHIBIT_ANY          // no anyPolicy
	VerifyFlagInhibitMap         VerifyFlags = C.X509_V_FLAG_INHIBIT_MAP          // no policy mapping
	VerifyFlagExtendedCRLSupport VerifyFlags = C.X509_V_FLAG_EXTENDED_CRL_SUPPORT // indirect CRLs and the like
	VerifyFlagUseDeltas          VerifyFlags = C.X509_V_FLAG_USE_DELTAS           // delta CRLs
	VerifyFlagCheckSSSignature   VerifyFlags = C.X509_V_FLAG_CHECK_SS_SIGNATURE   // a root's own signature is checked
	VerifyFlagTrustedFirst       VerifyFlags = C.X509_V_FLAG_TRUSTED_FIRST        // trusted certificates go before those that the peer sent; always so
	VerifyFlagPartialChain       VerifyFlags = C.X509_V_FLAG_PARTIAL_CHAIN        // a trusted certificate ends the chain, also if it is no root
	VerifyFlagNoCheckTime        VerifyFlags = C.X509_V_FLAG_NO_CHECK_TIME        // expired certificates are accepted
)

// A Purpose is what the peer's certificate must be good for.
type Purpose int

// The purposes, each X509_PURPOSE_ of that name.
const (
	PurposeSSLClient Purpose = C.X509_PURPOSE_SSL_CLIENT // what servers ask for unless told otherwise
	PurposeSSLServer Purpose = C.X509_PURPOSE_SSL_SERVER // what clients ask for unless told otherwise
	PurposeAny       Purpose = C.X509_PURPOSE_ANY        // whatever it is for
)

// HostFlags say how the name in a certificate is compared: a set of X509_CHECK_FLAG_ bits.
type HostFlags uint

// The flags, each X509_CHECK_FLAG_ of that name.
const (
	HostAlwaysCheckSubject    HostFlags = C.X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT
	HostNoWildcards           HostFlags = C.X509_CHECK_FLAG_NO_WILDCARDS
	HostNoPartialWildcards    HostFlags = C.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS
	HostMultiLabelWildcards   HostFlags = C.X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS
	HostSingleLabelSubdomains HostFlags = C.X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS
	HostNeverCheckSubject     HostFlags = C.X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
)

// SetVerifyFlags adds flags to how peers' certificates are verified, and returns the new set. Connections made before
// keep what they have.
//
// C: X509_VERIFY_PARAM_set_flags(3)
func (c *Ctx) SetVerifyFlags(f VerifyFlags) (all VerifyFlags) {
	c.adjustParam("flags", func(p *C.X509_VERIFY_PARAM) (value uint64) {
		C.X509_VERIFY_PARAM_set_flags(p, C.ulong(f))
		all = VerifyFlags(C.X509_VERIFY_PARAM_get_flags(p))
		return uint64(all)
	})
	return all
}

// ClearVerifyFlags removes flags and returns the new set.
//
// C: X509_VERIFY_PARAM_clear_flags(3)
func (c *Ctx) ClearVerifyFlags(f VerifyFlags) (all VerifyFlags) {
	c.adjustParam("flags", func(p *C.X509_VERIFY_PARAM) (value uint64) {
		C.X509_VERIFY_PARAM_clear_flags(p, C.ulong(f))
		all = VerifyFlags(C.X509_VERIFY_PARAM_get_flags(p))
		return uint64(all)
	})
	return all
}

// VerifyFlags returns the set.
//
// C: X509_VERIFY_PARAM_get_flags(3)
func (c *Ctx) VerifyFlags() (all VerifyFlags) {
	c.view(func(p *C.SSL_CTX) { all = VerifyFlags(C.X509_VERIFY_PARAM_get_flags(C.SSL_CTX_get0_param(p))) })
	return all
}

// SetVerifyTime sets the time at which certificates must be valid; the zero time is that of the handshake.
//
// C: X509_VERIFY_PARAM_set_time(3)
func (c *Ctx) SetVerifyTime(t time.Time) {
	c.adjustParam("time", func(p *C.X509_VERIFY_PARAM) (value uint64) { return setVerifyTime(p, t) })
}

// SetPurpose sets what peers' certificates must be good for.
//
// C: X509_VERIFY_PARAM_set_purpose(3)
func (c *Ctx) SetPurpose(purpose Purpose) error {
	return c.changeParam("purpose", func(p *C.X509_VERIFY_PARAM) (r C.gls_ret, value uint64) {
		return C.gls_X509_VERIFY_PARAM_set_purpose(p, C.int(purpose)), uint64(purpose)
	})
}

// SetVerifyDepth limits how many CAs may stand between the peer's certificate and the trusted one; libssl's default
// is 100.
//
// C: SSL_CTX_set_verify_depth(3)
func (c *Ctx) SetVerifyDepth(n int) {
	c.adjustIdentity(func(p *C.SSL_CTX) {
		C.SSL_CTX_set_verify_depth(p, clipInt(n))
		c.identity.more.set("depth", number(uint64(n)))
	})
}

// VerifyDepth returns the limit of SetVerifyDepth; -1 is libssl's default.
//
// C: SSL_CTX_get_verify_depth(3)
func (c *Ctx) VerifyDepth() (n int) {
	c.view(func(p *C.SSL_CTX) { n = int(C.SSL_CTX_get_verify_depth(p)) })
	return n
}

// changeParam is changeIdentity for a parameter of the verification.
func (c *Ctx) changeParam(kind string, f func(p *C.X509_VERIFY_PARAM) (C.gls_ret, uint64)) error {
	return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		r, value := f(C.SSL_CTX_get0_param(p))
		if r.ret == 1 {
			c.identity.more.set(kind, number(value))
		}
		return r
	})
}

// adjustParam is changeParam for what can't fail.
func (c *Ctx) adjustParam(kind string, f func(p *C.X509_VERIFY_PARAM) (value uint64)) {
	c.adjustIdentity(func(p *C.SSL_CTX) { c.identity.more.set(kind, number(f(C.SSL_CTX_get0_param(p)))) })
}

// The same for one connection. A server's session id context then is one of its own: see SSL.SetVerify.

// SetVerifyFlags is [Ctx.SetVerifyFlags] for one connection.
//
// C: X509_VERIFY_PARAM_set_flags(3)
func (s *SSL) SetVerifyFlags(f VerifyFlags) (all VerifyFlags) {
	s.setParam("flags", func(p *C.X509_VERIFY_PARAM) (r C.gls_ret, value []byte) {
		C.X509_VERIFY_PARAM_set_flags(p, C.ulong(f))
		all = VerifyFlags(C.X509_VERIFY_PARAM_get_flags(p))
		return succeeded, number(uint64(all))
	})
	return all
}

// ClearVerifyFlags is [Ctx.ClearVerifyFlags] for one connection.
//
// C: X509_VERIFY_PARAM_clear_flags(3)
func (s *SSL) ClearVerifyFlags(f VerifyFlags) (all VerifyFlags) {
	s.setParam("flags", func(p *C.X509_VERIFY_PARAM) (r C.gls_ret, value []byte) {
		C.X509_VERIFY_PARAM_clear_flags(p, C.ulong(f))
		all = VerifyFlags(C.X509_VERIFY_PARAM_get_flags(p))
		return succeeded, number(uint64(all))
	})
	return all
}

// VerifyFlags returns the set.
//
// C: X509_VERIFY_PARAM_get_flags(3)
func (s *SSL) VerifyFlags() VerifyFlags {
	return ask(s, func(p *C.SSL) VerifyFlags { return VerifyFlags(C.X509_VERIFY_PARAM_get_flags(C.SSL_get0_param(p))) })
}

// SetVerifyTime is [Ctx.SetVerifyTime] for one connection.
//
// C: X509_VERIFY_PARAM_set_time(3)
func (s *SSL) SetVerifyTime(t time.Time) {
	s.setParam("time", func(p *C.X509_VERIFY_PARAM) (r C.gls_ret, value []byte) {
		return succeeded, number(setVerifyTime(p, t))
	})
}

// SetPurpose is [Ctx.SetPurpose] for one connection.
//
// C: X509_VERIFY_PARAM_set_purpose(3)
func (s *SSL) SetPurpose(purpose Purpose) error {
	return s.setParam("purpose", func(p *C.X509_VERIFY_PARAM) (r C.gls_ret, value []byte) {
		return C.gls_X509_VERIFY_PARAM_set_purpose(p, C.int(purpose)), number(uint64(purpose))
	})
}

// SetVerifyDepth is [Ctx.SetVerifyDepth] for one connection.
//
// C: SSL_set_verify_depth(3)
func (s *SSL) SetVerifyDepth(n int) {
	s.setOwn("depth", number(uint64(n)), func(p *C.SSL) C.gls_ret {
		C.SSL_set_verify_depth(p, clipInt(n))
		return succeeded
	})
}

// VerifyDepth returns the limit of SetVerifyDepth; -1 is libssl's default.
//
// C: SSL_get_verify_depth(3)
func (s *SSL) VerifyDepth() int {
	return ask(s, func(p *C.SSL) int { return int(C.SSL_get_verify_depth(p)) })
}

// SetHost sets the DNS name that the peer's certificate must be for, in the place of those set before; with AddHost
// there are several, any of which will do. It counts where the certificate is verified: see SetVerify. SetServerName
// sets it too where it is the name to verify; SetHost after it makes that another one.
//
// C: SSL_set1_host(3)
func (s *SSL) SetHost(name string) error {
	return s.expect("SSL_set1_host", "hosts", name, false, func(p *C.SSL, cs *C.char) C.gls_ret { return C.gls_SSL_set1_host(p, cs) })
}

// AddHost adds a DNS name to that of SetHost: a certificate for any of them will do.
//
// C: SSL_add1_host(3)
func (s *SSL) AddHost(name string) error {
	return s.expect("SSL_add1_host", "hosts", name, true, func(p *C.SSL, cs *C.char) C.gls_ret { return C.gls_SSL_add1_host(p, cs) })
}

// SetHostFlags sets how names are compared. SetServerName, where the name is verified, and Dial set
// HostNoPartialWildcards.
//
// C: SSL_set_hostflags(3)
func (s *SSL) SetHostFlags(f HostFlags) {
	s.setOwn("host flags", number(uint64(f)), func(p *C.SSL) C.gls_ret {
		C.SSL_set_hostflags(p, C.uint(f))
		return succeeded
	})
}

// SetVerifyIP sets the IP address that the peer's certificate must be for, beside a name of SetHost if there is one.
//
// C: X509_VERIFY_PARAM_set1_ip_asc(3)
func (s *SSL) SetVerifyIP(ip netip.Addr) error {
	return s.expect("X509_VERIFY_PARAM_set1_ip_asc", "ip", ip.WithZone("").String(), false, func(p *C.SSL, cs *C.char) C.gls_ret {
		return C.gls_X509_VERIFY_PARAM_set1_ip_asc(C.SSL_get0_param(p), cs)
	})
}

// SetVerifyEmail sets the e-mail address that the peer's certificate must be for.
//
// C: X509_VERIFY_PARAM_set1_email(3)
func (s *SSL) SetVerifyEmail(address string) error {
	return s.expect("X509_VERIFY_PARAM_set1_email", "email", address, false, func(p *C.SSL, cs *C.char) C.gls_ret {
		return C.gls_X509_VERIFY_PARAM_set1_email(C.SSL_get0_param(p), cs)
	})
}

// PeerName returns the name in the peer's certificate that one of the expected hosts was found to match, as the
// certificate has it: with its wildcard. It is empty if none was verified in this connection.
//
// C: SSL_get0_peername(3)
func (s *SSL) PeerName() string {
	return ask(s, func(p *C.SSL) string { return C.GoString(C.SSL_get0_peername(p)) })
}

// expect sets who the peer must be, or adds to it.
func (s *SSL) expect(op, kind, who string, add bool, f func(p *C.SSL, cs *C.char) C.gls_ret) error {
	return withCString(op, who, func(cs *C.char) error {
		return s.setOwnLate(kind, func(p *C.SSL) (r C.gls_ret, value []byte) {
			if r = f(p, cs); r.ret == 1 {
				s.expects = true
			}
			if add {
				value = append(slices.Clone(s.own.settings[kind]), 0)
			}
			return r, append(value, who...)
		})
	})
}

// setParam is setOwn for a parameter of the verification.
func (s *SSL) setParam(kind string, f func(p *C.X509_VERIFY_PARAM) (C.gls_ret, []byte)) error {
	return s.setOwnLate(kind, func(p *C.SSL) (C.gls_ret, []byte) { return f(C.SSL_get0_param(p)) })
}

// setVerifyTime returns the time as settings have it.
func setVerifyTime(p *C.X509_VERIFY_PARAM, t time.Time) uint64 {
	C.X509_VERIFY_PARAM_set_time(p, C.time_t(cTime(t)))
	if t.IsZero() {
		C.X509_VERIFY_PARAM_clear_flags(p, C.X509_V_FLAG_USE_CHECK_TIME)
	}
	return uint64(cTime(t))
}
