/* crypto.c - see crypto.h. */
#include "crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
# include <openssl/provider.h>
#endif

/* ---- crossings --------------------------------------------------------------------------------------- */

static void begin(void) {
    if (ERR_peek_error() != 0) /* a tenth of the price of clearing an empty queue */
        ERR_clear_error();
}

/* A decoder that has tried several formats leaves errors behind though it succeeds. */
static void end(gls_ret *r) {
    if (r->ret != 1)
        r->nerrs = gls_drain_errs(&r->errs);
    else if (ERR_peek_error() != 0)
        ERR_clear_error();
}

/* Each calls a function and notes in r which it was and what it returned: 1, more than 0, not NULL are success. */
#define CALL(r, function, args) ((r).op = #function, ((r).ret = (long)function args) == 1)
#define CALL_POSITIVE(r, function, args) \
    ((r).op = #function, (r).ret = (long)function args, (r).ret > 0 ? (r).ret = 1 : 0)
#define CALL_PTR(r, function, args) ((r).op = #function, (r).ptr = (void *)function args, (r).ret = (r).ptr != NULL)

/* Bytes are read from a BIO and written to one. */
static BIO *reader(gls_ret *r, const unsigned char *data, size_t n) {
    r->op = "BIO_new_mem_buf";
    return n > INT_MAX ? NULL : BIO_new_mem_buf(data, (int)n);
}

#define READ(name, function, args)                                            \
    gls_ret glscrypto_##name(const unsigned char *data, size_t n) {           \
        gls_ret r = {0};                                                      \
        begin();                                                              \
        BIO *bio = reader(&r, data, n);                                       \
        if (bio != NULL)                                                      \
            CALL_PTR(r, function, args);                                      \
        BIO_free(bio);                                                        \
        end(&r);                                                              \
        return r;                                                             \
    }

/* Copies n bytes that come back. */
static void give(glscrypto_bytes *b, const void *data, size_t n) {
    b->data = malloc(n + 1); /* never NULL for nothing */
    if (b->data == NULL) {
        b->r.op = "malloc";
        b->r.ret = 0;
        return;
    }
    memcpy(b->data, data, n);
    b->n = n;
}

/* Ends a crossing that has written to bio. What it has written may be secret. */
static void give_written(glscrypto_bytes *b, BIO *bio) {
    BUF_MEM *mem = NULL;
    if (b->r.ret == 1 && BIO_get_mem_ptr(bio, &mem) == 1) {
        give(b, mem->data, mem->length);
        OPENSSL_cleanse(mem->data, mem->length);
    }
    BIO_free(bio);
    end(&b->r);
}

static BIO *writer(gls_ret *r) {
    r->op = "BIO_new";
    return BIO_new(BIO_s_mem());
}

#define WRITE(name, type, function, args)                                     \
    glscrypto_bytes glscrypto_##name(type *object) {                          \
        glscrypto_bytes b = {0};                                              \
        begin();                                                              \
        BIO *bio = writer(&b.r);                                              \
        if (bio != NULL)                                                      \
            CALL(b.r, function, args);                                        \
        give_written(&b, bio);                                                \
        return b;                                                             \
    }

/* ---- objects ------------------------------------------------------------------------------------------ */

gls_ret glscrypto_OBJ_nid2sn(int nid) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, OBJ_nid2sn, (nid));
    end(&r);
    return r;
}

/* ---- algorithms -------------------------------------------------------------------------------------- */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static OSSL_LIB_CTX *legacy; /* stays once it is there; the caller of a fetch sees to it that there is one at a time */

static OSSL_LIB_CTX *legacy_context(void) {
    if (EVP_default_properties_is_fips_enabled(NULL))
        return NULL;
    if (legacy != NULL)
        return legacy;
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    if (ctx != NULL && OSSL_PROVIDER_load(ctx, "legacy") != NULL)
        return legacy = ctx;
    OSSL_LIB_CTX_free(ctx);
    return NULL;
}

