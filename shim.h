/*
 * shim.h - everything the binding uses of C, readable alone.
 *
 * A function here is named gls_ plus the exact name of the libssl function that it calls. It exists for
 * one of these reasons only: libssl has a macro; the call can fail and its error queue must come back in
 * the same crossing; the call can lead to a callback; several calls belong into one crossing; versions
 * differ. Everything else is called from Go directly.
 */
#ifndef GLS_SHIM_H
#define GLS_SHIM_H

#ifndef OPENSSL_NO_DEPRECATED /* before every header of OpenSSL: the first one decides */
# define OPENSSL_NO_DEPRECATED
#endif

#include <stddef.h>
#include <stdint.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
# include <openssl/core_names.h>
# include <openssl/params.h>
#else
# include <openssl/hmac.h>
#endif

#ifndef SSL_SESS_CACHE_UPDATE_TIME /* OpenSSL 3.0; older ones ignore the bit */
# define SSL_SESS_CACHE_UPDATE_TIME 0x0400
#endif

/* Options that 1.1.1 lacks: nothing to set there. */
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
# define GLS_OP_IGNORE_UNEXPECTED_EOF SSL_OP_IGNORE_UNEXPECTED_EOF
# define GLS_OP_ALLOW_CLIENT_RENEGOTIATION SSL_OP_ALLOW_CLIENT_RENEGOTIATION
# define GLS_OP_NO_EXTENDED_MASTER_SECRET SSL_OP_NO_EXTENDED_MASTER_SECRET
#else
# define GLS_OP_IGNORE_UNEXPECTED_EOF 0
# define GLS_OP_ALLOW_CLIENT_RENEGOTIATION 0
# define GLS_OP_NO_EXTENDED_MASTER_SECRET 0
#endif

/* One entry of an error queue. The strings are never NULL and live as long as the entry. */
typedef struct gls_err {
    unsigned long code;
    int lib, reason, line;
    const char *lib_name, *text, *func, *file, *data;
    char *strings; /* what the pointers above point into */
} gls_err;

/* What a callback without a result had to say: told to Go when the crossing is over. */
enum { GLS_NOTE_NEW_SESSION, GLS_NOTE_REMOVE_SESSION, GLS_NOTE_KEYLOG, GLS_NOTE_INFO, GLS_NOTE_MSG };
typedef struct gls_note {
    struct gls_note *next;
    int kind;
    uintptr_t ssl, ctx;   /* the numbers that Go knows them by */
    SSL_SESSION *session; /* a copy; Go owns it */
    int where, value;     /* of an info callback; content type and version of a message */
    int sent;             /* a message */
    const char *state;    /* of an info callback */
    void *data;           /* a line of the key log, or a message: malloc'ed */
    size_t len;
} gls_note;

/* The outcome of one crossing. errs and notes are malloc'ed: gls_free_errs, gls_free_notes. */
typedef struct gls_ret {
    const char *op; /* the libssl function that decided it */
    long ret;       /* what that function returned; 1 and 0 for a pointer and NULL */
    void *ptr;
    int ssl_error, sys_errno, nerrs;
    gls_err *errs; /* this crossing's own error queue, oldest first; only when it failed */
    gls_note *notes;
} gls_ret;

/* The outcome of one crossing that moves records. It lies with the SSL until the next one, where it can stay: a
 * pointer to memory of Go with pointers in it would be looked through on every call. */
typedef struct gls_io {
    gls_ret r;
    size_t in_used; /* ciphertext taken from the in window */
    size_t out_len; /* ciphertext put into the out window */
    unsigned char *spill; /* ciphertext that did not fit there, malloc'ed */
    size_t spill_len;
    /* As it is afterwards: */
    int in_init;  /* SSL_in_init */
    int version;
    int early_data_rejected;
    int shutdown; /* SSL_get_shutdown */
    int dry;      /* a read could do nothing without more ciphertext */
} gls_io;

void gls_init(void);
/* Moves this thread's error queue into a malloc'ed array, oldest entry first, and returns its length. */
int gls_drain_errs(gls_err **errs);
void gls_free_errs(gls_err *errs, int n);
void gls_free_notes(gls_note *notes);
const char *gls_reason_text(int reason);

/* Callbacks of Go that run inside a crossing: is this thread in one of this object's, or, for an SSL_CTX, of an SSL
 * that was made from it or has switched to it? */
