/*
 * crypto.h - what package openssl needs of libcrypto, readable alone: EVP, X509 and PEM, nothing that is deprecated.
 *
 * A function here is named glscrypto_ plus the exact name of the function whose outcome it returns. Each is one
 * crossing: it starts with an empty error queue and brings back its own. What differs between versions is told apart
 * in crypto.c.
 */
#ifndef GLSCRYPTO_H
#define GLSCRYPTO_H

#include "../../shim.h"

#include <openssl/objects.h>
#include <openssl/rsa.h>

/* The shim's error queues are used here as well. cgo links the C of each package by itself before it links the
 * program: there, and only there, they are missing. */
#pragma weak gls_drain_errs
#pragma weak gls_free_errs

/* Bytes that come back: malloc'ed, NULL when the call failed. */
typedef struct glscrypto_bytes {
    gls_ret r;
    unsigned char *data;
    size_t n;
} glscrypto_bytes;

/* Objects: ptr is a string that stays. */
gls_ret glscrypto_OBJ_nid2sn(int nid);

/* Algorithms. What is fetched is freed; 1.1.1 has them in tables, and freeing does nothing. One fetch at a time. What
 * the providers that are loaded lack is asked of the legacy provider, which is loaded for that alone: unless the default
 * properties demand FIPS 140 implementations, when there is nothing else. */
gls_ret glscrypto_EVP_MD_fetch(const char *name);
void glscrypto_EVP_MD_free(const EVP_MD *md);
int glscrypto_EVP_MD_get_size(const EVP_MD *md);
gls_ret glscrypto_EVP_CIPHER_fetch(const char *name);
void glscrypto_EVP_CIPHER_free(const EVP_CIPHER *cipher);
typedef struct glscrypto_cipher_info {
    int nid, block_size, key_length, iv_length, aead;
} glscrypto_cipher_info;
glscrypto_cipher_info glscrypto_EVP_CIPHER_info(const EVP_CIPHER *cipher);

/* Digests. out has room for the digest's size. After DigestFinal the context is ready for the next message. */
gls_ret glscrypto_EVP_Digest(const EVP_MD *md, const void *data, size_t n, unsigned char *out);
gls_ret glscrypto_EVP_MD_CTX_new(const EVP_MD *md);
gls_ret glscrypto_EVP_DigestInit_ex(EVP_MD_CTX *ctx); /* with the digest that it has */
gls_ret glscrypto_EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *data, size_t n);
gls_ret glscrypto_EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *out);

/* HMAC. out has room for size bytes, the digest's. final takes the last of the message too; after it the context is ready
 * for the next one. */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
typedef EVP_MAC_CTX glscrypto_mac;
#else
typedef HMAC_CTX glscrypto_mac;
#endif
gls_ret glscrypto_EVP_MAC_fetch(const char *name); /* ptr is NULL in 1.1.1, which needs none */
void glscrypto_EVP_MAC_free(void *hmac);
gls_ret glscrypto_EVP_MAC_CTX_new(void *hmac, const EVP_MD *md, const unsigned char *key, size_t n, size_t *size);
gls_ret glscrypto_EVP_MAC_init(glscrypto_mac *mac);
gls_ret glscrypto_EVP_MAC_update(glscrypto_mac *mac, const unsigned char *data, size_t n);
gls_ret glscrypto_EVP_MAC_final(glscrypto_mac *mac, const unsigned char *data, size_t n, unsigned char *out, size_t size);
void glscrypto_EVP_MAC_CTX_free(glscrypto_mac *mac);

/* Ciphers. key and iv may be NULL; iv_length 0 is the cipher's own. ptr is an EVP_CIPHER_CTX. */
gls_ret glscrypto_EVP_CipherInit_ex(const EVP_CIPHER *cipher, const unsigned char *key, const unsigned char *iv,
                                    int iv_length, int encrypt);
/* ret of these is 1 or 0; *n is how many bytes were written. out NULL: data is authenticated, not encrypted. */
gls_ret glscrypto_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n, const unsigned char *data, int len);
gls_ret glscrypto_EVP_CipherFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n);
gls_ret glscrypto_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int code, int arg, void *p);

