package main

import (
	_ "embed"
	"strings"
)

// An origin is a package that ours takes the place of.
type origin struct {
	names   map[string]string // what to do about its package-level names, where ours lacks them or has them otherwise
	methods map[string]string // the same for methods
}

//go:embed names.txt
var namesText string

// ourNames are the exported package-level names of ours.
var ourNames = func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(namesText) {
		names[name] = true
	}
	return names
}()

const (
	setVersions = "use Ctx.SetMinVersion and Ctx.SetMaxVersion, with the versions of crypto/tls; they return an error"
	noDTLS      = "there is no DTLS"
	noEqual     = "there is no such method: compare what MarshalPKIXPublicKeyDER returns"
)

var originalNames = map[string]string{
	"EngineById": "it always fails, as OpenSSL has no engines any more: see libssl.LoadProvider",
	"SSLv3":      "NewCtxWithVersion fails with it, as no libssl has SSL 3.0 any more",
	"MD4":        "from OpenSSL 3.0 on it needs the legacy provider",
	"NewMD4Hash": "from OpenSSL 3.0 on it needs the legacy provider",
}

// what both forks have added.
var forkMethods = map[string]string{
	"SetNextProtos":      "it is Ctx.SetALPNProtos here, with the protocols as its arguments",
	"SetMinProtoVersion": setVersions,
	"SetMaxProtoVersion": setVersions,
	"AddCustomExtension": "there is no such method: AddExtension takes the value as \"DER:\" and hexadecimal digits",
	"GetExtensionValue":  "there is no such method: crypto/x509 has Certificate.Extensions",
	"Equal":              "if it is a key's, " + noEqual,
	"Size":               "if it is a key's, there is no such method: crypto/x509 parses what MarshalPKIXPublicKeyDER returns",
}

var sources = map[string]origin{
	"github.com/spacemonkeygo/openssl": {names: originalNames},
	"github.com/libp2p/go-openssl": {
		names: with(originalNames, map[string]string{
			"DialTimeout":            "use DialContext, with context.WithTimeout",
			"Version":                setVersions,
			"SSL3_VERSION":           setVersions,
			"TLS1_VERSION":           setVersions,
			"TLS1_1_VERSION":         setVersions,
			"TLS1_2_VERSION":         setVersions,
			"TLS1_3_VERSION":         setVersions,
			"DTLS1_VERSION":          noDTLS,
			"DTLS1_2_VERSION":        noDTLS,
			"CreateObjectIdentifier": "there is no such function: AddExtension takes the numbers that libcrypto has",
		}),
		methods: forkMethods,
	},
	"github.com/pexip/go-openssl": {
		names: with(originalNames, map[string]string{
			"Version":                "use Ctx.SetMinVersion and Ctx.SetMaxVersion, with the versions of crypto/tls",
			"TLS1version":            setVersions,
			"TLS11version":           setVersions,
			"TLS12version":           setVersions,
			"TLS13version":           setVersions,
			"SSL3version":            setVersions,
			"DTLS1version":           noDTLS,
			"DTLS12version":          noDTLS,
			"NoDTLSv1":               noDTLS,
			"NoDTLSv12":              noDTLS,
			"NoTLSv11":               "Ctx.Libssl().SetOptions takes libssl.NoTLSv1_1",
			"NoTLSv12":               "Ctx.Libssl().SetOptions takes libssl.NoTLSv1_2",
			"NoTLSv13":               "Ctx.Libssl().SetOptions takes libssl.NoTLSv1_3",
			"VerifyPostHandshake":    "Ctx.Libssl().SetVerify takes libssl.VerifyPostHandshake",
			"KeyType":                "it is NID here",
			"GCMTagLen":              "it is GCM_TAG_MAXLEN here",
			"GetDigestByName":        "it has no second argument here",
			"GetDigestByNid":         "it has no second argument here",
			"GetCipherByName":        "it has no second argument here",
			"NewHMAC":                "its arguments are another order here: the key, and one of EVP_SHA256 and its like",
			"GetNonFIPSCtx":          "there are no library contexts: see libssl.LoadProvider and libssl.SetDefaultProperties",
			"LibraryContext":         "there are no library contexts: see libssl.LoadProvider and libssl.SetDefaultProperties",
			"NewCipherJob":           "use NewEncryptionCipherCtx or NewDecryptionCipherCtx",
			"NewEncryptionCipherJob": "use NewEncryptionCipherCtx, which takes an engine, nil, as its second argument",
			"NewDecryptionCipherJob": "use NewDecryptionCipherCtx, which takes an engine, nil, as its second argument",
			"CreateObjectIdentifier": "there is no such function: AddExtension takes the numbers that libcrypto has",
		}),
		methods: with(forkMethods, map[string]string{
			"SignPKCS1v15":       "it takes a Method here: SHA256_Method and its like, or nil for Ed25519",
			"VerifyPKCS1v15":     "it takes a Method here: SHA256_Method and its like, or nil for Ed25519",
			"MarshalDER":         "there is no such method: encoding/pem decodes what MarshalPEM returns",
			"ComputeFingerprint": "there is no such method: decode what MarshalPEM returns and use SHA256",
		}),
	},
}

func with(base, more map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{base, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}
