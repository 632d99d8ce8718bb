/* raw.c - see raw.h. */
#include "raw.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

/* callback.go. */
extern int glsrawOnGenerate(SSL *ssl, SSL_CTX *ctx, unsigned char *id, unsigned int *len);
extern int glsrawOnNew(SSL *ssl, SSL_CTX *ctx, SSL_SESSION *s);
extern SSL_SESSION *glsrawOnGet(SSL *ssl, SSL_CTX *ctx, unsigned char *id, int len, int *copy);
extern void glsrawOnRemove(SSL_CTX *ctx, SSL_SESSION *s);
extern int glsrawOnVerify(SSL_CTX *ctx, int ok);
extern int glsrawOnClientHello(SSL *ssl, SSL_CTX *ctx);
extern int glsrawOnServerName(SSL *ssl, SSL_CTX *ctx);
extern int glsrawOnTicketKey(SSL_CTX *ctx, int encrypt);
extern int glsrawOnGenerateTicket(SSL *ssl, SSL_CTX *ctx);
extern int glsrawOnDecryptTicket(SSL *ssl, SSL_CTX *ctx, SSL_SESSION *s, unsigned char *name, size_t n, int status);
extern void glsrawOnCtxFree(SSL_CTX *ctx);
extern void glsrawOnSSLFree(SSL *ssl);
extern void glsrawOnSessionFree(uintptr_t id);

/* ---- crossings --------------------------------------------------------------------------------------- */

static __thread int depth; /* above 1 within a callback */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
void glsraw_raise(glsraw_entry e) {
    ERR_new();
    ERR_set_debug("", 0, "");
    ERR_set_error(e.lib, e.reason, NULL);
}
#else
void glsraw_raise(glsraw_entry e) {
    ERR_put_error(e.lib, 0, e.reason, "", 0);
}
#endif

static void begin(glsraw_entry before) {
    if (depth++ == 0)
        ERR_clear_error();
    if (before.lib != 0)
        glsraw_raise(before);
}

static void end(gls_ret *r) {
    r->nerrs = gls_drain_errs(&r->errs);
    depth--;
}

static const glsraw_entry nothing = {0, 0};

#define CALL_AFTER(before, function, params, ...)   \
    gls_ret glsraw_##function params {              \
        gls_ret r = {.op = #function};              \
        begin(before);                              \
        r.ret = (long)function(__VA_ARGS__);        \
        end(&r);                                    \
        return r;                                   \
    }

#define CALL(function, params, ...) CALL_AFTER(nothing, function, params, __VA_ARGS__)

#define CALL_PTR(function, params, ...)             \
    gls_ret glsraw_##function params {              \
        gls_ret r = {.op = #function};              \
        begin(nothing);                             \
        r.ptr = (void *)function(__VA_ARGS__);      \
        r.ret = r.ptr != NULL;                      \
        end(&r);                                    \
        return r;                                   \
    }

/* One that moves records. */
#define CALL_IO(before, function, params, ssl, ...)      \
    gls_ret glsraw_##function params {                   \
        gls_ret r = {.op = #function};                   \
        begin(before);                                   \
        r.ret = (long)function(__VA_ARGS__);             \
        r.ssl_error = SSL_get_error((ssl), (int)r.ret);  \
        end(&r);                                         \
        return r;                                        \
    }

int glsraw_has(const char *function) {
    static const struct {
        const char *name;
        void (*function)(void);
    } known[] = {
#define FUNCTION(name) {#name, (void (*)(void))name}
        FUNCTION(SSL_CTX_flush_sessions), FUNCTION(SSL_CTX_flush_sessions_ex), FUNCTION(SSL_SESSION_get_time),
        FUNCTION(SSL_SESSION_get_time_ex), FUNCTION(SSL_SESSION_set_time), FUNCTION(SSL_SESSION_set_time_ex),
        FUNCTION(SSL_new_session_ticket), FUNCTION(SSL_CTX_set_tlsext_ticket_key_evp_cb), FUNCTION(HMAC_Init_ex),
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, function) == 0)
            return known[i].function != NULL;
    return 0;
}

/* ---- callbacks --------------------------------------------------------------------------------------- */

/* An SSL_CTX has itself there, an SSL the SSL_CTX that it was made from: session callbacks stay with that one. */
static int ctx_index, ssl_index, session_index;

