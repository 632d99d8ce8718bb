/*
 * raw.h - libssl bare: what a function returned and the error queue that it left, in one crossing, and nothing
 * else. A function here is named glsraw_ plus the exact name of the function or macro that it calls.
 *
 * Those that take a glsraw_entry find it on the queue; for the others the queue is empty, but for what a callback's
 * caller has put there.
 */
#ifndef GLSRAW_H
#define GLSRAW_H

#include "../../shim.h"

/* The shim's error queues are used here as well. cgo links the C of each package by itself before it links the
 * program: there, and only there, they are missing. */
#pragma weak gls_drain_errs
#pragma weak gls_free_errs

/* Missing, or hidden as deprecated, in some version's headers; missing in some version's library. */
#pragma weak SSL_CTX_flush_sessions
#pragma weak SSL_CTX_flush_sessions_ex
#pragma weak SSL_SESSION_get_time
#pragma weak SSL_SESSION_get_time_ex
#pragma weak SSL_SESSION_set_time
#pragma weak SSL_SESSION_set_time_ex
#pragma weak SSL_new_session_ticket
#pragma weak SSL_CTX_set_tlsext_ticket_key_evp_cb
#pragma weak HMAC_Init_ex
void SSL_CTX_flush_sessions(SSL_CTX *ctx, long at);
void SSL_CTX_flush_sessions_ex(SSL_CTX *ctx, time_t at);
long SSL_SESSION_get_time(const SSL_SESSION *s);
time_t SSL_SESSION_get_time_ex(const SSL_SESSION *s);
long SSL_SESSION_set_time(SSL_SESSION *s, long t);
time_t SSL_SESSION_set_time_ex(SSL_SESSION *s, time_t t);
int SSL_new_session_ticket(SSL *ssl);
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
int HMAC_Init_ex(HMAC_CTX *mac, const void *key, int n, const EVP_MD *digest, ENGINE *none);
#else
int SSL_CTX_set_tlsext_ticket_key_evp_cb(SSL_CTX *ctx, void *cb);
#endif

/* An entry of an error queue; library 0 is none. */
typedef struct glsraw_entry {
    int lib, reason;
} glsraw_entry;

void glsraw_init(void);
void glsraw_raise(glsraw_entry e);
int glsraw_has(const char *function); /* of those that may be missing */

/* SSL_CTX */
gls_ret glsraw_SSL_CTX_new(int method);
void glsraw_SSL_CTX_free(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_use_certificate_ASN1(SSL_CTX *ctx, int n, const unsigned char *der);
gls_ret glsraw_SSL_CTX_use_PrivateKey_ASN1(int type, SSL_CTX *ctx, const unsigned char *der, long n);
gls_ret glsraw_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version);
gls_ret glsraw_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version);
uint64_t glsraw_SSL_CTX_set_options(SSL_CTX *ctx, uint64_t options);
uint64_t glsraw_SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t options);
void glsraw_SSL_CTX_set_verify(SSL_CTX *ctx, int mode, int on);
void glsraw_SSL_CTX_set_post_handshake_auth(SSL_CTX *ctx, int on);
void glsraw_SSL_CTX_set_client_hello_cb(SSL_CTX *ctx, int on);
void glsraw_SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx, int on);
gls_ret glsraw_SSL_CTX_set_tlsext_ticket_key_evp_cb(SSL_CTX *ctx, int on);
gls_ret glsraw_SSL_CTX_set_tlsext_ticket_key_cb(SSL_CTX *ctx, int on);
gls_ret glsraw_SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, int generate, int decrypt);
gls_ret glsraw_SSL_CTX_set_session_id_context(glsraw_entry before, SSL_CTX *ctx, const unsigned char *sid,
                                              unsigned int n);