gls_ret glscrypto_EVP_MD_fetch(const char *name) {
    gls_ret r = {0};
    OSSL_LIB_CTX *ctx;
    begin();
    const EVP_MD *alias = EVP_get_digestbyname(name); /* providers know fewer names than the table */
    if (alias != NULL)
        name = EVP_MD_get0_name(alias);
    if (!CALL_PTR(r, EVP_MD_fetch, (NULL, name, NULL)) && (ctx = legacy_context()) != NULL)
        CALL_PTR(r, EVP_MD_fetch, (ctx, name, NULL));
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_MD_fetch(const char *name) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, EVP_get_digestbyname, (name));
    end(&r);
    return r;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
void glscrypto_EVP_MD_free(const EVP_MD *md) {
    EVP_MD_free((EVP_MD *)md);
}
#else
void glscrypto_EVP_MD_free(const EVP_MD *md) {
    (void)md;
}
#endif

int glscrypto_EVP_MD_get_size(const EVP_MD *md) {
    return EVP_MD_size(md);
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret glscrypto_EVP_CIPHER_fetch(const char *name) {
    gls_ret r = {0};
    OSSL_LIB_CTX *ctx;
    begin();
    const EVP_CIPHER *alias = EVP_get_cipherbyname(name);
    if (alias != NULL)
        name = EVP_CIPHER_get0_name(alias);
    if (!CALL_PTR(r, EVP_CIPHER_fetch, (NULL, name, NULL)) && (ctx = legacy_context()) != NULL)
        CALL_PTR(r, EVP_CIPHER_fetch, (ctx, name, NULL));
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_CIPHER_fetch(const char *name) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, EVP_get_cipherbyname, (name));
    end(&r);
    return r;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
void glscrypto_EVP_CIPHER_free(const EVP_CIPHER *cipher) {
    EVP_CIPHER_free((EVP_CIPHER *)cipher);
}
#else
void glscrypto_EVP_CIPHER_free(const EVP_CIPHER *cipher) {
    (void)cipher;
}
#endif

glscrypto_cipher_info glscrypto_EVP_CIPHER_info(const EVP_CIPHER *cipher) {
    return (glscrypto_cipher_info){
        .nid = EVP_CIPHER_nid(cipher),
        .block_size = EVP_CIPHER_block_size(cipher),
        .key_length = EVP_CIPHER_key_length(cipher),
        /* Of what CCM could take, libcrypto reads as much as leaves 8 bytes to count with. */
        .iv_length = EVP_CIPHER_mode(cipher) == EVP_CIPH_CCM_MODE ? 15 - 8 : EVP_CIPHER_iv_length(cipher),
        .aead = (EVP_CIPHER_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0,
    };
}

/* ---- digests ----------------------------------------------------------------------------------------- */

gls_ret glscrypto_EVP_Digest(const EVP_MD *md, const void *data, size_t n, unsigned char *out) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_Digest, (data, n, out, NULL, md, NULL));
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_MD_CTX_new(const EVP_MD *md) {
    gls_ret r = {0};
    begin();
    if (CALL_PTR(r, EVP_MD_CTX_new, ()) && !CALL(r, EVP_DigestInit_ex, (r.ptr, md, NULL)))
        EVP_MD_CTX_free(r.ptr);
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_DigestInit_ex(EVP_MD_CTX *ctx) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_DigestInit_ex, (ctx, NULL, NULL));
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *data, size_t n) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_DigestUpdate, (ctx, data, n));
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *out) {
    gls_ret r = {0};
    begin();
    if (CALL(r, EVP_DigestFinal_ex, (ctx, out, NULL)))
        CALL(r, EVP_DigestInit_ex, (ctx, NULL, NULL));
    end(&r);
    return r;
}

