package openssl

import "github.com/go-libssl/libssl/internal/libcrypto"

// A VerifyResult is what libssl has found against a certificate, or [Ok]. The numbers of some differ between versions of
// OpenSSL.
//
// C: X509_STORE_CTX_get_error(3)
type VerifyResult int

// The results, each X509_V_ERR_ of that name; that function's page has a line on each.
const (
	Ok                            VerifyResult = libcrypto.X509_V_OK
	UnableToGetIssuerCert         VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
	UnableToGetCrl                VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_GET_CRL
	UnableToDecryptCertSignature  VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE
	UnableToDecryptCrlSignature   VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE
	UnableToDecodeIssuerPublicKey VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY
	CertSignatureFailure          VerifyResult = libcrypto.X509_V_ERR_CERT_SIGNATURE_FAILURE
	CrlSignatureFailure           VerifyResult = libcrypto.X509_V_ERR_CRL_SIGNATURE_FAILURE
	CertNotYetValid               VerifyResult = libcrypto.X509_V_ERR_CERT_NOT_YET_VALID
	CertHasExpired                VerifyResult = libcrypto.X509_V_ERR_CERT_HAS_EXPIRED
	CrlNotYetValid                VerifyResult = libcrypto.X509_V_ERR_CRL_NOT_YET_VALID
	CrlHasExpired                 VerifyResult = libcrypto.X509_V_ERR_CRL_HAS_EXPIRED
	ErrorInCertNotBeforeField     VerifyResult = libcrypto.X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD
	ErrorInCertNotAfterField      VerifyResult = libcrypto.X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD
	ErrorInCrlLastUpdateField     VerifyResult = libcrypto.X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD
	ErrorInCrlNextUpdateField     VerifyResult = libcrypto.X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD
	OutOfMem                      VerifyResult = libcrypto.X509_V_ERR_OUT_OF_MEM
	DepthZeroSelfSignedCert       VerifyResult = libcrypto.X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
	SelfSignedCertInChain         VerifyResult = libcrypto.X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
	UnableToGetIssuerCertLocally  VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
	UnableToVerifyLeafSignature   VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
	CertChainTooLong              VerifyResult = libcrypto.X509_V_ERR_CERT_CHAIN_TOO_LONG
	CertRevoked                   VerifyResult = libcrypto.X509_V_ERR_CERT_REVOKED
	InvalidCa                     VerifyResult = libcrypto.X509_V_ERR_INVALID_CA
	PathLengthExceeded            VerifyResult = libcrypto.X509_V_ERR_PATH_LENGTH_EXCEEDED
	InvalidPurpose                VerifyResult = libcrypto.X509_V_ERR_INVALID_PURPOSE
	CertUntrusted                 VerifyResult = libcrypto.X509_V_ERR_CERT_UNTRUSTED
	CertRejected                  VerifyResult = libcrypto.X509_V_ERR_CERT_REJECTED
	SubjectIssuerMismatch         VerifyResult = libcrypto.X509_V_ERR_SUBJECT_ISSUER_MISMATCH
	AkidSkidMismatch              VerifyResult = libcrypto.X509_V_ERR_AKID_SKID_MISMATCH
	AkidIssuerSerialMismatch      VerifyResult = libcrypto.X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH
	KeyusageNoCertsign            VerifyResult = libcrypto.X509_V_ERR_KEYUSAGE_NO_CERTSIGN
	UnableToGetCrlIssuer          VerifyResult = libcrypto.X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
	UnhandledCriticalExtension    VerifyResult = libcrypto.X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION
	KeyusageNoCrlSign             VerifyResult = libcrypto.X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
	UnhandledCriticalCrlExtension VerifyResult = libcrypto.X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
	InvalidNonCa                  VerifyResult = libcrypto.X509_V_ERR_INVALID_NON_CA
	ProxyPathLengthExceeded       VerifyResult = libcrypto.X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED
	KeyusageNoDigitalSignature    VerifyResult = libcrypto.X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE
	ProxyCertificatesNotAllowed   VerifyResult = libcrypto.X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED
	InvalidExtension              VerifyResult = libcrypto.X509_V_ERR_INVALID_EXTENSION
	InvalidPolicyExtension        VerifyResult = libcrypto.X509_V_ERR_INVALID_POLICY_EXTENSION
	NoExplicitPolicy              VerifyResult = libcrypto.X509_V_ERR_NO_EXPLICIT_POLICY
	UnnestedResource              VerifyResult = libcrypto.X509_V_ERR_UNNESTED_RESOURCE
	ApplicationVerification       VerifyResult = libcrypto.X509_V_ERR_APPLICATION_VERIFICATION
)