int gls_inside_ssl(const SSL *ssl);
int gls_inside_ctx(const SSL_CTX *ctx);
int gls_inside_any(void);
/* A callback's goroutine has ended above C frames: forget this thread's crossings. */
void gls_abandon(void);

/* A certificate with its key and its chain: made once, given to any number of SSL_CTX and SSL. */
typedef struct gls_cert {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) *chain;
} gls_cert;
/* What an encrypted key is decrypted with; text NULL is nothing. *asked says afterwards whether it was wanted. */
typedef struct gls_password {
    const char *text;
    size_t n;
    int *asked;
} gls_password;
/* Each fills cert, which gls_cert_free empties, also when it fails. certs: the leaf first; DER one after the other. */
gls_ret gls_cert_parse(gls_cert *cert, const unsigned char *certs, size_t certs_len, const unsigned char *key,
                       size_t key_len);
/* The key stays in Go, which knows it by the number signer: see glsOnSign. public_key is its other half. */
gls_ret gls_cert_with_signer(gls_cert *cert, const unsigned char *certs, size_t certs_len,
                             const unsigned char *public_key, size_t public_len, uintptr_t signer);
gls_ret gls_cert_parse_pem(gls_cert *cert, const unsigned char *certs, size_t certs_len, const unsigned char *key,
                           size_t key_len, gls_password password);
/* Adds what is found at the URI; when all is there, gls_cert_choose_leaf puts the certificate of the key first. */
gls_ret gls_cert_load(gls_cert *cert, const char *uri, gls_password password);
gls_ret gls_cert_choose_leaf(gls_cert *cert);
void gls_cert_free(gls_cert *cert);