static SSL_CTX *origin(const SSL *ssl) {
    return SSL_get_ex_data(ssl, ssl_index);
}

static void on_ctx_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp) {
    (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        glsrawOnCtxFree(parent);
}

static void on_ssl_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp) {
    (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        glsrawOnSSLFree(parent);
}

static void on_session_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp) {
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        glsrawOnSessionFree((uintptr_t)ptr);
}

/* Only the original is watched. */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static int on_session_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx, long argl, void *argp) {
    (void)to, (void)from, (void)idx, (void)argl, (void)argp;
    *from_d = NULL;
    return 1;
}
#else
static int on_session_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void *from_d, int idx, long argl, void *argp) {
    (void)to, (void)from, (void)idx, (void)argl, (void)argp;
    *(void **)from_d = NULL;
    return 1;
}
#endif

void glsraw_init(void) {
    ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_ctx_free);
    ssl_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_free);
    session_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, on_session_dup, on_session_free);
}

/* Two functions, so that libssl itself chooses between the callback of the SSL_CTX and that of the SSL. */
static int on_generate_ctx(SSL *ssl, unsigned char *id, unsigned int *len) {
    return glsrawOnGenerate(ssl, origin(ssl), id, len);
}

static int on_generate_ssl(SSL *ssl, unsigned char *id, unsigned int *len) {
    return glsrawOnGenerate(ssl, NULL, id, len);
}

static int on_new(SSL *ssl, SSL_SESSION *s) {
    return glsrawOnNew(ssl, origin(ssl), s);
}

static SSL_SESSION *on_get(SSL *ssl, const unsigned char *id, int len, int *copy) {
    return glsrawOnGet(ssl, origin(ssl), (unsigned char *)id, len, copy);
}

static void on_remove(SSL_CTX *ctx, SSL_SESSION *s) {
    glsrawOnRemove(ctx, s);
}

static int on_verify(int ok, X509_STORE_CTX *x) {
    return glsrawOnVerify(origin(X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx())), ok);
}

static int on_client_hello(SSL *ssl, int *alert, void *arg) {
    (void)alert, (void)arg;
    return glsrawOnClientHello(ssl, origin(ssl));
}

static int on_servername(SSL *ssl, int *alert, void *arg) {
    (void)alert, (void)arg;
    return glsrawOnServerName(ssl, origin(ssl));
}

/* One key for all; what the callback returns is the point. */
static unsigned char ticket_key[32] = "glsraw ticket key, no secret at";

static int new_ticket(unsigned char *name, unsigned char *iv) {
    memset(name, 'n', 16);
    return RAND_bytes(iv, 16) == 1;
}

static int init_cipher(EVP_CIPHER_CTX *cipher, unsigned char *name, unsigned char *iv, int encrypt) {
    return (!encrypt || new_ticket(name, iv)) &&
           EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, ticket_key, iv, encrypt) == 1;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static int on_ticket_key_evp(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                             int encrypt) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string("key", ticket_key, sizeof ticket_key),
        OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    if (!init_cipher(cipher, name, iv, encrypt) || EVP_MAC_CTX_set_params(mac, params) != 1)
        return -1;
    return glsrawOnTicketKey(origin(ssl), encrypt);
}
#else
#define on_ticket_key_evp NULL
#endif

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, HMAC_CTX *mac,
                         int encrypt) {
    if (!init_cipher(cipher, name, iv, encrypt) ||
        HMAC_Init_ex(mac, ticket_key, sizeof ticket_key, EVP_sha256(), NULL) != 1)
        return -1;
    return glsrawOnTicketKey(origin(ssl), encrypt);
}

static int on_generate_ticket(SSL *ssl, void *arg) {
    (void)arg;
    return glsrawOnGenerateTicket(ssl, origin(ssl));
}

static SSL_TICKET_RETURN on_decrypt_ticket(SSL *ssl, SSL_SESSION *s, const unsigned char *name, size_t n,
                                           SSL_TICKET_STATUS status, void *arg) {
    (void)arg;
    return glsrawOnDecryptTicket(ssl, origin(ssl), s, (unsigned char *)name, n, status);
}

/* ---- SSL_CTX ----------------------------------------------------------------------------------------- */