/* ---- HMAC -------------------------------------------------------------------------------------------- */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret glscrypto_EVP_MAC_fetch(const char *name) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, EVP_MAC_fetch, (NULL, name, NULL));
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_MAC_fetch(const char *name) {
    return (gls_ret){.op = name, .ret = 1};
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
void glscrypto_EVP_MAC_free(void *hmac) {
    EVP_MAC_free(hmac);
}
#else
void glscrypto_EVP_MAC_free(void *hmac) {
    (void)hmac;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret glscrypto_EVP_MAC_CTX_new(void *hmac, const EVP_MD *md, const unsigned char *key, size_t n, size_t *size) {
    gls_ret r = {0};
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)EVP_MD_get0_name(md), 0),
        OSSL_PARAM_construct_end(),
    };
    begin();
    EVP_MAC_CTX *mac = CALL_PTR(r, EVP_MAC_CTX_new, (hmac)) ? r.ptr : NULL;
    if (mac != NULL && CALL(r, EVP_MAC_init, (mac, key, n, params)))
        *size = EVP_MAC_CTX_get_mac_size(mac);
    else
        EVP_MAC_CTX_free(mac);
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_MAC_CTX_new(void *hmac, const EVP_MD *md, const unsigned char *key, size_t n, size_t *size) {
    gls_ret r = {.op = "HMAC_Init_ex"};
    (void)hmac;
    begin();
    HMAC_CTX *mac = n <= INT_MAX && CALL_PTR(r, HMAC_CTX_new, ()) ? r.ptr : NULL;
    if (mac != NULL && CALL(r, HMAC_Init_ex, (mac, key, (int)n, md, NULL)))
        *size = HMAC_size(mac);
    else
        HMAC_CTX_free(mac);
    end(&r);
    return r;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret glscrypto_EVP_MAC_init(glscrypto_mac *mac) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_MAC_init, (mac, NULL, 0, NULL));
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_MAC_init(glscrypto_mac *mac) {
    gls_ret r = {0};
    begin();
    CALL(r, HMAC_Init_ex, (mac, NULL, 0, NULL, NULL));
    end(&r);
    return r;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret glscrypto_EVP_MAC_update(glscrypto_mac *mac, const unsigned char *data, size_t n) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_MAC_update, (mac, data, n));
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_MAC_update(glscrypto_mac *mac, const unsigned char *data, size_t n) {
    gls_ret r = {0};
    begin();
    CALL(r, HMAC_Update, (mac, data, n));
    end(&r);
    return r;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret glscrypto_EVP_MAC_final(glscrypto_mac *mac, const unsigned char *data, size_t n, unsigned char *out, size_t size) {
    gls_ret r = {0};
    begin();
    if (CALL(r, EVP_MAC_update, (mac, data, n)) && CALL(r, EVP_MAC_final, (mac, out, NULL, size)))
        CALL(r, EVP_MAC_init, (mac, NULL, 0, NULL));
    end(&r);
    return r;
}
#else
gls_ret glscrypto_EVP_MAC_final(glscrypto_mac *mac, const unsigned char *data, size_t n, unsigned char *out, size_t size) {
    gls_ret r = {0};
    (void)size;
    begin();
    if (CALL(r, HMAC_Update, (mac, data, n)) && CALL(r, HMAC_Final, (mac, out, NULL)))
        CALL(r, HMAC_Init_ex, (mac, NULL, 0, NULL, NULL));
    end(&r);
    return r;
}
#endif

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
void glscrypto_EVP_MAC_CTX_free(glscrypto_mac *mac) {
    EVP_MAC_CTX_free(mac);
}
#else
void glscrypto_EVP_MAC_CTX_free(glscrypto_mac *mac) {
    HMAC_CTX_free(mac);
}
#endif

/* ---- ciphers ----------------------------------------------------------------------------------------- */

gls_ret glscrypto_EVP_CipherInit_ex(const EVP_CIPHER *cipher, const unsigned char *key, const unsigned char *iv,
                                    int iv_length, int encrypt) {
    gls_ret r = {0};
    begin();
    EVP_CIPHER_CTX *ctx = CALL_PTR(r, EVP_CIPHER_CTX_new, ()) ? r.ptr : NULL;
    if (ctx != NULL && CALL(r, EVP_CipherInit_ex, (ctx, cipher, NULL, NULL, NULL, encrypt)) &&
        (iv_length == 0 || CALL(r, EVP_CIPHER_CTX_ctrl, (ctx, EVP_CTRL_AEAD_SET_IVLEN, iv_length, NULL))))
        CALL(r, EVP_CipherInit_ex, (ctx, NULL, NULL, key, iv, encrypt));
    if (r.ret != 1)
        EVP_CIPHER_CTX_free(ctx);
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n, const unsigned char *data, int len) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_CipherUpdate, (ctx, out, n, data, len));
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_CipherFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_CipherFinal_ex, (ctx, out, n));
    end(&r);
    return r;
}