/* SSL_CTX */
gls_ret gls_SSL_CTX_new(int method, uintptr_t id);
gls_ret gls_SSL_CTX_free(SSL_CTX *ctx);
gls_ret gls_SSL_CTX_use_cert_and_key(SSL_CTX *ctx, const gls_cert *cert);
gls_ret gls_SSL_CTX_use_certificate_file(SSL_CTX *ctx, const char *path, gls_password password);
gls_ret gls_SSL_CTX_use_certificate_chain_file(SSL_CTX *ctx, const char *path, gls_password password);
gls_ret gls_SSL_CTX_use_PrivateKey_file(SSL_CTX *ctx, const char *path, gls_password password);
gls_ret gls_SSL_CTX_use_certificate_ASN1(SSL_CTX *ctx, const unsigned char *der, size_t n);
gls_ret gls_SSL_CTX_use_PrivateKey(SSL_CTX *ctx, const unsigned char *der, size_t n);
gls_ret gls_SSL_CTX_check_private_key(SSL_CTX *ctx);
gls_ret gls_SSL_CTX_get0_certificate(SSL_CTX *ctx, unsigned char **der);
gls_ret gls_SSL_CTX_get0_privatekey(SSL_CTX *ctx, unsigned char **der);
gls_ret gls_SSL_CTX_select_current_cert(SSL_CTX *ctx, const unsigned char *der, size_t n);
gls_ret gls_SSL_CTX_add1_chain_cert(SSL_CTX *ctx, const unsigned char *der, size_t n);
gls_ret gls_SSL_CTX_add_extra_chain_cert(SSL_CTX *ctx, const unsigned char *der, size_t n);
gls_ret gls_SSL_CTX_clear_chain_certs(SSL_CTX *ctx);
size_t gls_SSL_CTX_get0_chain_certs(SSL_CTX *ctx, unsigned char **der);
gls_ret gls_SSL_CTX_build_cert_chain(SSL_CTX *ctx, int flags);
gls_ret gls_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version);
gls_ret gls_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version);
gls_ret gls_SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *s);
gls_ret gls_SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *s);
gls_ret gls_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *s);
gls_ret gls_SSL_CTX_set0_tmp_dh_pkey(SSL_CTX *ctx, const unsigned char *pem, size_t n);
long gls_SSL_CTX_get_min_proto_version(SSL_CTX *ctx);
long gls_SSL_CTX_get_max_proto_version(SSL_CTX *ctx);
gls_ret gls_SSL_CTX_set1_sigalgs_list(SSL_CTX *ctx, const char *s);
gls_ret gls_SSL_CTX_set1_client_sigalgs_list(SSL_CTX *ctx, const char *s);
gls_ret gls_SSL_CTX_set_max_send_fragment(SSL_CTX *ctx, long n);
gls_ret gls_SSL_CTX_config(SSL_CTX *ctx, const char *section);
char *gls_SSL_CTX_get_ciphers(SSL_CTX *ctx); /* malloc'ed names with colons between them */
gls_ret gls_SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const unsigned char *list, size_t n);
void gls_SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_tlsext_status_type(SSL_CTX *ctx, int type);
void gls_SSL_CTX_set_dh_auto(SSL_CTX *ctx, int mode);
void gls_SSL_CTX_set_tlsext_status_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_keylog_callback(SSL_CTX *ctx, int on);
uint64_t gls_SSL_CTX_set_options(SSL_CTX *ctx, uint64_t options);
uint64_t gls_SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t options);
void gls_SSL_CTX_set_verify(SSL_CTX *ctx, int mode, int go_callback);
gls_ret gls_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *dir);
gls_ret gls_SSL_CTX_load_verify_store(SSL_CTX *ctx, const char *uri);
gls_ret gls_SSL_CTX_set_default_verify_paths(SSL_CTX *ctx);
/* Adds the certificates or the CRLs that are in the PEM text, of which there must be one, to those trusted. */
gls_ret gls_X509_STORE_add_cert(SSL_CTX *ctx, const unsigned char *pem, size_t n);
gls_ret gls_X509_STORE_add_crl(SSL_CTX *ctx, const unsigned char *pem, size_t n);
/* Trusts the certificates in the PEM text and nothing else. */
gls_ret gls_SSL_CTX_set1_cert_store(SSL_CTX *ctx, const unsigned char *pem, size_t n);
/* Names are DER, one after the other. The getters' are malloc'ed; they return the length. */
gls_ret gls_SSL_CTX_set_client_CA_list(SSL_CTX *ctx, const unsigned char *names, size_t n);
gls_ret gls_SSL_CTX_add_client_CA(SSL_CTX *ctx, const unsigned char *der, size_t n);
gls_ret gls_SSL_load_client_CA_file(SSL_CTX *ctx, const char *path);
gls_ret gls_SSL_CTX_set0_CA_list(SSL_CTX *ctx, const unsigned char *names, size_t n);
size_t gls_SSL_CTX_get_client_CA_list(SSL_CTX *ctx, unsigned char **names);
size_t gls_SSL_CTX_get0_CA_list(SSL_CTX *ctx, unsigned char **names);
gls_ret gls_X509_VERIFY_PARAM_set_purpose(X509_VERIFY_PARAM *param, int purpose);
gls_ret gls_X509_VERIFY_PARAM_set1_ip_asc(X509_VERIFY_PARAM *param, const char *ip);
gls_ret gls_X509_VERIFY_PARAM_set1_email(X509_VERIFY_PARAM *param, const char *email);
void gls_SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_client_hello_cb(SSL_CTX *ctx, int ask); /* there in any case; ask has it ask Go */
void gls_SSL_CTX_set_cert_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_not_resumable_session_callback(SSL_CTX *ctx, int on);
void gls_SSL_set_not_resumable_session_callback(SSL *ssl, int on);
gls_ret gls_SSL_CTX_set_max_early_data(SSL_CTX *ctx, uint32_t n);
gls_ret gls_SSL_CTX_set_recv_max_early_data(SSL_CTX *ctx, uint32_t n);
void gls_SSL_CTX_set_allow_early_data_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_psk_client_callback(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_psk_server_callback(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_psk_use_session_callback(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_psk_find_session_callback(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_stateless_cookie_generate_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_set_stateless_cookie_verify_cb(SSL_CTX *ctx, int on);
gls_ret gls_SSL_CTX_use_psk_identity_hint(SSL_CTX *ctx, const char *hint);

gls_ret gls_SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid, size_t n);
gls_ret gls_SSL_CTX_set_generate_session_id(SSL_CTX *ctx, int on);
long gls_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode);
long gls_SSL_CTX_get_session_cache_mode(SSL_CTX *ctx);
long gls_SSL_CTX_sess_set_cache_size(SSL_CTX *ctx, long n);
long gls_SSL_CTX_sess_get_cache_size(SSL_CTX *ctx);
typedef struct gls_stats {
    long number, connect, connect_good, connect_renegotiate, accept, accept_good, accept_renegotiate, hits,
        cb_hits, misses, timeouts, cache_full;
} gls_stats;
gls_stats gls_SSL_CTX_sess_stats(SSL_CTX *ctx);
gls_ret gls_SSL_CTX_flush_sessions(SSL_CTX *ctx, int64_t at);
/* The copies of the sessions in the cache, and how many: the array is malloc'ed. */
size_t gls_SSL_CTX_sessions(SSL_CTX *ctx, SSL_SESSION ***sessions);
gls_ret gls_SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *session);
gls_ret gls_SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *session);
void gls_SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, int on);
void gls_SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, int on);
gls_ret gls_SSL_CTX_set_tlsext_ticket_keys(SSL_CTX *ctx, void *keys, long n);
gls_ret gls_SSL_CTX_get_tlsext_ticket_keys(SSL_CTX *ctx, void *keys, long n);
gls_ret gls_SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t n);
gls_ret gls_SSL_CTX_set_tlsext_ticket_key_cb(SSL_CTX *ctx, int on);
gls_ret gls_SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, int on_generate, int on_decrypt);