gls_ret glsraw_SSL_CTX_new(int method) {
    const SSL_METHOD *methods[] = {TLS_method(), TLS_server_method(), TLS_client_method()};
    gls_ret r = {.op = "SSL_CTX_new"};
    begin(nothing);
    SSL_CTX *ctx = SSL_CTX_new(methods[method]);
    if (ctx != NULL)
        SSL_CTX_set_ex_data(ctx, ctx_index, ctx);
    r.ptr = ctx;
    r.ret = ctx != NULL;
    end(&r);
    return r;
}

void glsraw_SSL_CTX_free(SSL_CTX *ctx) {
    SSL_CTX_free(ctx);
}

CALL(SSL_CTX_use_certificate_ASN1, (SSL_CTX *ctx, int n, const unsigned char *der), ctx, n, der)
CALL(SSL_CTX_use_PrivateKey_ASN1, (int type, SSL_CTX *ctx, const unsigned char *der, long n), type, ctx, der, n)
CALL(SSL_CTX_set_min_proto_version, (SSL_CTX *ctx, int version), ctx, version)
CALL(SSL_CTX_set_max_proto_version, (SSL_CTX *ctx, int version), ctx, version)

uint64_t glsraw_SSL_CTX_set_options(SSL_CTX *ctx, uint64_t options) {
    return SSL_CTX_set_options(ctx, options);
}

uint64_t glsraw_SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t options) {
    return SSL_CTX_clear_options(ctx, options);
}

void glsraw_SSL_CTX_set_verify(SSL_CTX *ctx, int mode, int on) {
    SSL_CTX_set_verify(ctx, mode, on ? on_verify : NULL);
}

void glsraw_SSL_CTX_set_post_handshake_auth(SSL_CTX *ctx, int on) {
    SSL_CTX_set_post_handshake_auth(ctx, on);
}

void glsraw_SSL_CTX_set_client_hello_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_set_client_hello_cb(ctx, on ? on_client_hello : NULL, NULL);
}

void glsraw_SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx, int on) {
    SSL_CTX_set_tlsext_servername_callback(ctx, (on ? on_servername : NULL));
}

CALL(SSL_CTX_set_tlsext_ticket_key_evp_cb, (SSL_CTX *ctx, int on), ctx, on ? on_ticket_key_evp : NULL)

/* A macro that the headers hide as deprecated; the function behind it they do not. */
#ifndef SSL_CTX_set_tlsext_ticket_key_cb
#define SSL_CTX_set_tlsext_ticket_key_cb(ctx, cb) SSL_CTX_callback_ctrl(ctx, 72, (void (*)(void))(cb))
#endif

gls_ret glsraw_SSL_CTX_set_tlsext_ticket_key_cb(SSL_CTX *ctx, int on) {
    gls_ret r = {.op = "SSL_CTX_set_tlsext_ticket_key_cb"};
    begin(nothing);
    r.ret = SSL_CTX_set_tlsext_ticket_key_cb(ctx, (on ? on_ticket_key : NULL));
    end(&r);
    return r;
}

CALL(SSL_CTX_set_session_ticket_cb, (SSL_CTX *ctx, int generate, int decrypt), ctx,
     generate ? on_generate_ticket : NULL, decrypt ? on_decrypt_ticket : NULL, NULL)
CALL_AFTER(before, SSL_CTX_set_session_id_context,
           (glsraw_entry before, SSL_CTX *ctx, const unsigned char *sid, unsigned int n), ctx, sid, n)
CALL_AFTER(before, SSL_CTX_set_generate_session_id, (glsraw_entry before, SSL_CTX *ctx, int on), ctx,
           on ? on_generate_ctx : NULL)
CALL_AFTER(before, SSL_CTX_set_session_cache_mode, (glsraw_entry before, SSL_CTX *ctx, long mode), ctx, mode)
CALL_AFTER(before, SSL_CTX_get_session_cache_mode, (glsraw_entry before, SSL_CTX *ctx), ctx)
CALL_AFTER(before, SSL_CTX_sess_set_cache_size, (glsraw_entry before, SSL_CTX *ctx, long n), ctx, n)
CALL(SSL_CTX_sess_get_cache_size, (SSL_CTX *ctx), ctx)
CALL_AFTER(before, SSL_CTX_set_timeout, (glsraw_entry before, SSL_CTX *ctx, long t), ctx, t)
CALL(SSL_CTX_get_timeout, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_number, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_connect, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_connect_good, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_connect_renegotiate, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_accept, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_accept_good, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_accept_renegotiate, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_hits, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_cb_hits, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_misses, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_timeouts, (SSL_CTX *ctx), ctx)
CALL(SSL_CTX_sess_cache_full, (SSL_CTX *ctx), ctx)