gls_ret glscrypto_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int code, int arg, void *p) {
    gls_ret r = {0};
    begin();
    CALL(r, EVP_CIPHER_CTX_ctrl, (ctx, code, arg, p));
    end(&r);
    return r;
}

/* ---- keys -------------------------------------------------------------------------------------------- */

/* Without it, libcrypto would ask at the terminal. */
static int no_password(char *buf, int n, int rw, void *arg) {
    (void)buf, (void)n, (void)rw, (void)arg;
    return -1;
}

gls_ret glscrypto_PEM_read_bio_PrivateKey(const unsigned char *pem, size_t n, const char *password) {
    gls_ret r = {0};
    begin();
    BIO *bio = reader(&r, pem, n);
    if (bio != NULL)
        CALL_PTR(r, PEM_read_bio_PrivateKey, (bio, NULL, password == NULL ? no_password : NULL, (void *)password));
    BIO_free(bio);
    end(&r);
    return r;
}

READ(d2i_PrivateKey_bio, d2i_PrivateKey_bio, (bio, NULL))
READ(PEM_read_bio_PUBKEY, PEM_read_bio_PUBKEY, (bio, NULL, no_password, NULL))
READ(d2i_PUBKEY_bio, d2i_PUBKEY_bio, (bio, NULL))
READ(PEM_read_bio_Parameters, PEM_read_bio_Parameters, (bio, NULL))
WRITE(PEM_write_bio_PrivateKey, EVP_PKEY, PEM_write_bio_PKCS8PrivateKey, (bio, object, NULL, NULL, 0, NULL, NULL))
WRITE(i2d_PrivateKey_bio, EVP_PKEY, i2d_PrivateKey_bio, (bio, object))
WRITE(PEM_write_bio_PUBKEY, EVP_PKEY, PEM_write_bio_PUBKEY, (bio, object))
WRITE(i2d_PUBKEY_bio, EVP_PKEY, i2d_PUBKEY_bio, (bio, object))
WRITE(PEM_write_bio_Parameters, EVP_PKEY, PEM_write_bio_Parameters, (bio, object))

static int has_traditional_form(const EVP_PKEY *key) {
    int id = EVP_PKEY_base_id(key);
    return id == EVP_PKEY_RSA || id == EVP_PKEY_DSA || id == EVP_PKEY_EC;
}

glscrypto_bytes glscrypto_PEM_write_bio_PrivateKey_traditional(EVP_PKEY *key) {
    if (!has_traditional_form(key))
        return glscrypto_PEM_write_bio_PrivateKey(key);
    glscrypto_bytes b = {0};
    begin();
    BIO *bio = writer(&b.r);
    if (bio != NULL)
        CALL(b.r, PEM_write_bio_PrivateKey_traditional, (bio, key, NULL, NULL, 0, NULL, NULL));
    give_written(&b, bio);
    return b;
}

int glscrypto_EVP_PKEY_get_id(const EVP_PKEY *key) {
    return EVP_PKEY_id(key);
}

int glscrypto_EVP_PKEY_get_base_id(const EVP_PKEY *key) {
    return EVP_PKEY_base_id(key);
}