gls_ret glsraw_SSL_CTX_set_generate_session_id(glsraw_entry before, SSL_CTX *ctx, int on);
gls_ret glsraw_SSL_CTX_set_session_cache_mode(glsraw_entry before, SSL_CTX *ctx, long mode);
gls_ret glsraw_SSL_CTX_get_session_cache_mode(glsraw_entry before, SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_set_cache_size(glsraw_entry before, SSL_CTX *ctx, long n);
gls_ret glsraw_SSL_CTX_sess_get_cache_size(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_set_timeout(glsraw_entry before, SSL_CTX *ctx, long t);
gls_ret glsraw_SSL_CTX_get_timeout(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_number(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_connect(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_connect_good(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_connect_renegotiate(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_accept(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_accept_good(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_accept_renegotiate(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_hits(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_cb_hits(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_misses(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_timeouts(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_sess_cache_full(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_flush_sessions(SSL_CTX *ctx, long at);
gls_ret glsraw_SSL_CTX_flush_sessions_ex(SSL_CTX *ctx, int64_t at);
gls_ret glsraw_SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *s);
gls_ret glsraw_SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *s);
void glsraw_SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int on);
void glsraw_SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, int on);
void glsraw_SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, int on);
/* 0 for NULL, 1 for what the function above sets, 2 for another. */
int glsraw_SSL_CTX_sess_get_new_cb(SSL_CTX *ctx);
int glsraw_SSL_CTX_sess_get_get_cb(SSL_CTX *ctx);
int glsraw_SSL_CTX_sess_get_remove_cb(SSL_CTX *ctx);
gls_ret glsraw_SSL_CTX_set_tlsext_ticket_keys(SSL_CTX *ctx, void *keys, long n);
gls_ret glsraw_SSL_CTX_get_tlsext_ticket_keys(SSL_CTX *ctx, void *keys, long n);
gls_ret glsraw_SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t n);

/* SSL */
gls_ret glsraw_SSL_new(SSL_CTX *ctx);
gls_ret glsraw_SSL_do_handshake(glsraw_entry before, SSL *ssl);
gls_ret glsraw_SSL_read(SSL *ssl, void *buf, int n);
gls_ret glsraw_SSL_write(SSL *ssl, const void *buf, int n);
gls_ret glsraw_SSL_shutdown(SSL *ssl);
gls_ret glsraw_SSL_clear(SSL *ssl);
gls_ret glsraw_SSL_renegotiate(SSL *ssl);
gls_ret glsraw_SSL_verify_client_post_handshake(SSL *ssl);
gls_ret glsraw_SSL_new_session_ticket(SSL *ssl);
gls_ret glsraw_SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx);
gls_ret glsraw_SSL_set_session_id_context(glsraw_entry before, SSL *ssl, const unsigned char *sid, unsigned int n);
gls_ret glsraw_SSL_set_generate_session_id(glsraw_entry before, SSL *ssl, int on);
gls_ret glsraw_SSL_has_matching_session_id(SSL *ssl, const unsigned char *id, unsigned int n);
gls_ret glsraw_SSL_set_session(SSL *ssl, SSL_SESSION *s);
gls_ret glsraw_SSL_set_tlsext_host_name(SSL *ssl, const char *name);
gls_ret glsraw_SSL_set_num_tickets(SSL *ssl, size_t n);
BIO *glsraw_BIO_new_mem(void);
void glsraw_BIO_set_mem_eof_return(BIO *b, int v);

/* SSL_SESSION */
gls_ret glsraw_SSL_SESSION_dup(SSL_SESSION *s);
gls_ret glsraw_SSL_SESSION_set1_id(SSL_SESSION *s, const unsigned char *id, unsigned int n);
gls_ret glsraw_SSL_SESSION_set1_id_context(SSL_SESSION *s, const unsigned char *sid, unsigned int n);
gls_ret glsraw_SSL_SESSION_get_time(SSL_SESSION *s);
gls_ret glsraw_SSL_SESSION_set_time(SSL_SESSION *s, long t);
gls_ret glsraw_SSL_SESSION_get_time_ex(SSL_SESSION *s);
gls_ret glsraw_SSL_SESSION_set_time_ex(SSL_SESSION *s, int64_t t);
gls_ret glsraw_SSL_SESSION_get_timeout(SSL_SESSION *s);
gls_ret glsraw_SSL_SESSION_set_timeout(SSL_SESSION *s, long t);
gls_ret glsraw_SSL_SESSION_set_max_early_data(SSL_SESSION *s, uint32_t n);
gls_ret glsraw_SSL_SESSION_set1_ticket_appdata(SSL_SESSION *s, const void *data, size_t n);
gls_ret glsraw_SSL_SESSION_get0_ticket_appdata(SSL_SESSION *s, void **data, size_t *n);
gls_ret glsraw_i2d_SSL_SESSION(SSL_SESSION *s, unsigned char **der);
/* *target, unless target is NULL, is what d2i_SSL_SESSION's first argument points to, before and after. */
gls_ret glsraw_d2i_SSL_SESSION(SSL_SESSION **target, const unsigned char *der, long n, ptrdiff_t *used);
gls_ret glsraw_PEM_read_bio_SSL_SESSION(const void *pem, int n);
gls_ret glsraw_PEM_write_bio_SSL_SESSION(SSL_SESSION *s, unsigned char **pem);
/* Has Go told by its number when s, not a copy of it, is freed. */
int glsraw_SSL_SESSION_watch(SSL_SESSION *s, uintptr_t id);
int glsraw_SSL_SESSION_has_peer(const SSL_SESSION *s);

/* The calls that some libssl does not survive: each is made in a process of its own. */
enum {
    GLSRAW_SSL_CTX_SET_SESSION_ID_CONTEXT_NULL_DATA, /* (ctx, NULL, 1) */
    GLSRAW_SSL_CTX_SET_SESSION_ID_CONTEXT_NULL_CTX,  /* (NULL, "x", 1) */
    GLSRAW_SSL_SET_SESSION_ID_CONTEXT_NULL_SSL,      /* (NULL, "x", 1) */
    GLSRAW_SSL_CTX_SET_GENERATE_SESSION_ID_NULL_CTX,
    GLSRAW_SSL_SET_GENERATE_SESSION_ID_NULL_SSL,
    GLSRAW_SSL_HAS_MATCHING_SESSION_ID_NULL_ID,  /* (ssl, NULL, 32) */
    GLSRAW_SSL_HAS_MATCHING_SESSION_ID_NULL_SSL, /* (NULL, "", 0) */
    GLSRAW_SSL_CTX_SESS_GET_NEW_CB_NULL_CTX,
    GLSRAW_SSL_CTX_SESS_SET_NEW_CB_NULL_CTX,
    GLSRAW_SSL_CTX_FLUSH_SESSIONS_NULL_CTX,
    GLSRAW_SSL_CTX_ADD_SESSION_NULL,
    GLSRAW_SSL_SESSION_GET_ID_NULL,
    GLSRAW_SSL_SESSION_SET1_ID_NULL,
    GLSRAW_SSL_SET_SESSION_NULL_SSL, /* (NULL, NULL) */
    GLSRAW_D2I_SSL_SESSION_NULL_PP,
    GLSRAW_D2I_SSL_SESSION_NULL_P,
    /* Not NULL, but no less dangerous: does another thread's call on an SSL_CTX that SSL_CTX_free is tearing down
     * wait while the remove callback runs? 1 if so. */
    GLSRAW_SSL_CTX_FREE_BESIDE_ANOTHER,
};
/* What came of a process: the signal that ended it, or what the call returned and how many errors it queued. */
typedef struct glsraw_fate {
    int failed; /* errno: there was no process */
    int signal;
    int nerrs;
    long ret;
} glsraw_fate;
glsraw_fate glsraw_in_child(int call, SSL *ssl, SSL_CTX *ctx);

#endif