gls_ret glsraw_SSL_CTX_flush_sessions(SSL_CTX *ctx, long at) {
    gls_ret r = {.op = "SSL_CTX_flush_sessions"};
    begin(nothing);
    SSL_CTX_flush_sessions(ctx, at);
    end(&r);
    return r;
}

gls_ret glsraw_SSL_CTX_flush_sessions_ex(SSL_CTX *ctx, int64_t at) {
    gls_ret r = {.op = "SSL_CTX_flush_sessions_ex"};
    begin(nothing);
    SSL_CTX_flush_sessions_ex(ctx, (time_t)at);
    end(&r);
    return r;
}

CALL(SSL_CTX_add_session, (SSL_CTX *ctx, SSL_SESSION *s), ctx, s)
CALL(SSL_CTX_remove_session, (SSL_CTX *ctx, SSL_SESSION *s), ctx, s)

void glsraw_SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_sess_set_new_cb(ctx, on ? on_new : NULL);
}

void glsraw_SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_sess_set_get_cb(ctx, on ? on_get : NULL);
}

void glsraw_SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_sess_set_remove_cb(ctx, on ? on_remove : NULL);
}

#define WHOSE(callback, ours) ((callback) == NULL ? 0 : (callback) == (ours) ? 1 : 2)

int glsraw_SSL_CTX_sess_get_new_cb(SSL_CTX *ctx) {
    return WHOSE(SSL_CTX_sess_get_new_cb(ctx), on_new);
}

int glsraw_SSL_CTX_sess_get_get_cb(SSL_CTX *ctx) {
    return WHOSE(SSL_CTX_sess_get_get_cb(ctx), on_get);
}

int glsraw_SSL_CTX_sess_get_remove_cb(SSL_CTX *ctx) {
    return WHOSE(SSL_CTX_sess_get_remove_cb(ctx), on_remove);
}

CALL(SSL_CTX_set_tlsext_ticket_keys, (SSL_CTX *ctx, void *keys, long n), ctx, keys, n)
CALL(SSL_CTX_get_tlsext_ticket_keys, (SSL_CTX *ctx, void *keys, long n), ctx, keys, n)
CALL(SSL_CTX_set_num_tickets, (SSL_CTX *ctx, size_t n), ctx, n)

/* ---- SSL --------------------------------------------------------------------------------------------- */

gls_ret glsraw_SSL_new(SSL_CTX *ctx) {
    gls_ret r = {.op = "SSL_new"};
    begin(nothing);
    SSL *ssl = SSL_new(ctx);
    if (ssl != NULL)
        SSL_set_ex_data(ssl, ssl_index, ctx);
    r.ptr = ssl;
    r.ret = ssl != NULL;
    end(&r);
    return r;
}

CALL_IO(before, SSL_do_handshake, (glsraw_entry before, SSL *ssl), ssl, ssl)
CALL_IO(nothing, SSL_read, (SSL *ssl, void *buf, int n), ssl, ssl, buf, n)
CALL_IO(nothing, SSL_write, (SSL *ssl, const void *buf, int n), ssl, ssl, buf, n)
CALL_IO(nothing, SSL_shutdown, (SSL *ssl), ssl, ssl)
CALL(SSL_clear, (SSL *ssl), ssl)
CALL(SSL_renegotiate, (SSL *ssl), ssl)
CALL(SSL_verify_client_post_handshake, (SSL *ssl), ssl)
CALL(SSL_new_session_ticket, (SSL *ssl), ssl)
CALL_PTR(SSL_set_SSL_CTX, (SSL *ssl, SSL_CTX *ctx), ssl, ctx)
CALL_AFTER(before, SSL_set_session_id_context,
           (glsraw_entry before, SSL *ssl, const unsigned char *sid, unsigned int n), ssl, sid, n)
CALL_AFTER(before, SSL_set_generate_session_id, (glsraw_entry before, SSL *ssl, int on), ssl,
           on ? on_generate_ssl : NULL)