/* Generates a key when ctx has been told of what kind, and frees ctx. */
static void keygen(gls_ret *r, EVP_PKEY_CTX *ctx) {
    EVP_PKEY *key = NULL;
    if (r->ret == 1 && CALL(*r, EVP_PKEY_keygen, (ctx, &key)))
        r->ptr = key;
    EVP_PKEY_CTX_free(ctx);
    end(r);
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static int set_exponent(gls_ret *r, EVP_PKEY_CTX *ctx, BIGNUM *exponent) {
    return CALL(*r, EVP_PKEY_CTX_set1_rsa_keygen_pubexp, (ctx, exponent));
}
#else
static int set_exponent(gls_ret *r, EVP_PKEY_CTX *ctx, BIGNUM *exponent) {
    BIGNUM *given = CALL_PTR(*r, BN_dup, (exponent)) ? r->ptr : NULL;
    if (given != NULL && CALL(*r, EVP_PKEY_CTX_set_rsa_keygen_pubexp, (ctx, given)))
        return 1;
    BN_free(given);
    return 0;
}
#endif

gls_ret glscrypto_RSA_keygen(int bits, unsigned long exponent) {
    gls_ret r = {0};
    begin();
    EVP_PKEY_CTX *ctx = CALL_PTR(r, EVP_PKEY_CTX_new_id, (EVP_PKEY_RSA, NULL)) ? r.ptr : NULL;
    BIGNUM *e = ctx != NULL && CALL_PTR(r, BN_new, ()) ? r.ptr : NULL;
    if (e != NULL && CALL(r, BN_set_word, (e, exponent)) && CALL(r, EVP_PKEY_keygen_init, (ctx)) &&
        CALL(r, EVP_PKEY_CTX_set_rsa_keygen_bits, (ctx, bits)))
        set_exponent(&r, ctx, e);
    keygen(&r, ctx);
    BN_free(e);
    return r;
}

gls_ret glscrypto_EC_keygen(int curve) {
    gls_ret r = {0};
    begin();
    EVP_PKEY_CTX *ctx = CALL_PTR(r, EVP_PKEY_CTX_new_id, (EVP_PKEY_EC, NULL)) ? r.ptr : NULL;
    if (ctx != NULL && CALL(r, EVP_PKEY_keygen_init, (ctx)))
        CALL(r, EVP_PKEY_CTX_set_ec_paramgen_curve_nid, (ctx, curve));
    keygen(&r, ctx);
    return r;
}

gls_ret glscrypto_EVP_PKEY_keygen(int type) {
    gls_ret r = {0};
    begin();
    EVP_PKEY_CTX *ctx = CALL_PTR(r, EVP_PKEY_CTX_new_id, (type, NULL)) ? r.ptr : NULL;
    if (ctx != NULL)
        CALL(r, EVP_PKEY_keygen_init, (ctx));
    keygen(&r, ctx);
    return r;
}

glscrypto_bytes glscrypto_EVP_DigestSign(EVP_PKEY *key, const EVP_MD *md, const unsigned char *data, size_t n) {
    glscrypto_bytes b = {0};
    begin();
    EVP_MD_CTX *ctx = CALL_PTR(b.r, EVP_MD_CTX_new, ()) ? b.r.ptr : NULL;
    if (ctx != NULL && CALL(b.r, EVP_DigestSignInit, (ctx, NULL, md, NULL, key)) &&
        CALL(b.r, EVP_DigestSign, (ctx, NULL, &b.n, data, n))) {
        b.data = malloc(b.n + 1);
        if (b.data == NULL || !CALL(b.r, EVP_DigestSign, (ctx, b.data, &b.n, data, n))) {
            b.r.ret = 0;
            free(b.data);
            b.data = NULL;
        }
    }
    EVP_MD_CTX_free(ctx);
    end(&b.r);
    return b;
}

gls_ret glscrypto_EVP_DigestVerify(EVP_PKEY *key, const EVP_MD *md, const unsigned char *data, size_t n,
                                   const unsigned char *sig, size_t sig_len) {
    gls_ret r = {0};
    begin();
    EVP_MD_CTX *ctx = CALL_PTR(r, EVP_MD_CTX_new, ()) ? r.ptr : NULL;
    if (ctx != NULL && CALL(r, EVP_DigestVerifyInit, (ctx, NULL, md, NULL, key)))
        CALL(r, EVP_DigestVerify, (ctx, sig, sig_len, data, n));
    EVP_MD_CTX_free(ctx);
    end(&r);
    return r;
}

glscrypto_bytes glscrypto_EVP_PKEY_derive(EVP_PKEY *key, EVP_PKEY *peer) {
    glscrypto_bytes b = {0};
    begin();
    EVP_PKEY_CTX *ctx = CALL_PTR(b.r, EVP_PKEY_CTX_new, (key, NULL)) ? b.r.ptr : NULL;
    if (ctx != NULL && CALL(b.r, EVP_PKEY_derive_init, (ctx)) && CALL(b.r, EVP_PKEY_derive_set_peer, (ctx, peer)) &&
        CALL(b.r, EVP_PKEY_derive, (ctx, NULL, &b.n))) {
        b.data = malloc(b.n + 1);
        if (b.data == NULL || !CALL(b.r, EVP_PKEY_derive, (ctx, b.data, &b.n))) {
            b.r.ret = 0;
            free(b.data);
            b.data = NULL;
        }
    }
    EVP_PKEY_CTX_free(ctx);
    end(&b.r);
    return b;
}

/* ---- names ------------------------------------------------------------------------------------------- */

gls_ret glscrypto_X509_NAME_new(void) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, X509_NAME_new, ());
    end(&r);
    return r;
}