/* SSL. gls_SSL_new gives it the window BIO, and gls_SSL_free is the only way to free it. */
gls_ret gls_SSL_new(SSL_CTX *ctx, uintptr_t id, int server);
gls_ret gls_SSL_free(SSL *ssl, int keep_session);
const gls_io *gls_SSL_do_handshake(SSL *ssl, const unsigned char *in, size_t in_len, int eof, unsigned char *out,
                                   size_t out_cap);
const gls_io *gls_SSL_read(SSL *ssl, unsigned char *buf, size_t n, const unsigned char *in, size_t in_len, int eof);
const gls_io *gls_SSL_write(SSL *ssl, const unsigned char *buf, size_t n, unsigned char *out, size_t out_cap);
const gls_io *gls_SSL_shutdown(SSL *ssl);
/* ret is how much was written or read, 0 without an SSL_get_error the end of early data. */
const gls_io *gls_SSL_write_early_data(SSL *ssl, const unsigned char *buf, size_t n, unsigned char *out,
                                       size_t out_cap);
const gls_io *gls_SSL_read_early_data(SSL *ssl, unsigned char *buf, size_t n, const unsigned char *in, size_t in_len,
                                      int eof);
/* ret is 1 for a client that is accepted, 0 for one that has been told to come again. A ClientHello that is not whole
 * yet is left in the window. */
const gls_io *gls_SSL_stateless(SSL *ssl, const unsigned char *in, size_t in_len, int eof);
/* What libssl sends of its own accord; as doTicket and what follows it in conn.go. */
enum {
    GLS_NEW_SESSION_TICKET,
    GLS_KEY_UPDATE,
    GLS_KEY_UPDATE_OF_BOTH,
    GLS_RENEGOTIATE,
    GLS_RENEGOTIATE_ABBREVIATED,
    GLS_VERIFY_CLIENT_POST_HANDSHAKE
};
const gls_io *gls_SSL_request(SSL *ssl, int request);
long gls_SSL_get_secure_renegotiation_support(SSL *ssl);

/* In place of all that ssl has. */
gls_ret gls_SSL_set_session_id_context(SSL *ssl, const unsigned char *sid, size_t n);
gls_ret gls_SSL_set_generate_session_id(SSL *ssl, int on);
gls_ret gls_SSL_set_session(SSL *ssl, SSL_SESSION *session);
SSL_SESSION *gls_SSL_get1_session(SSL *ssl);
gls_ret gls_SSL_set_num_tickets(SSL *ssl, size_t n);
gls_ret gls_SSL_set_session_ticket_ext(SSL *ssl, const unsigned char *data, size_t n);
gls_ret gls_SSL_set_session_ticket_ext_cb(SSL *ssl, int on);
gls_ret gls_SSL_set_session_secret_cb(SSL *ssl, int on);
gls_ret gls_SSL_set_max_early_data(SSL *ssl, uint32_t n);
gls_ret gls_SSL_set_recv_max_early_data(SSL *ssl, uint32_t n);
void gls_SSL_set_allow_early_data_cb(SSL *ssl, int on);
void gls_SSL_set_psk_client_callback(SSL *ssl, int on);
void gls_SSL_set_psk_server_callback(SSL *ssl, int on);
void gls_SSL_set_psk_use_session_callback(SSL *ssl, int on);
void gls_SSL_set_psk_find_session_callback(SSL *ssl, int on);
gls_ret gls_SSL_use_psk_identity_hint(SSL *ssl, const char *hint);
gls_ret gls_SSL_export_keying_material_early(SSL *ssl, unsigned char *out, size_t n, const char *label, size_t label_len,
                                             const unsigned char *context, size_t context_len);