/* Keys: ptr is an EVP_PKEY. password NULL: there is none, and an encrypted key is an error. */
gls_ret glscrypto_PEM_read_bio_PrivateKey(const unsigned char *pem, size_t n, const char *password);
gls_ret glscrypto_d2i_PrivateKey_bio(const unsigned char *der, size_t n);
gls_ret glscrypto_PEM_read_bio_PUBKEY(const unsigned char *pem, size_t n);
gls_ret glscrypto_d2i_PUBKEY_bio(const unsigned char *der, size_t n);
gls_ret glscrypto_PEM_read_bio_Parameters(const unsigned char *pem, size_t n);
glscrypto_bytes glscrypto_PEM_write_bio_PrivateKey(EVP_PKEY *key);
glscrypto_bytes glscrypto_PEM_write_bio_PrivateKey_traditional(EVP_PKEY *key); /* or as PKCS #8 if it has no such form */
glscrypto_bytes glscrypto_i2d_PrivateKey_bio(EVP_PKEY *key);
glscrypto_bytes glscrypto_PEM_write_bio_PUBKEY(EVP_PKEY *key);
glscrypto_bytes glscrypto_i2d_PUBKEY_bio(EVP_PKEY *key);
glscrypto_bytes glscrypto_PEM_write_bio_Parameters(EVP_PKEY *params);
int glscrypto_EVP_PKEY_get_id(const EVP_PKEY *key);
int glscrypto_EVP_PKEY_get_base_id(const EVP_PKEY *key);
gls_ret glscrypto_RSA_keygen(int bits, unsigned long exponent);
gls_ret glscrypto_EC_keygen(int curve);
gls_ret glscrypto_EVP_PKEY_keygen(int type);
/* md NULL for keys that sign the message itself. */
glscrypto_bytes glscrypto_EVP_DigestSign(EVP_PKEY *key, const EVP_MD *md, const unsigned char *data, size_t n);
gls_ret glscrypto_EVP_DigestVerify(EVP_PKEY *key, const EVP_MD *md, const unsigned char *data, size_t n,
                                   const unsigned char *sig, size_t sig_len);
glscrypto_bytes glscrypto_EVP_PKEY_derive(EVP_PKEY *key, EVP_PKEY *peer);

/* Names: ptr is an X509_NAME of the caller's. text is UTF-8. */
gls_ret glscrypto_X509_NAME_new(void);
gls_ret glscrypto_X509_NAME_add_entry_by_txt(X509_NAME *name, const char *field, const char *text, int n);
glscrypto_bytes glscrypto_X509_NAME_get_text_by_NID(const X509_NAME *name, int nid);

/* Certificates: ptr is an X509. */
gls_ret glscrypto_X509_new(void);
gls_ret glscrypto_PEM_read_bio_X509(const unsigned char *pem, size_t n);
gls_ret glscrypto_d2i_X509(const unsigned char *der, size_t n);
glscrypto_bytes glscrypto_PEM_write_bio_X509(X509 *x);
glscrypto_bytes glscrypto_i2d_X509(X509 *x);
gls_ret glscrypto_X509_dup_name(X509 *x, int issuer); /* ptr is an X509_NAME */
gls_ret glscrypto_X509_set_name(X509 *x, const X509_NAME *name, int issuer);
gls_ret glscrypto_X509_set_serialNumber(X509 *x, const unsigned char *big_endian, int n);
glscrypto_bytes glscrypto_X509_get_serialNumber(X509 *x); /* in hexadecimal */
gls_ret glscrypto_X509_gmtime_adj(X509 *x, int not_after, long seconds);
gls_ret glscrypto_X509_set_pubkey(X509 *x, EVP_PKEY *key);
gls_ret glscrypto_X509_get_pubkey(X509 *x);
gls_ret glscrypto_X509_set_version(X509 *x, long version);
gls_ret glscrypto_X509_sign(X509 *x, EVP_PKEY *key, const EVP_MD *md);
gls_ret glscrypto_X509_add_ext(X509 *x, X509 *issuer, int nid, const char *value);
/* 1 if it is one of the certificate's names, 0 if not. */
gls_ret glscrypto_X509_check_host(X509 *x, const char *name, size_t n, unsigned int flags);
gls_ret glscrypto_X509_check_email(X509 *x, const char *name, size_t n, unsigned int flags);
gls_ret glscrypto_X509_check_ip(X509 *x, const unsigned char *ip, size_t n, unsigned int flags);

#endif