CALL(SSL_has_matching_session_id, (SSL *ssl, const unsigned char *id, unsigned int n), ssl, id, n)
CALL(SSL_set_session, (SSL *ssl, SSL_SESSION *s), ssl, s)
CALL(SSL_set_tlsext_host_name, (SSL *ssl, const char *name), ssl, name)
CALL(SSL_set_num_tickets, (SSL *ssl, size_t n), ssl, n)

BIO *glsraw_BIO_new_mem(void) {
    BIO *b = BIO_new(BIO_s_mem());
    if (b != NULL)
        BIO_set_mem_eof_return(b, -1); /* more may come */
    return b;
}

void glsraw_BIO_set_mem_eof_return(BIO *b, int v) {
    BIO_set_mem_eof_return(b, v);
}

/* ---- SSL_SESSION ------------------------------------------------------------------------------------- */

CALL_PTR(SSL_SESSION_dup, (SSL_SESSION *s), s)
CALL(SSL_SESSION_set1_id, (SSL_SESSION *s, const unsigned char *id, unsigned int n), s, id, n)
CALL(SSL_SESSION_set1_id_context, (SSL_SESSION *s, const unsigned char *sid, unsigned int n), s, sid, n)
CALL(SSL_SESSION_get_time, (SSL_SESSION *s), s)
CALL(SSL_SESSION_set_time, (SSL_SESSION *s, long t), s, t)
CALL(SSL_SESSION_get_time_ex, (SSL_SESSION *s), s)
CALL(SSL_SESSION_set_time_ex, (SSL_SESSION *s, int64_t t), s, (time_t)t)
CALL(SSL_SESSION_get_timeout, (SSL_SESSION *s), s)
CALL(SSL_SESSION_set_timeout, (SSL_SESSION *s, long t), s, t)
CALL(SSL_SESSION_set_max_early_data, (SSL_SESSION *s, uint32_t n), s, n)
CALL(SSL_SESSION_set1_ticket_appdata, (SSL_SESSION *s, const void *data, size_t n), s, data, n)
CALL(SSL_SESSION_get0_ticket_appdata, (SSL_SESSION *s, void **data, size_t *n), s, data, n)
CALL(i2d_SSL_SESSION, (SSL_SESSION *s, unsigned char **der), s, der)

gls_ret glsraw_d2i_SSL_SESSION(SSL_SESSION **target, const unsigned char *der, long n, ptrdiff_t *used) {
    gls_ret r = {.op = "d2i_SSL_SESSION"};
    const unsigned char *p = der;
    begin(nothing);
    r.ptr = d2i_SSL_SESSION(target, &p, n);
    r.ret = r.ptr != NULL;
    *used = p - der;
    end(&r);
    return r;
}

gls_ret glsraw_PEM_read_bio_SSL_SESSION(const void *pem, int n) {
    gls_ret r = {.op = "PEM_read_bio_SSL_SESSION"};
    BIO *b = BIO_new_mem_buf(pem, n);
    begin(nothing);
    r.ptr = PEM_read_bio_SSL_SESSION(b, NULL, NULL, NULL);
    r.ret = r.ptr != NULL;
    end(&r);
    BIO_free(b);
    return r;
}

/* *pem is malloc'ed; ret its length. */
gls_ret glsraw_PEM_write_bio_SSL_SESSION(SSL_SESSION *s, unsigned char **pem) {
    gls_ret r = {.op = "PEM_write_bio_SSL_SESSION"};
    BIO *b = BIO_new(BIO_s_mem());
    char *data;
    begin(nothing);
    if (PEM_write_bio_SSL_SESSION(b, s) == 1) {
        r.ret = BIO_get_mem_data(b, &data);
        if ((*pem = malloc((size_t)r.ret)) != NULL)
            memcpy(*pem, data, (size_t)r.ret);
        else
            r.ret = 0;
    }
    end(&r);
    BIO_free(b);
    return r;
}

int glsraw_SSL_SESSION_watch(SSL_SESSION *s, uintptr_t id) {
    return SSL_SESSION_set_ex_data(s, session_index, (void *)id);
}

int glsraw_SSL_SESSION_has_peer(const SSL_SESSION *s) {
    return SSL_SESSION_get0_peer((SSL_SESSION *)s) != NULL;
}