gls_ret gls_SSL_set_tlsext_host_name(SSL *ssl, const char *name);
gls_ret gls_SSL_set1_host(SSL *ssl, const char *name);
gls_ret gls_SSL_add1_host(SSL *ssl, const char *name);
/* The one name or address that a server's certificate must be for. Each takes the place of the other. */
gls_ret gls_SSL_expect_host(SSL *ssl, const char *name);
gls_ret gls_SSL_expect_ip(SSL *ssl, const char *ip);
gls_ret gls_SSL_use_cert_and_key(SSL *ssl, const gls_cert *cert);
gls_ret gls_SSL_get_certificate(SSL *ssl, unsigned char **der);
void gls_SSL_set_verify(SSL *ssl, int mode, int go_callback);
gls_ret gls_SSL_set1_verify_cert_store(SSL *ssl, const unsigned char *pem, size_t n);
gls_ret gls_SSL_set_client_CA_list(SSL *ssl, const unsigned char *names, size_t n);
gls_ret gls_SSL_add_client_CA(SSL *ssl, const unsigned char *der, size_t n);
gls_ret gls_SSL_set0_CA_list(SSL *ssl, const unsigned char *names, size_t n);
size_t gls_SSL_get_client_CA_list(SSL *ssl, unsigned char **names);
size_t gls_SSL_get0_CA_list(SSL *ssl, unsigned char **names);
size_t gls_SSL_get0_peer_CA_list(SSL *ssl, unsigned char **names);
/* Puts ctx's certificates and everything that decides who may connect into force for this handshake. */
gls_ret gls_SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx, const unsigned char *sid, size_t n);
/* The peer's certificates, leaf first, and the chain that verification built: DER, one after the other, malloc'ed.
 * They return its length. */
size_t gls_SSL_get_peer_cert_chain(SSL *ssl, unsigned char **der);
size_t gls_SSL_get0_verified_chain(SSL *ssl, unsigned char **der);
gls_ret gls_SSL_set_min_proto_version(SSL *ssl, int version);
gls_ret gls_SSL_set_max_proto_version(SSL *ssl, int version);
gls_ret gls_SSL_set_cipher_list(SSL *ssl, const char *s);
gls_ret gls_SSL_set_ciphersuites(SSL *ssl, const char *s);
gls_ret gls_SSL_set1_groups_list(SSL *ssl, const char *s);
gls_ret gls_SSL_set1_sigalgs_list(SSL *ssl, const char *s);
gls_ret gls_SSL_set1_client_sigalgs_list(SSL *ssl, const char *s);
gls_ret gls_SSL_set_max_send_fragment(SSL *ssl, long n);
char *gls_SSL_get_ciphers(SSL *ssl);
const char *gls_SSL_get0_group_name(SSL *ssl);
uint64_t gls_SSL_set_options(SSL *ssl, uint64_t options);
uint64_t gls_SSL_clear_options(SSL *ssl, uint64_t options);
gls_ret gls_SSL_set_alpn_protos(SSL *ssl, const unsigned char *list, size_t n);
void gls_SSL_set_tlsext_status_type(SSL *ssl, int type);
int gls_SSL_set_tlsext_status_ocsp_resp(SSL *ssl, const unsigned char *resp, size_t n);
void gls_SSL_set_info_callback(SSL *ssl, int on);
void gls_SSL_set_msg_callback(SSL *ssl, int on);
gls_ret gls_SSL_export_keying_material(SSL *ssl, unsigned char *out, size_t n, const char *label, size_t label_len,
                                       const unsigned char *context, size_t context_len, int use_context);
long gls_SSL_get_extms_support(SSL *ssl);
int gls_SSL_want_client_hello_cb(SSL *ssl);
int gls_SSL_client_hello_get0_ext(SSL *ssl, unsigned int type, const unsigned char **out, size_t *n);
long gls_SSL_get_tlsext_status_ocsp_resp(SSL *ssl, const unsigned char **out);