gls_ret glscrypto_X509_NAME_add_entry_by_txt(X509_NAME *name, const char *field, const char *text, int n) {
    gls_ret r = {0};
    begin();
    CALL(r, X509_NAME_add_entry_by_txt, (name, field, MBSTRING_UTF8, (const unsigned char *)text, n, -1, 0));
    end(&r);
    return r;
}

/* By hand: 4.0 deprecates it, and it gives the bytes of an entry without the encoding that they are in. */
glscrypto_bytes glscrypto_X509_NAME_get_text_by_NID(const X509_NAME *name, int nid) {
    glscrypto_bytes b = {.r = {.op = "X509_NAME_get_index_by_NID"}};
    unsigned char *utf8 = NULL;
    begin();
    int at = X509_NAME_get_index_by_NID((X509_NAME *)name, nid, -1);
    if (at >= 0) {
        int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        b.r.op = "ASN1_STRING_to_UTF8";
        b.r.ret = n >= 0;
        if (n >= 0)
            give(&b, utf8, (size_t)n);
        OPENSSL_free(utf8);
    }
    end(&b.r);
    return b;
}

/* ---- certificates ------------------------------------------------------------------------------------ */

gls_ret glscrypto_X509_new(void) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, X509_new, ());
    end(&r);
    return r;
}

READ(PEM_read_bio_X509, PEM_read_bio_X509, (bio, NULL, no_password, NULL))
READ(d2i_X509, d2i_X509_bio, (bio, NULL))
WRITE(PEM_write_bio_X509, X509, PEM_write_bio_X509, (bio, object))
WRITE(i2d_X509, X509, i2d_X509_bio, (bio, object))

gls_ret glscrypto_X509_dup_name(X509 *x, int issuer) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, X509_NAME_dup, ((X509_NAME *)(issuer ? X509_get_issuer_name(x) : X509_get_subject_name(x))));
    end(&r);
    return r;
}

gls_ret glscrypto_X509_set_name(X509 *x, const X509_NAME *name, int issuer) {
    gls_ret r = {0};
    begin();
    if (issuer)
        CALL(r, X509_set_issuer_name, (x, (X509_NAME *)name));
    else
        CALL(r, X509_set_subject_name, (x, (X509_NAME *)name));
    end(&r);
    return r;
}

gls_ret glscrypto_X509_set_serialNumber(X509 *x, const unsigned char *big_endian, int n) {
    gls_ret r = {0};
    begin();
    BIGNUM *bn = CALL_PTR(r, BN_bin2bn, (big_endian, n, NULL)) ? r.ptr : NULL;
    ASN1_INTEGER *serial = bn != NULL && CALL_PTR(r, BN_to_ASN1_INTEGER, (bn, NULL)) ? r.ptr : NULL;
    if (serial != NULL)
        CALL(r, X509_set_serialNumber, (x, serial));
    ASN1_INTEGER_free(serial);
    BN_free(bn);
    end(&r);
    return r;
}

glscrypto_bytes glscrypto_X509_get_serialNumber(X509 *x) {
    glscrypto_bytes b = {0};
    begin();
    BIGNUM *bn = CALL_PTR(b.r, ASN1_INTEGER_to_BN, (X509_get_serialNumber(x), NULL)) ? b.r.ptr : NULL;
    char *hex = bn != NULL && CALL_PTR(b.r, BN_bn2hex, (bn)) ? b.r.ptr : NULL;
    if (hex != NULL)
        give(&b, hex, strlen(hex));
    OPENSSL_free(hex);
    BN_free(bn);
    end(&b.r);
    return b;
}

gls_ret glscrypto_X509_gmtime_adj(X509 *x, int not_after, long seconds) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, X509_gmtime_adj, (not_after ? X509_getm_notAfter(x) : X509_getm_notBefore(x), seconds));
    end(&r);
    return r;
}

gls_ret glscrypto_X509_set_pubkey(X509 *x, EVP_PKEY *key) {
    gls_ret r = {0};
    begin();
    CALL(r, X509_set_pubkey, (x, key));
    end(&r);
    return r;
}

gls_ret glscrypto_X509_get_pubkey(X509 *x) {
    gls_ret r = {0};
    begin();
    CALL_PTR(r, X509_get_pubkey, (x));
    end(&r);
    return r;
}

gls_ret glscrypto_X509_set_version(X509 *x, long version) {
    gls_ret r = {0};
    begin();
    CALL(r, X509_set_version, (x, version));
    end(&r);
    return r;
}

/* Extensions are for version 3 alone, and from 3.0 on X509_sign sees to it: 2 is version 3. */
gls_ret glscrypto_X509_sign(X509 *x, EVP_PKEY *key, const EVP_MD *md) {
    gls_ret r = {0};
    begin();
    if (X509_get_ext_count(x) == 0 || CALL(r, X509_set_version, (x, 2)))
        CALL_POSITIVE(r, X509_sign, (x, key, md));
    end(&r);
    return r;
}

/* A CONF with nothing in it: what a value refers to is missing, where without a CONF 1.1.1 crashes. */
static CONF *empty_conf(gls_ret *r) {
    long line = 0;
    BIO *bio = reader(r, (const unsigned char *)"\n", 1);
    CONF *conf = bio != NULL && CALL_PTR(*r, NCONF_new, (NULL)) ? r->ptr : NULL;
    if (conf != NULL && !CALL(*r, NCONF_load_bio, (conf, bio, &line))) {
        NCONF_free(conf);
        conf = NULL;
    }
    BIO_free(bio);
    return conf;
}

gls_ret glscrypto_X509_add_ext(X509 *x, X509 *issuer, int nid, const char *value) {
    gls_ret r = {0};
    X509V3_CTX ctx;
    begin();
    CONF *conf = empty_conf(&r);
    memset(&ctx, 0, sizeof ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509V3_set_nconf(&ctx, conf);
    X509_EXTENSION *ext =
        conf != NULL && CALL_PTR(r, X509V3_EXT_nconf_nid, (conf, &ctx, nid, value)) ? r.ptr : NULL;
    if (ext != NULL)
        CALL(r, X509_add_ext, (x, ext, -1));
    X509_EXTENSION_free(ext);
    NCONF_free(conf);
    end(&r);
    return r;
}

#define CHECK(kind, type, args)                                                                       \
    gls_ret glscrypto_X509_check_##kind(X509 *x, const type *name, size_t n, unsigned int flags) {    \
        gls_ret r = {0};                                                                              \
        begin();                                                                                      \
        CALL(r, X509_check_##kind, args);                                                             \
        end(&r);                                                                                      \
        return r;                                                                                     \
    }
CHECK(host, char, (x, name, n, flags, NULL))
CHECK(email, char, (x, name, n, flags))
CHECK(ip, unsigned char, (x, name, n, flags))