/* The last alert that ended something: level and description as on the wire; sent -1 for none. */
typedef struct gls_alert {
    int sent, level, description;
} gls_alert;
gls_alert gls_SSL_alert(SSL *ssl);
/* The certificate that verification stopped at; borrowed. code X509_V_OK for none. */
typedef struct gls_verify {
    int code, depth;
    X509 *cert;
} gls_verify;
gls_verify gls_SSL_verify_failure(SSL *ssl);
void gls_X509_STORE_CTX_refuse(X509_STORE_CTX *x);
/* Verifies the first of the DER certificates as a peer's of ctx. ret is what X509_verify_cert returns; found, whose cert
 * is a reference of its own, says what is against it. */
gls_ret gls_X509_verify_cert(SSL_CTX *ctx, const unsigned char *certs, size_t n, int purpose, gls_verify *found);
void gls_X509_free(X509 *cert);
/* One line for a name in DER; ptr is the caller's, for gls_OPENSSL_free. */
gls_ret gls_X509_NAME_oneline(const unsigned char *der, size_t n);
size_t gls_X509_STORE_CTX_get0_chain(X509_STORE_CTX *x, unsigned char **der);

/* For a ticket key callback: has the contexts that libssl brought seal or open a ticket with a key. Sealing, it makes
 * the iv. cipher and digest are libcrypto's names. */
gls_ret gls_use_ticket_key(EVP_CIPHER_CTX *ctx, void *mac, unsigned char *iv, int encrypt, const char *cipher,
                           const unsigned char *cipher_key, size_t cipher_key_len, const char *digest,
                           const unsigned char *mac_key, size_t mac_key_len);

/* The library. op is NULL where it lacks the function. */
gls_ret gls_OSSL_PROVIDER_load(const char *name);
gls_ret gls_OSSL_PROVIDER_try_load(const char *name, int retain_fallbacks);
gls_ret gls_OSSL_PROVIDER_unload(void *provider);
int gls_OSSL_PROVIDER_available(const char *name);
gls_ret gls_EVP_set_default_properties(const char *query);
gls_ret gls_EVP_default_properties_enable_fips(int on);
int gls_EVP_default_properties_is_fips_enabled(void);
gls_ret gls_CONF_modules_load_file(const char *path);

/* SSL_SESSION */
gls_ret gls_SSL_SESSION_new(void);
SSL_SESSION *gls_SSL_SESSION_dup(SSL_SESSION *session);
gls_ret gls_d2i_SSL_SESSION(const unsigned char *der, size_t n, size_t *used);
gls_ret gls_i2d_SSL_SESSION(SSL_SESSION *session, unsigned char **der);
gls_ret gls_PEM_read_bio_SSL_SESSION(const unsigned char *pem, size_t n);
gls_ret gls_PEM_write_bio_SSL_SESSION(SSL_SESSION *session, unsigned char **pem);
gls_ret gls_SSL_SESSION_print(SSL_SESSION *session, unsigned char **text);
gls_ret gls_SSL_SESSION_print_keylog(SSL_SESSION *session, unsigned char **text);
int64_t gls_SSL_SESSION_get_time(const SSL_SESSION *session);
void gls_SSL_SESSION_set_time(SSL_SESSION *session, int64_t t);
gls_ret gls_SSL_SESSION_set_timeout(SSL_SESSION *session, long t);
gls_ret gls_SSL_SESSION_set1_id(SSL_SESSION *session, const unsigned char *id, size_t n);
gls_ret gls_SSL_SESSION_set1_id_context(SSL_SESSION *session, const unsigned char *sid, size_t n);
gls_ret gls_SSL_SESSION_set_protocol_version(SSL_SESSION *session, int version);
gls_ret gls_SSL_SESSION_set_cipher(SSL_SESSION *session, unsigned int suite);
gls_ret gls_SSL_SESSION_set1_master_key(SSL_SESSION *session, const unsigned char *key, size_t n);
gls_ret gls_SSL_SESSION_set1_hostname(SSL_SESSION *session, const char *name);
gls_ret gls_SSL_SESSION_set1_alpn_selected(SSL_SESSION *session, const unsigned char *name, size_t n);
gls_ret gls_SSL_SESSION_set_max_early_data(SSL_SESSION *session, uint32_t n);
gls_ret gls_SSL_SESSION_set1_ticket_appdata(SSL_SESSION *session, const void *data, size_t n);
/* 0 when the peer showed none. */
int gls_SSL_SESSION_get0_peer_rpk(SSL_SESSION *session, unsigned char **der);
int gls_SSL_SESSION_cipher_suite(const SSL_SESSION *session);
int gls_i2d_X509(X509 *cert, unsigned char **der);
void gls_OPENSSL_free(void *p);

#endif
