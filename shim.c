/* shim.c - see shim.h. Thin and dull: what decides anything is in Go. */
#include "shim.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
# include <openssl/core_dispatch.h>
# include <openssl/core_names.h>
# include <openssl/params.h>
# include <openssl/provider.h>
#else
# include <openssl/engine.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
# include <openssl/provider.h>
#endif

/* callback.go. A callback of libssl is one static function on_… here that finds the number by which Go knows
 * the object and calls one of these. */
extern int glsOnGenerateSessionID(uintptr_t ssl, unsigned char *id, unsigned int *len);
extern SSL_SESSION *glsOnGetSession(uintptr_t ssl, unsigned char *id, int len);
extern int glsOnVerify(uintptr_t ssl, int ok, X509_STORE_CTX *x);
extern int glsOnClientHello(uintptr_t ssl, int *alert);
extern int glsOnCertificate(uintptr_t ssl);
extern int glsOnALPNSelect(uintptr_t ssl, unsigned char *list, int n, int *at, int *len);
extern int glsOnStatus(uintptr_t ssl);
extern int glsOnNotResumable(uintptr_t ssl, int forward_secure);
extern int glsOnTicketKey(uintptr_t ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx, void *mac,
                          int encrypt);
extern int glsOnGenerateTicket(uintptr_t ssl);
extern int glsOnDecryptTicket(uintptr_t ssl, SSL_SESSION *session, unsigned char *name, size_t n, int status);
extern int glsOnSessionTicketExt(uintptr_t ssl, unsigned char *data, int n);
extern int glsOnSessionSecret(uintptr_t ssl, void *secret, int *n);
extern int glsOnAllowEarlyData(uintptr_t ssl);
extern int glsOnGenerateCookie(uintptr_t ssl, unsigned char *cookie, size_t *n);
extern int glsOnVerifyCookie(uintptr_t ssl, unsigned char *cookie, size_t n);
extern int glsOnSign(uintptr_t ssl, uintptr_t signer, int md, int pss, unsigned char *data, size_t n, unsigned char *sig,
                     size_t *sig_len);
extern void glsOnSignerFreed(uintptr_t signer);
extern unsigned int glsOnPSKClient(uintptr_t ssl, char *hint, char *identity, unsigned int identity_max,
                                   unsigned char *key, unsigned int key_max);
extern unsigned int glsOnPSKServer(uintptr_t ssl, char *identity, unsigned char *key, unsigned int key_max);
extern int glsOnPSKUseSession(uintptr_t ssl, int digest, unsigned char **identity, size_t *n, SSL_SESSION **session);
extern int glsOnPSKFindSession(uintptr_t ssl, int digest, unsigned char *identity, size_t n, SSL_SESSION **session);

/* ---- what the binding keeps for each SSL ------------------------------------------------------------- */

typedef struct conn {
    uintptr_t id;
    int info; /* Go wants to be told of what on_info sees */
    SSL_CTX *origin; /* the SSL_CTX that the SSL was made from; the SSL holds a reference to it */
    /* The windows of the crossing under way; empty between crossings. */
    const unsigned char *in;
    size_t in_len, in_used;
    int eof;
    unsigned char *out;
    size_t out_cap, out_len;
    unsigned char *spill;
    size_t spill_len, spill_cap;
    gls_alert alert;
    gls_verify verify; /* cert is a reference of its own */
    SSL_SESSION *refused; /* see on_decrypt_ticket */
    int stateless; /* in gls_SSL_stateless */
    int early_psk; /* early data is under the pre-shared key that libssl was last given */
    unsigned char *psk_identity; /* that libssl was last given to copy; malloc'ed */
    gls_io io; /* what the last crossing came to */
} conn;

static int ssl_index, ctx_index, session_index;
static BIO_METHOD *window_method;

static conn *conn_of(const SSL *ssl) {
    return SSL_get_ex_data(ssl, ssl_index);
}

static uintptr_t ctx_id(const SSL_CTX *ctx) {
    return (uintptr_t)SSL_CTX_get_ex_data(ctx, ctx_index);
}

/* ---- error queues ------------------------------------------------------------------------------------ */

/* Packs the strings of an entry into one block: those of the queue die with the queue's slot. */
static int keep_strings(gls_err *e) {
    const char **s[] = {&e->lib_name, &e->text, &e->func, &e->file, &e->data};
    size_t len[5], sum = 0;
    for (int i = 0; i < 5; i++) {
        if (*s[i] == NULL)
            *s[i] = "";
        len[i] = strlen(*s[i]) + 1;
        sum += len[i];
    }
    char *p = e->strings = malloc(sum);
    if (p == NULL)
        return 0;
    for (int i = 0; i < 5; i++) {
        *s[i] = memcpy(p, *s[i], len[i]);
        p += len[i];
    }
    return 1;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static unsigned long next_error(gls_err *e) {
    int flags = 0;
    e->code = ERR_get_error_all(&e->file, &e->line, &e->func, &e->data, &flags);
    if (!(flags & ERR_TXT_STRING))
        e->data = NULL;
    return e->code;
}
#else
static unsigned long next_error(gls_err *e) {
    int flags = 0;
    e->code = ERR_get_error_line_data(&e->file, &e->line, &e->data, &flags);
    e->func = ERR_func_error_string(e->code);
    if (!(flags & ERR_TXT_STRING))
        e->data = NULL;
    return e->code;
}
#endif

int gls_drain_errs(gls_err **errs) {
    gls_err e, *list = NULL;
    int n = 0;
    while (memset(&e, 0, sizeof e), next_error(&e) != 0) {
        gls_err *more = realloc(list, (size_t)(n + 1) * sizeof e);
        if (more == NULL)
            break;
        list = more;
        e.lib = ERR_GET_LIB(e.code);
        e.reason = ERR_GET_REASON(e.code);
        e.lib_name = ERR_lib_error_string(e.code);
        e.text = ERR_reason_error_string(e.code);
        if (!keep_strings(&e))
            break;
        list[n++] = e;
    }
    *errs = list;
    return n;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static void raise_error(const gls_err *e) {
    ERR_new();
    ERR_set_debug(e->file, e->line, e->func);
    if (e->data[0] != '\0')
        ERR_set_error(e->lib, e->reason, "%s", e->data);
    else
        ERR_set_error(e->lib, e->reason, NULL);
}
#else
static void raise_error(const gls_err *e) {
    /* 1.1.1 keeps the pointer to the file's name, so the copy that is about to be freed will not do. */
    ERR_put_error(e->lib, ERR_GET_FUNC(e->code), e->reason, "", e->line);
    if (e->data[0] != '\0')
        ERR_add_error_data(1, e->data);
}
#endif

void gls_free_errs(gls_err *errs, int n) {
    for (int i = 0; i < n; i++)
        free(errs[i].strings);
    free(errs);
}

const char *gls_reason_text(int reason) {
    return ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
}

/* ---- crossings --------------------------------------------------------------------------------------- */

/* One crossing, on the C stack. A callback that crosses again nests. */
typedef struct call {
    struct call *outer;
    const SSL *ssl;
    const SSL_CTX *ctx;
    gls_err *errs; /* libssl's queue so far, while a callback of Go runs */
    int nerrs;
    gls_note *notes, **tail;
    int mute; /* removals are our own doing: no notes of them */
} call;

static __thread call *current;

static void begin(call *c, const SSL *ssl, const SSL_CTX *ctx) {
    memset(c, 0, sizeof *c);
    c->outer = current;
    c->ssl = ssl;
    c->ctx = ctx;
    c->tail = &c->notes;
    current = c;
    if (ERR_peek_error() != 0) /* a tenth of the price of clearing an empty queue */
        ERR_clear_error();
}

static void begin_ssl(call *c, const SSL *ssl) {
    begin(c, ssl, conn_of(ssl)->origin);
}

static void end(call *c, gls_ret *r, int failed) {
    if (failed)
        r->nerrs = gls_drain_errs(&r->errs);
    else if (ERR_peek_error() != 0)
        ERR_clear_error();
    r->notes = c->notes;
    current = c->outer;
}

/* Around every callback of Go: what it does to this thread's queue, in crossings of its own or in other code that
 * uses OpenSSL, is no business of the libssl call that it runs for, which may go by its queue. */
static void enter_go(void) {
    if (current != NULL && ERR_peek_error() != 0)
        current->nerrs = gls_drain_errs(&current->errs);
}

static void leave_go(void) {
    if (ERR_peek_error() != 0)
        ERR_clear_error();
    if (current == NULL)
        return;
    for (int i = 0; i < current->nerrs; i++)
        raise_error(&current->errs[i]);
    gls_free_errs(current->errs, current->nerrs);
    current->errs = NULL;
    current->nerrs = 0;
}

/* CALL names the function for the error before it calls it. */
#define CALL(r, function, args) ((r).op = #function, (r).ret = (long)(function args))
#define CALL_PTR(r, function, args) \
    ((r).op = #function, (r).ptr = (void *)(function args), (r).ret = (r).ptr != NULL)

static int int_len(size_t n) {
    return n > INT_MAX ? INT_MAX : (int)n;
}

/* NULL if there is nobody to tell, or no memory. */
static gls_note *note(int kind, uintptr_t ssl, uintptr_t ctx) {
    gls_note *n = current == NULL ? NULL : calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->kind = kind;
    n->ssl = ssl;
    n->ctx = ctx;
    *current->tail = n;
    current->tail = &n->next;
    return n;
}

static void note_session(int kind, uintptr_t ssl, uintptr_t ctx, SSL_SESSION *session) {
    SSL_SESSION *copy = current == NULL ? NULL : gls_SSL_SESSION_dup(session);
    gls_note *n = copy == NULL ? NULL : note(kind, ssl, ctx);
    if (n != NULL)
        n->session = copy;
    else
        SSL_SESSION_free(copy);
}

static gls_note *note_data(int kind, uintptr_t ssl, const void *data, size_t len) {
    gls_note *n = note(kind, ssl, 0);
    if (n != NULL && (n->data = malloc(len + 1)) != NULL) {
        memcpy(n->data, data, len);
        n->len = len;
    }
    return n;
}

void gls_free_notes(gls_note *n) {
    while (n != NULL) {
        gls_note *next = n->next;
        SSL_SESSION_free(n->session);
        free(n->data);
        free(n);
        n = next;
    }
}

int gls_inside_ssl(const SSL *ssl) {
    for (const call *c = current; c != NULL; c = c->outer)
        if (c->ssl == ssl)
            return 1;
    return 0;
}

int gls_inside_ctx(const SSL_CTX *ctx) {
    for (const call *c = current; c != NULL; c = c->outer)
        if (c->ctx == ctx || (c->ssl != NULL && SSL_get_SSL_CTX(c->ssl) == ctx))
            return 1;
    return 0;
}

int gls_inside_any(void) {
    return current != NULL;
}

void gls_abandon(void) {
    for (; current != NULL; current = current->outer) {
        gls_free_notes(current->notes);
        gls_free_errs(current->errs, current->nerrs);
    }
    ERR_clear_error();
}

/* ---- certificates as bytes --------------------------------------------------------------------------- */

/* Appends cert to the malloc'ed *der of *n bytes. */
static int append_cert(unsigned char **der, size_t *n, X509 *cert) {
    int len = i2d_X509(cert, NULL);
    unsigned char *more = len <= 0 ? NULL : realloc(*der, *n + (size_t)len);
    if (more == NULL)
        return 0;
    *der = more;
    more += *n;
    *n += (size_t)i2d_X509(cert, &more);
    return 1;
}

static size_t append_chain(unsigned char **der, size_t n, const STACK_OF(X509) *chain, int from) {
    for (int i = from; chain != NULL && i < sk_X509_num(chain); i++)
        if (!append_cert(der, &n, sk_X509_value(chain, i)))
            break;
    return n;
}

/* ---- callbacks --------------------------------------------------------------------------------------- */

static int on_generate(SSL *ssl, unsigned char *id, unsigned int *len) {
    enter_go();
    int ok = glsOnGenerateSessionID(conn_of(ssl)->id, id, len);
    leave_go();
    return ok;
}

/* 0: the session stays libssl's; Go gets a copy when the crossing is over. */
static int on_new(SSL *ssl, SSL_SESSION *session) {
    conn *k = conn_of(ssl);
    note_session(GLS_NOTE_NEW_SESSION, k->id, ctx_id(k->origin), session);
    return 0;
}

static void on_remove(SSL_CTX *ctx, SSL_SESSION *session) {
    if (current != NULL && !current->mute)
        note_session(GLS_NOTE_REMOVE_SESSION, 0, ctx_id(ctx), session);
}

/* Go hands over a reference of its own. */
static SSL_SESSION *on_get(SSL *ssl, const unsigned char *id, int len, int *copy) {
    enter_go();
    SSL_SESSION *session = glsOnGetSession(conn_of(ssl)->id, (unsigned char *)id, len);
    leave_go();
    *copy = 0;
    return session;
}

static void keep_verify_failure(conn *k, X509_STORE_CTX *x) {
    X509_free(k->verify.cert);
    k->verify.code = X509_STORE_CTX_get_error(x);
    k->verify.depth = X509_STORE_CTX_get_error_depth(x);
    k->verify.cert = X509_STORE_CTX_get_current_cert(x);
    if (k->verify.cert != NULL)
        X509_up_ref(k->verify.cert);
}

static SSL *verified_ssl(X509_STORE_CTX *x) {
    return X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
}

/* Without a Go callback: changes nothing, keeps what an error will have to say. */
static int on_verify(int ok, X509_STORE_CTX *x) {
    if (!ok)
        keep_verify_failure(conn_of(verified_ssl(x)), x);
    return ok;
}

static int on_verify_go(int ok, X509_STORE_CTX *x) {
    enter_go();
    ok = glsOnVerify(conn_of(verified_ssl(x))->id, ok, x);
    leave_go();
    return on_verify(ok, x);
}

void gls_X509_STORE_CTX_refuse(X509_STORE_CTX *x) {
    if (X509_STORE_CTX_get_error(x) == X509_V_OK)
        X509_STORE_CTX_set_error(x, X509_V_ERR_APPLICATION_VERIFICATION);
}

size_t gls_X509_STORE_CTX_get0_chain(X509_STORE_CTX *x, unsigned char **der) {
    return append_chain(der, 0, X509_STORE_CTX_get0_chain(x), 0);
}

/* ask is NULL while Go has nothing to ask of a ClientHello. After a switch it is the new SSL_CTX's, and says nothing. */
static int on_client_hello(SSL *ssl, int *alert, void *ask) {
    int result = SSL_CLIENT_HELLO_SUCCESS;
    if (ask != NULL || SSL_get_SSL_CTX(ssl) != conn_of(ssl)->origin) {
        enter_go();
        result = glsOnClientHello(conn_of(ssl)->id, alert);
        leave_go();
    }
    /* Older versions have no cookies: libssl would begin a handshake. */
    if (result == SSL_CLIENT_HELLO_SUCCESS && conn_of(ssl)->stateless)
        SSL_set_min_proto_version(ssl, TLS1_3_VERSION);
    return result;
}

static int on_certificate(SSL *ssl, void *arg) {
    (void)arg;
    enter_go();
    int ok = glsOnCertificate(conn_of(ssl)->id);
    leave_go();
    return ok;
}

static int on_not_resumable(SSL *ssl, int forward_secure) {
    enter_go();
    int not_resumable = glsOnNotResumable(conn_of(ssl)->id, forward_secure);
    leave_go();
    return not_resumable;
}

/* The choice was made at the ClientHello. This only lets libssl acknowledge the extension. */
static int on_servername(SSL *ssl, int *alert, void *arg) {
    (void)ssl, (void)alert, (void)arg;
    return SSL_TLSEXT_ERR_OK;
}

static int on_allow_early_data(SSL *ssl, void *arg) {
    (void)arg;
    enter_go();
    int ok = glsOnAllowEarlyData(conn_of(ssl)->id);
    leave_go();
    return ok;
}

static void on_info(const SSL *ssl, int where, int value) {
    gls_note *n = conn_of(ssl)->info ? note(GLS_NOTE_INFO, conn_of(ssl)->id, 0) : NULL;
    if (n != NULL) {
        n->where = where;
        n->value = value;
        n->state = SSL_state_string_long(ssl);
    }
    if (!(where & SSL_CB_ALERT))
        return;
    int level = value >> 8, description = value & 0xff;
    if (description == SSL_AD_CLOSE_NOTIFY || description == SSL_AD_USER_CANCELLED ||
        (level != SSL3_AL_FATAL && SSL_version(ssl) < TLS1_3_VERSION))
        return;
    conn_of(ssl)->alert = (gls_alert){(where & SSL_CB_WRITE) != 0, level, description};
}

static void on_msg(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg) {
    (void)arg;
    gls_note *n = note_data(GLS_NOTE_MSG, conn_of(ssl)->id, data, len);
    if (n != NULL) {
        n->sent = sent;
        n->where = type;
        n->value = version;
    }
}

static void on_keylog(const SSL *ssl, const char *line) {
    note_data(GLS_NOTE_KEYLOG, conn_of(ssl)->id, line, strlen(line));
}

static int on_alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                          unsigned int in_len, void *arg) {
    int at = 0, len = 0;
    (void)arg;
    enter_go();
    int result = glsOnALPNSelect(conn_of(ssl)->id, (unsigned char *)in, (int)in_len, &at, &len);
    leave_go();
    *out = in + at;
    *out_len = (unsigned char)len;
    return result;
}

static int on_status(SSL *ssl, void *arg) {
    (void)arg;
    enter_go();
    int result = glsOnStatus(conn_of(ssl)->id);
    leave_go();
    return result;
}

/* See on_decrypt_ticket. */
static void on_session_free(void *session, void *k, CRYPTO_EX_DATA *data, int index, long argl, void *argp) {
    (void)session, (void)data, (void)index, (void)argl, (void)argp;
    if (k != NULL)
        ((conn *)k)->refused = NULL;
}

/* ---- the window BIO ---------------------------------------------------------------------------------- */

static int window_read(BIO *b, char *p, int n) {
    conn *k = BIO_get_data(b);
    size_t left = k->in_len - k->in_used;
    BIO_clear_retry_flags(b);
    if (left == 0) {
        if (k->eof)
            return 0;
        BIO_set_retry_read(b);
        return -1;
    }
    if ((size_t)n > left)
        n = (int)left;
    memcpy(p, k->in + k->in_used, (size_t)n);
    k->in_used += (size_t)n;
    return n;
}

static int spill(conn *k, const char *p, size_t n) {
    if (k->spill_cap - k->spill_len < n) {
        size_t cap = 2 * k->spill_cap + n + 512;
        unsigned char *more = realloc(k->spill, cap);
        if (more == NULL)
            return 0;
        k->spill = more;
        k->spill_cap = cap;
    }
    memcpy(k->spill + k->spill_len, p, n);
    k->spill_len += n;
    return 1;
}

/* Takes everything always: libssl must never be left with half a record. */
static int window_write(BIO *b, const char *p, int n) {
    conn *k = BIO_get_data(b);
    size_t room = k->out_cap - k->out_len, fits = (size_t)n < room ? (size_t)n : room;
    BIO_clear_retry_flags(b);
    if (n <= 0)
        return n;
    if (fits > 0) {
        memcpy(k->out + k->out_len, p, fits);
        k->out_len += fits;
    }
    if (fits < (size_t)n && !spill(k, p + fits, (size_t)n - fits))
        return -1;
    return n;
}

/* Never touches the retry flags: libssl 3.0 asks for kTLS between a failed read and SSL_get_error. */
static long window_ctrl(BIO *b, int cmd, long num, void *ptr) {
    conn *k = BIO_get_data(b);
    (void)num, (void)ptr;
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return k->eof && k->in_used == k->in_len;
    case BIO_CTRL_PENDING:
        return (long)(k->in_len - k->in_used);
    case BIO_CTRL_WPENDING:
        return (long)(k->out_len + k->spill_len);
    default:
        return 0;
    }
}

/* Is there nothing that a read could do without more ciphertext? */
static int is_dry(const SSL *ssl) {
    return !SSL_in_init(ssl) && !SSL_has_pending(ssl) && !SSL_renegotiate_pending(ssl) &&
           !(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
}

static const gls_io *close_windows(conn *k, gls_ret r, SSL *ssl) {
    k->io = (gls_io){
        .r = r,
        .in_used = k->in_used,
        .out_len = k->out_len,
        .spill = k->spill,
        .spill_len = k->spill_len,
        .in_init = SSL_in_init(ssl),
        .version = SSL_version(ssl),
        .early_data_rejected = SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_REJECTED,
        .shutdown = SSL_get_shutdown(ssl),
        .dry = is_dry(ssl),
    };
    k->in = NULL;
    k->out = k->spill = NULL;
    k->in_len = k->in_used = k->out_cap = k->out_len = k->spill_len = k->spill_cap = 0;
    k->eof = 0;
    return &k->io;
}

void gls_init(void) {
    ssl_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    session_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, on_session_free);
    window_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "libssl window");
    if (window_method == NULL)
        abort(); /* out of memory before main */
    BIO_meth_set_read(window_method, window_read);
    BIO_meth_set_write(window_method, window_write);
    BIO_meth_set_ctrl(window_method, window_ctrl);
}

/* ---- SSL_CTX ----------------------------------------------------------------------------------------- */

void gls_SSL_CTX_set_client_hello_cb(SSL_CTX *ctx, int ask) {
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, ask ? ctx : NULL);
}

gls_ret gls_SSL_CTX_new(int method, uintptr_t id) {
    const SSL_METHOD *methods[] = {TLS_method(), TLS_server_method(), TLS_client_method()};
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    SSL_CTX *ctx = CALL_PTR(r, SSL_CTX_new, (methods[method])) ? r.ptr : NULL;
    if (ctx != NULL && CALL(r, SSL_CTX_set_ex_data, (ctx, ctx_index, (void *)id)) != 1) {
        SSL_CTX_free(ctx);
        r.ptr = NULL;
    }
    /* Always: libssl asks the SSL_CTX in force, which after a switch is not the one that the callback was set for. */
    if (r.ptr != NULL)
        gls_SSL_CTX_set_client_hello_cb(ctx, 0);
    end(&c, &r, r.ptr == NULL);
    return r;
}

gls_ret gls_SSL_CTX_free(SSL_CTX *ctx) {
    call c;
    gls_ret r = {.op = "SSL_CTX_free"};
    begin(&c, NULL, ctx);
    c.mute = 1;
    SSL_CTX_free(ctx);
    end(&c, &r, 0);
    return r;
}

/* ---- keys behind a crypto.Signer ---------------------------------------------------------------------- */

/* Has Go sign for the connection that this thread is in: what md made of the data, or with NID_undef the data. */
static int go_sign(uintptr_t signer, int md, int pss, const unsigned char *data, size_t n, unsigned char *sig,
                   size_t *sig_len) {
    if (current == NULL || current->ssl == NULL)
        return 0;
    uintptr_t ssl = conn_of(current->ssl)->id;
    enter_go();
    int ok = glsOnSign(ssl, signer, md, pss, (unsigned char *)data, n, sig, sig_len);
    leave_go();
    return ok;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L

/* A provider, which does as little as libssl can live with. It is in a library context of its own, so nobody who asks
 * the default one for RSA ever meets it; libssl gets to it by the key. All but signing is left to the public half. */

static OSSL_LIB_CTX *signers;

typedef struct signed_key {
    EVP_PKEY *public;
    const char *type;
    uintptr_t signer; /* 0: a public key, to be compared with one that has a signer */
} signed_key;

#define PARAM_SIGNED_KEY "go-signed-key" /* a signed_key to be copied */

static void *key_new(const char *type) {
    signed_key *k = calloc(1, sizeof *k);
    if (k != NULL)
        k->type = type;
    return k;
}

static void *key_new_rsa(void *provider) {
    (void)provider;
    return key_new("RSA");
}

static void *key_new_ec(void *provider) {
    (void)provider;
    return key_new("EC");
}

static void *key_new_ed25519(void *provider) {
    (void)provider;
    return key_new("ED25519");
}

static void key_free(void *key) {
    signed_key *k = key;
    if (k->signer != 0)
        glsOnSignerFreed(k->signer);
    EVP_PKEY_free(k->public);
    free(k);
}

static int key_import(void *key, int selection, const OSSL_PARAM params[]) {
    signed_key *k = key;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, PARAM_SIGNED_KEY);
    (void)selection;
    if (p != NULL) {
        const signed_key *from = p->data;
        k->public = from->public;
        k->signer = from->signer;
        return EVP_PKEY_up_ref(k->public);
    }
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, k->type, NULL);
    int ok = c != NULL && EVP_PKEY_fromdata_init(c) == 1 &&
             EVP_PKEY_fromdata(c, &k->public, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}

static int key_export(void *key, int selection, OSSL_CALLBACK *take, void *arg) {
    signed_key *k = key;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 && EVP_PKEY_export(k->public, EVP_PKEY_PUBLIC_KEY, take, arg);
}

static const OSSL_PARAM *key_no_types(int selection) {
    static const OSSL_PARAM none[] = {OSSL_PARAM_END};
    (void)selection;
    return none;
}

static const OSSL_PARAM *key_gettable(void *provider) {
    (void)provider;
    return key_no_types(0);
}

static int key_get_params(void *key, OSSL_PARAM params[]) {
    signed_key *k = key;
    return EVP_PKEY_get_params(k->public, params);
}

static int key_has(const void *key, int selection) {
    const signed_key *k = key;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || k->signer != 0;
}

static int key_match(const void *a, const void *b, int selection) {
    const signed_key *k = a, *other = b;
    (void)selection;
    return EVP_PKEY_eq(k->public, other->public) == 1;
}

static const char *key_operation(int id) {
    return id == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define KEY_FUNCTIONS(new_key)                                            \
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_key},                     \
    {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))key_free},                   \
    {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))key_import},               \
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))key_no_types},       \
    {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))key_export},               \
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))key_no_types},       \
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))key_get_params},       \
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))key_gettable},    \
    {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))key_has},                     \
    {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))key_match}

static const OSSL_DISPATCH rsa_key[] = {KEY_FUNCTIONS(key_new_rsa), {0, NULL}};
static const OSSL_DISPATCH ec_key[] = {
    KEY_FUNCTIONS(key_new_ec), {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))key_operation}, {0, NULL}};
static const OSSL_DISPATCH ed25519_key[] = {KEY_FUNCTIONS(key_new_ed25519), {0, NULL}};

/* A signature to be made. */
typedef struct signing {
    const signed_key *key;
    EVP_MD *md; /* NULL: the key signs the message itself */
    int pss;
} signing;

static void *sign_new(void *provider, const char *properties) {
    (void)provider, (void)properties;
    return calloc(1, sizeof(signing));
}

static void sign_free(void *signature) {
    signing *s = signature;
    EVP_MD_free(s->md);
    free(s);
}

static int sign_set_params(void *signature, const OSSL_PARAM params[]) {
    signing *s = signature;
    int padding;
    const OSSL_PARAM *p = params == NULL ? NULL : OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p != NULL) {
        if (!OSSL_PARAM_get_int(p, &padding) || (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING))
            return 0;
        s->pss = padding == RSA_PKCS1_PSS_PADDING;
    }
    /* In TLS the salt is always as long as the digest. */
    p = params == NULL ? NULL : OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    return p == NULL || (p->data_type == OSSL_PARAM_UTF8_STRING && strcmp(p->data, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0);
}

static const OSSL_PARAM *sign_settable(void *signature, void *provider) {
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)signature, (void)provider;
    return params;
}

static int sign_init(void *signature, const char *md, void *key, const OSSL_PARAM params[]) {
    signing *s = signature;
    int hashes = md != NULL && md[0] != '\0';
    s->key = key;
    EVP_MD_free(s->md);
    s->md = hashes ? EVP_MD_fetch(NULL, md, NULL) : NULL;
    return hashes == (strcmp(s->key->type, "ED25519") != 0) && hashes == (s->md != NULL) && sign_set_params(s, params);
}

static int sign(void *signature, unsigned char *sig, size_t *sig_len, size_t size, const unsigned char *message,
                size_t n) {
    signing *s = signature;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len;
    if (sig == NULL) {
        *sig_len = (size_t)EVP_PKEY_get_size(s->key->public);
        return 1;
    }
    *sig_len = size;
    if (s->md == NULL)
        return go_sign(s->key->signer, NID_undef, 0, message, n, sig, sig_len);
    return EVP_Digest(message, n, digest, &digest_len, s->md, NULL) &&
           go_sign(s->key->signer, EVP_MD_get_type(s->md), s->pss, digest, digest_len, sig, sig_len);
}

static const OSSL_DISPATCH sign_functions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))sign_new},
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))sign_free},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))sign_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))sign},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))sign_set_params},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))sign_settable},
    {0, NULL},
};

static const OSSL_ALGORITHM *signers_query(void *provider, int operation, int *no_cache) {
    static const OSSL_ALGORITHM keys[] = {
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=go-signers", rsa_key, NULL},
        {"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=go-signers", ec_key, NULL},
        {"ED25519:1.3.101.112", "provider=go-signers", ed25519_key, NULL},
        {NULL, NULL, NULL, NULL},
    }, signatures[] = {
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=go-signers", sign_functions, NULL},
        {"ECDSA", "provider=go-signers", sign_functions, NULL},
        {"ED25519:1.3.101.112", "provider=go-signers", sign_functions, NULL},
        {NULL, NULL, NULL, NULL},
    };
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int signers_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                        void **provider) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))signers_query}, {0, NULL}};
    (void)in;
    *out = functions;
    *provider = (void *)handle;
    return 1;
}

static void make_signers(void) {
    OSSL_LIB_CTX *own = OSSL_LIB_CTX_new();
    if (own == NULL)
        return;
    if (OSSL_PROVIDER_add_builtin(own, "go-signers", signers_init) == 1 && OSSL_PROVIDER_load(own, "go-signers") != NULL)
        signers = own;
    else
        OSSL_LIB_CTX_free(own);
}

/* A private key that has Go sign. */
static EVP_PKEY *signer_key(EVP_PKEY *public, uintptr_t signer) {
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    signed_key k = {public, NULL, signer};
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(PARAM_SIGNED_KEY, &k, sizeof k), OSSL_PARAM_construct_end()};
    EVP_PKEY *key = NULL;
    if (!CRYPTO_THREAD_run_once(&once, make_signers) || signers == NULL)
        return NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(signers, EVP_PKEY_get0_type_name(public), NULL);
    if (c != NULL && EVP_PKEY_fromdata_init(c) == 1)
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(c);
    return key;
}

#else

/* Methods of an ENGINE that nobody can look up, for those keys alone. Ed25519 keys have no place for the number. */

static int rsa_signer, ec_signer; /* indices of ex_data */
static ENGINE *signers;
static EVP_PKEY_METHOD *rsa_method, *ec_method;

static int sign(EVP_PKEY_CTX *c, unsigned char *sig, size_t *sig_len, const unsigned char *digest, size_t n) {
    EVP_PKEY *key = EVP_PKEY_CTX_get0_pkey(c);
    const EVP_MD *md = NULL;
    int padding = RSA_PKCS1_PADDING;
    if (sig == NULL) {
        *sig_len = (size_t)EVP_PKEY_size(key);
        return 1;
    }
    if (EVP_PKEY_CTX_get_signature_md(c, &md) != 1 || md == NULL)
        return 0;
    if (EVP_PKEY_base_id(key) == EVP_PKEY_EC)
        return go_sign((uintptr_t)EC_KEY_get_ex_data(EVP_PKEY_get0_EC_KEY(key), ec_signer), EVP_MD_type(md), 0, digest, n,
                       sig, sig_len);
    if (EVP_PKEY_CTX_get_rsa_padding(c, &padding) != 1)
        return 0;
    return go_sign((uintptr_t)RSA_get_ex_data(EVP_PKEY_get0_RSA(key), rsa_signer), EVP_MD_type(md),
                   padding == RSA_PKCS1_PSS_PADDING, digest, n, sig, sig_len);
}

static int signing_methods(ENGINE *e, EVP_PKEY_METHOD **method, const int **ids, int id) {
    static const int both[] = {EVP_PKEY_RSA, EVP_PKEY_EC};
    (void)e;
    if (method == NULL) {
        *ids = both;
        return 2;
    }
    *method = id == EVP_PKEY_RSA ? rsa_method : id == EVP_PKEY_EC ? ec_method : NULL;
    return *method != NULL;
}

/* libcrypto's own but for signing. */
static EVP_PKEY_METHOD *signing_method(int id) {
    const EVP_PKEY_METHOD *from = EVP_PKEY_meth_find(id);
    int flags;
    EVP_PKEY_meth_get0_info(NULL, &flags, from);
    EVP_PKEY_METHOD *m = EVP_PKEY_meth_new(id, flags);
    if (m != NULL) {
        EVP_PKEY_meth_copy(m, from);
        EVP_PKEY_meth_set_sign(m, NULL, sign);
    }
    return m;
}

static void signer_freed(void *parent, void *signer, CRYPTO_EX_DATA *data, int index, long argl, void *argp) {
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    if (signer != NULL)
        glsOnSignerFreed((uintptr_t)signer);
}

static void make_signers(void) {
    rsa_signer = RSA_get_ex_new_index(0, NULL, NULL, NULL, signer_freed);
    ec_signer = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, signer_freed);
    rsa_method = signing_method(EVP_PKEY_RSA);
    ec_method = signing_method(EVP_PKEY_EC);
    ENGINE *e = ENGINE_new();
    if (rsa_signer >= 0 && ec_signer >= 0 && rsa_method != NULL && ec_method != NULL && e != NULL &&
        ENGINE_set_id(e, "go-signers") && ENGINE_set_pkey_meths(e, signing_methods))
        signers = e;
}

static EVP_PKEY *signer_key(EVP_PKEY *public, uintptr_t signer) {
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    RSA *rsa = EVP_PKEY_get0_RSA(public);
    EC_KEY *ec = EVP_PKEY_get0_EC_KEY(public);
    if (!CRYPTO_THREAD_run_once(&once, make_signers) || signers == NULL || !EVP_PKEY_set1_engine(public, signers))
        return NULL;
    if (!(rsa != NULL ? RSA_set_ex_data(rsa, rsa_signer, (void *)signer) : EC_KEY_set_ex_data(ec, ec_signer, (void *)signer)))
        return NULL;
    EVP_PKEY_up_ref(public);
    return public;
}

#endif

/* ---- certificates and keys --------------------------------------------------------------------------- */

/* DER certificates, one after the other. */
static STACK_OF(X509) *parse_certs(const unsigned char *p, size_t n) {
    const unsigned char *stop = p + n;
    STACK_OF(X509) *list = sk_X509_new_null();
    while (list != NULL && p < stop) {
        X509 *x = d2i_X509(NULL, &p, (long)(stop - p));
        if (x == NULL || !sk_X509_push(list, x)) {
            X509_free(x);
            sk_X509_pop_free(list, X509_free);
            return NULL;
        }
    }
    return list;
}

/* The leaf and the chain. */
static int parse_cert(gls_cert *cert, const unsigned char *certs, size_t n, gls_ret *r) {
    r->op = "d2i_X509";
    cert->chain = parse_certs(certs, n);
    return cert->chain != NULL && (cert->leaf = sk_X509_shift(cert->chain)) != NULL;
}

gls_ret gls_cert_parse(gls_cert *cert, const unsigned char *certs, size_t certs_len, const unsigned char *key,
                       size_t key_len) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    if (parse_cert(cert, certs, certs_len, &r) && CALL_PTR(r, d2i_AutoPrivateKey, (NULL, &key, (long)key_len)))
        cert->key = r.ptr;
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_cert_with_signer(gls_cert *cert, const unsigned char *certs, size_t certs_len,
                             const unsigned char *public_key, size_t public_len, uintptr_t signer) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    if (parse_cert(cert, certs, certs_len, &r) && CALL_PTR(r, d2i_PUBKEY, (NULL, &public_key, (long)public_len))) {
        EVP_PKEY *public = r.ptr;
        r.op = "EVP_PKEY_fromdata";
        cert->key = signer_key(public, signer);
        r.ret = cert->key != NULL;
        EVP_PKEY_free(public);
    }
    end(&c, &r, r.ret != 1);
    return r;
}

/* In the place of OpenSSL's own, which asks on the terminal. */
static int give_password(char *buf, int n, int rw, void *arg) {
    const gls_password *p = arg;
    (void)rw;
    *p->asked = 1;
    if (p->text == NULL || n < 0 || p->n > (size_t)n)
        return -1;
    memcpy(buf, p->text, p->n);
    return (int)p->n;
}

/* Nothing, too, can be read from. */
static BIO *read_from(const unsigned char *text, size_t n) {
    return BIO_new_mem_buf(text == NULL ? (const unsigned char *)"" : text, int_len(n));
}

gls_ret gls_cert_parse_pem(gls_cert *cert, const unsigned char *certs, size_t certs_len, const unsigned char *key,
                           size_t key_len, gls_password password) {
    call c;
    gls_ret r = {0};
    X509 *x;
    begin(&c, NULL, NULL);
    BIO *b = read_from(certs, certs_len), *kb = read_from(key, key_len);
    cert->chain = sk_X509_new_null();
    if (b != NULL && kb != NULL && cert->chain != NULL &&
        CALL_PTR(r, PEM_read_bio_X509, (b, NULL, give_password, &password))) {
        cert->leaf = r.ptr;
        while ((x = PEM_read_bio_X509(b, NULL, give_password, &password)) != NULL)
            if (!sk_X509_push(cert->chain, x))
                X509_free(x);
        /* The end is an error too. */
        unsigned long e = ERR_peek_last_error();
        if (ERR_GET_LIB(e) != ERR_LIB_PEM || ERR_GET_REASON(e) != PEM_R_NO_START_LINE)
            r.ret = 0;
        else
            ERR_clear_error();
    }
    if (r.ret == 1 && CALL_PTR(r, PEM_read_bio_PrivateKey, (kb, NULL, give_password, &password)))
        cert->key = r.ptr;
    end(&c, &r, r.ret != 1);
    BIO_free(b);
    BIO_free(kb);
    return r;
}

/* Takes what a store holds: certificates, and the first private key. */
static int take(gls_cert *cert, OSSL_STORE_INFO *info) {
    switch (OSSL_STORE_INFO_get_type(info)) {
    case OSSL_STORE_INFO_CERT: {
        X509 *x = OSSL_STORE_INFO_get1_CERT(info);
        if (x != NULL && sk_X509_push(cert->chain, x))
            return 1;
        X509_free(x);
        return 0;
    }
    case OSSL_STORE_INFO_PKEY:
        return cert->key != NULL || (cert->key = OSSL_STORE_INFO_get1_PKEY(info)) != NULL;
    default:
        return 1;
    }
}

gls_ret gls_cert_load(gls_cert *cert, const char *uri, gls_password password) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_password, 0);
    OSSL_STORE_CTX *store = NULL;
    if (cert->chain == NULL)
        cert->chain = sk_X509_new_null();
    if (ui != NULL && cert->chain != NULL && CALL_PTR(r, OSSL_STORE_open, (uri, ui, &password, NULL, NULL)))
        store = r.ptr;
    while (r.ret == 1 && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL && ERR_peek_error() == 0) /* the end, which OSSL_STORE_error takes for an error */
            continue;
        r.op = "OSSL_STORE_load";
        r.ret = info != NULL && take(cert, info);
        OSSL_STORE_INFO_free(info);
    }
    end(&c, &r, r.ret != 1);
    OSSL_STORE_close(store);
    UI_destroy_method(ui);
    return r;
}

gls_ret gls_cert_choose_leaf(gls_cert *cert) {
    call c;
    gls_ret r = {.op = "X509_check_private_key"};
    begin(&c, NULL, NULL);
    for (int i = 0; cert->key != NULL && cert->leaf == NULL && i < sk_X509_num(cert->chain); i++)
        if (CALL(r, X509_check_private_key, (sk_X509_value(cert->chain, i), cert->key)) == 1)
            cert->leaf = sk_X509_delete(cert->chain, i);
    end(&c, &r, r.ret != 1);
    return r;
}

void gls_cert_free(gls_cert *cert) {
    X509_free(cert->leaf);
    EVP_PKEY_free(cert->key);
    sk_X509_pop_free(cert->chain, X509_free);
    *cert = (gls_cert){0};
}

gls_ret gls_SSL_CTX_use_cert_and_key(SSL_CTX *ctx, const gls_cert *cert) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    CALL(r, SSL_CTX_use_cert_and_key, (ctx, cert->leaf, cert->key, cert->chain, 1));
    end(&c, &r, r.ret != 1);
    return r;
}

#define WITH_PASSWORD(ctx, password, statement)                      \
    do {                                                             \
        SSL_CTX_set_default_passwd_cb(ctx, give_password);           \
        SSL_CTX_set_default_passwd_cb_userdata(ctx, &(password));    \
        statement;                                                   \
        SSL_CTX_set_default_passwd_cb(ctx, NULL);                    \
        SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);           \
    } while (0)

gls_ret gls_SSL_CTX_use_certificate_file(SSL_CTX *ctx, const char *path, gls_password password) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_PASSWORD(ctx, password, CALL(r, SSL_CTX_use_certificate_file, (ctx, path, SSL_FILETYPE_PEM)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_use_certificate_chain_file(SSL_CTX *ctx, const char *path, gls_password password) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_PASSWORD(ctx, password, CALL(r, SSL_CTX_use_certificate_chain_file, (ctx, path)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_use_PrivateKey_file(SSL_CTX *ctx, const char *path, gls_password password) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_PASSWORD(ctx, password, CALL(r, SSL_CTX_use_PrivateKey_file, (ctx, path, SSL_FILETYPE_PEM)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_use_certificate_ASN1(SSL_CTX *ctx, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    CALL(r, SSL_CTX_use_certificate_ASN1, (ctx, int_len(n), der));
    end(&c, &r, r.ret != 1);
    return r;
}

/* Of whatever type: SSL_CTX_use_PrivateKey_ASN1 would have to be told. */
gls_ret gls_SSL_CTX_use_PrivateKey(SSL_CTX *ctx, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    if (CALL_PTR(r, d2i_AutoPrivateKey, (NULL, &der, (long)n))) {
        EVP_PKEY *key = r.ptr;
        CALL(r, SSL_CTX_use_PrivateKey, (ctx, key));
        EVP_PKEY_free(key);
    }
    r.ptr = NULL;
    end(&c, &r, r.ret != 1);
    return r;
}

/* ret is the length of *der, 0 when there is no certificate. */
gls_ret gls_SSL_CTX_get0_certificate(SSL_CTX *ctx, unsigned char **der) {
    gls_ret r = {.op = "SSL_CTX_get0_certificate"};
    X509 *x = SSL_CTX_get0_certificate(ctx);
    r.ret = x == NULL ? 0 : i2d_X509(x, der);
    return r;
}

gls_ret gls_SSL_get_certificate(SSL *ssl, unsigned char **der) {
    gls_ret r = {.op = "SSL_get_certificate"};
    X509 *x = SSL_get_certificate(ssl);
    r.ret = x == NULL ? 0 : i2d_X509(x, der);
    return r;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
/* The public half, where every encoder knows it: a key may belong to a provider that has none. */
static EVP_PKEY *public_half(const EVP_PKEY *key) {
    EVP_PKEY *public = NULL;
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *c = NULL;
    if (EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params) == 1 &&
        (c = EVP_PKEY_CTX_new_from_name(NULL, EVP_PKEY_get0_type_name(key), NULL)) != NULL && EVP_PKEY_fromdata_init(c) == 1)
        EVP_PKEY_fromdata(c, &public, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    return public;
}
#else
static EVP_PKEY *public_half(EVP_PKEY *key) {
    EVP_PKEY_up_ref(key);
    return key;
}
#endif

/* ret is the length of *der, its public half, 0 when there is no key. */
gls_ret gls_SSL_CTX_get0_privatekey(SSL_CTX *ctx, unsigned char **der) {
    call c;
    gls_ret r = {.op = "SSL_CTX_get0_privatekey"};
    begin(&c, NULL, ctx);
    EVP_PKEY *key = SSL_CTX_get0_privatekey(ctx), *public = key == NULL ? NULL : public_half(key);
    if (public != NULL)
        r.ret = i2d_PUBKEY(public, der);
    EVP_PKEY_free(public);
    end(&c, &r, key != NULL && r.ret <= 0);
    return r;
}

/* A call with one certificate that it does not keep, or of which it takes a reference. */
#define WITH_CERT(r, der, n, statement)                              \
    do {                                                             \
        const unsigned char *at = (der);                             \
        if (CALL_PTR(r, d2i_X509, (NULL, &at, (long)(n)))) {         \
            X509 *x = (r).ptr;                                       \
            statement;                                               \
            X509_free(x);                                            \
        }                                                            \
        (r).ptr = NULL;                                              \
    } while (0)

gls_ret gls_SSL_CTX_select_current_cert(SSL_CTX *ctx, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_CERT(r, der, n, CALL(r, SSL_CTX_select_current_cert, (ctx, x)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_add1_chain_cert(SSL_CTX *ctx, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_CERT(r, der, n, CALL(r, SSL_CTX_add1_chain_cert, (ctx, x)));
    end(&c, &r, r.ret != 1);
    return r;
}

/* libssl takes over the reference that it is given. */
gls_ret gls_SSL_CTX_add_extra_chain_cert(SSL_CTX *ctx, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_CERT(r, der, n, if (CALL(r, SSL_CTX_add_extra_chain_cert, (ctx, x)) == 1) X509_up_ref(x));
    end(&c, &r, r.ret != 1);
    return r;
}

size_t gls_SSL_CTX_get0_chain_certs(SSL_CTX *ctx, unsigned char **der) {
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(ctx, &chain);
    return append_chain(der, 0, chain, 0);
}

/* 2 is success with faults that were to be ignored. */
gls_ret gls_SSL_CTX_build_cert_chain(SSL_CTX *ctx, int flags) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    if (CALL(r, SSL_CTX_build_cert_chain, (ctx, flags)) == 2)
        r.ret = 1;
    end(&c, &r, r.ret != 1);
    return r;
}

/* The many functions that return 1 and nothing else when all is well. */
#define CTX_SETTER(function, params, ...)  \
    gls_ret gls_##function params {        \
        call c;                            \
        gls_ret r = {0};                   \
        begin(&c, NULL, ctx);              \
        CALL(r, function, (__VA_ARGS__));  \
        end(&c, &r, r.ret != 1);           \
        return r;                          \
    }

CTX_SETTER(SSL_CTX_set_min_proto_version, (SSL_CTX *ctx, int version), ctx, version)
CTX_SETTER(SSL_CTX_set_max_proto_version, (SSL_CTX *ctx, int version), ctx, version)
CTX_SETTER(SSL_CTX_set_cipher_list, (SSL_CTX *ctx, const char *s), ctx, s)
CTX_SETTER(SSL_CTX_set_ciphersuites, (SSL_CTX *ctx, const char *s), ctx, s)
CTX_SETTER(SSL_CTX_set1_groups_list, (SSL_CTX *ctx, const char *s), ctx, s)
CTX_SETTER(SSL_CTX_set1_sigalgs_list, (SSL_CTX *ctx, const char *s), ctx, s)
CTX_SETTER(SSL_CTX_set1_client_sigalgs_list, (SSL_CTX *ctx, const char *s), ctx, s)
CTX_SETTER(SSL_CTX_set_max_send_fragment, (SSL_CTX *ctx, long n), ctx, n)
CTX_SETTER(SSL_CTX_config, (SSL_CTX *ctx, const char *section), ctx, section)
CTX_SETTER(SSL_CTX_load_verify_locations, (SSL_CTX *ctx, const char *file, const char *dir), ctx, file, dir)
CTX_SETTER(SSL_CTX_set_default_verify_paths, (SSL_CTX *ctx), ctx)
CTX_SETTER(SSL_CTX_check_private_key, (SSL_CTX *ctx), ctx)
CTX_SETTER(SSL_CTX_clear_chain_certs, (SSL_CTX *ctx), ctx)
CTX_SETTER(SSL_CTX_set_generate_session_id, (SSL_CTX *ctx, int on), ctx, on ? on_generate : NULL)
CTX_SETTER(SSL_CTX_set_tlsext_ticket_keys, (SSL_CTX *ctx, void *keys, long n), ctx, keys, n)
CTX_SETTER(SSL_CTX_get_tlsext_ticket_keys, (SSL_CTX *ctx, void *keys, long n), ctx, keys, n)
CTX_SETTER(SSL_CTX_set_num_tickets, (SSL_CTX *ctx, size_t n), ctx, n)

/* Those that set a callback, or with 0 take it away, and can't fail. */
#define CALLBACK_SETTER(function, type, object, callback)  \
    void gls_##function(type *object, int on) {            \
        function(object, on ? callback : NULL);            \
    }

/* A length that an unsigned int can't hold is still longer than any limit: libssl is to say so. */
static unsigned int clip(size_t n) {
    return n > UINT_MAX ? UINT_MAX : (unsigned int)n;
}

CTX_SETTER(SSL_CTX_set_session_id_context, (SSL_CTX *ctx, const unsigned char *sid, size_t n), ctx, sid, clip(n))

long gls_SSL_CTX_get_min_proto_version(SSL_CTX *ctx) {
    return SSL_CTX_get_min_proto_version(ctx);
}

long gls_SSL_CTX_get_max_proto_version(SSL_CTX *ctx) {
    return SSL_CTX_get_max_proto_version(ctx);
}

static char *cipher_names(const STACK_OF(SSL_CIPHER) *ciphers) {
    size_t n = 1;
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        n += strlen(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i))) + 1;
    char *names = calloc(n, 1), *p = names;
    for (int i = 0; names != NULL && i < sk_SSL_CIPHER_num(ciphers); i++)
        p += sprintf(p, "%s%s", i == 0 ? "" : ":", SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
    return names;
}

char *gls_SSL_CTX_get_ciphers(SSL_CTX *ctx) {
    return cipher_names(SSL_CTX_get_ciphers(ctx));
}

/* 0 is success for libssl here; and 1.1.1 calls it a failure to offer nothing. */
gls_ret gls_SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const unsigned char *list, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    r.ret = CALL(r, SSL_CTX_set_alpn_protos, (ctx, list, clip(n))) == 0 || n == 0;
    end(&c, &r, r.ret != 1);
    return r;
}

void gls_SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_set_alpn_select_cb(ctx, on ? on_alpn_select : NULL, NULL);
}

void gls_SSL_CTX_set_tlsext_status_type(SSL_CTX *ctx, int type) {
    SSL_CTX_set_tlsext_status_type(ctx, type);
}

void gls_SSL_CTX_set_dh_auto(SSL_CTX *ctx, int mode) {
    SSL_CTX_set_dh_auto(ctx, mode);
}

void gls_SSL_CTX_set_tlsext_status_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_set_tlsext_status_cb(ctx, (on ? on_status : NULL));
}

void gls_SSL_CTX_set_keylog_callback(SSL_CTX *ctx, int on) {
    SSL_CTX_set_keylog_callback(ctx, on ? on_keylog : NULL);
}

uint64_t gls_SSL_CTX_set_options(SSL_CTX *ctx, uint64_t options) {
    return SSL_CTX_set_options(ctx, options);
}

uint64_t gls_SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t options) {
    return SSL_CTX_clear_options(ctx, options);
}

void gls_SSL_CTX_set_verify(SSL_CTX *ctx, int mode, int go_callback) {
    SSL_CTX_set_verify(ctx, mode, go_callback ? on_verify_go : on_verify);
}

void gls_SSL_CTX_set_cert_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_set_cert_cb(ctx, on ? on_certificate : NULL, NULL);
}

void gls_SSL_CTX_set_not_resumable_session_callback(SSL_CTX *ctx, int on) {
    SSL_CTX_set_not_resumable_session_callback(ctx, on ? on_not_resumable : NULL);
}

void gls_SSL_set_not_resumable_session_callback(SSL *ssl, int on) {
    SSL_set_not_resumable_session_callback(ssl, on ? on_not_resumable : NULL);
}

void gls_SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx, int on) {
    SSL_CTX_set_tlsext_servername_callback(ctx, (on ? on_servername : NULL));
}

long gls_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode) {
    return SSL_CTX_set_session_cache_mode(ctx, mode);
}

long gls_SSL_CTX_get_session_cache_mode(SSL_CTX *ctx) {
    return SSL_CTX_get_session_cache_mode(ctx);
}

long gls_SSL_CTX_sess_set_cache_size(SSL_CTX *ctx, long n) {
    return SSL_CTX_sess_set_cache_size(ctx, n);
}

long gls_SSL_CTX_sess_get_cache_size(SSL_CTX *ctx) {
    return SSL_CTX_sess_get_cache_size(ctx);
}

gls_stats gls_SSL_CTX_sess_stats(SSL_CTX *ctx) {
    return (gls_stats){
        .number = SSL_CTX_sess_number(ctx),
        .connect = SSL_CTX_sess_connect(ctx),
        .connect_good = SSL_CTX_sess_connect_good(ctx),
        .connect_renegotiate = SSL_CTX_sess_connect_renegotiate(ctx),
        .accept = SSL_CTX_sess_accept(ctx),
        .accept_good = SSL_CTX_sess_accept_good(ctx),
        .accept_renegotiate = SSL_CTX_sess_accept_renegotiate(ctx),
        .hits = SSL_CTX_sess_hits(ctx),
        .cb_hits = SSL_CTX_sess_cb_hits(ctx),
        .misses = SSL_CTX_sess_misses(ctx),
        .timeouts = SSL_CTX_sess_timeouts(ctx),
        .cache_full = SSL_CTX_sess_cache_full(ctx),
    };
}

#if OPENSSL_VERSION_NUMBER >= 0x30400000L
static void flush_sessions(SSL_CTX *ctx, int64_t at) {
    SSL_CTX_flush_sessions_ex(ctx, (time_t)at);
}
#else
static void flush_sessions(SSL_CTX *ctx, int64_t at) {
    SSL_CTX_flush_sessions(ctx, (long)at);
}
#endif

gls_ret gls_SSL_CTX_flush_sessions(SSL_CTX *ctx, int64_t at) {
    call c;
    gls_ret r = {.op = "SSL_CTX_flush_sessions", .ret = 1};
    begin(&c, NULL, ctx);
    flush_sessions(ctx, at);
    end(&c, &r, 0);
    return r;
}

/* The return values of these two are answers, not failures. */
gls_ret gls_SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *session) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    CALL(r, SSL_CTX_add_session, (ctx, session));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *session) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    CALL(r, SSL_CTX_remove_session, (ctx, session));
    end(&c, &r, 0);
    return r;
}

/* Room for copies of the sessions in a cache; NULL in place of those that there was no memory for. */
typedef struct session_list {
    SSL_SESSION **sessions;
    size_t n, cap;
} session_list;

static void count_session(void *session, void *arg) {
    (void)session;
    ((session_list *)arg)->cap++;
}

static void copy_session(void *session, void *arg) {
    session_list *list = arg;
    SSL_SESSION *copy = list->n < list->cap ? SSL_SESSION_dup(session) : NULL;
    if (copy != NULL)
        list->sessions[list->n++] = copy;
}

/* The caller sees to it that no other thread is in ctx: libssl's own lock is out of reach. */
size_t gls_SSL_CTX_sessions(SSL_CTX *ctx, SSL_SESSION ***sessions) {
    session_list list = {0};
    OPENSSL_LHASH *cache = (OPENSSL_LHASH *)SSL_CTX_sessions(ctx);
    OPENSSL_LH_doall_arg(cache, count_session, &list);
    list.sessions = calloc(list.cap + 1, sizeof *list.sessions);
    if (list.sessions == NULL)
        list.cap = 0;
    OPENSSL_LH_doall_arg(cache, copy_session, &list);
    *sessions = list.sessions;
    return list.n;
}

void gls_SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_sess_set_new_cb(ctx, on ? on_new : NULL);
}

void gls_SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_sess_set_get_cb(ctx, on ? on_get : NULL);
}

void gls_SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_sess_set_remove_cb(ctx, on ? on_remove : NULL);
}

/* ---- whom to trust ------------------------------------------------------------------------------------ */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
CTX_SETTER(SSL_CTX_load_verify_store, (SSL_CTX *ctx, const char *uri), ctx, uri)
#else
gls_ret gls_SSL_CTX_load_verify_store(SSL_CTX *ctx, const char *uri) {
    (void)ctx, (void)uri;
    return (gls_ret){.op = "SSL_CTX_load_verify_store"};
}
#endif

/* Adds what is in PEM text to store: certificates, or CRLs. Trusts one of them at least, or it is an error. */
static int add_pem(X509_STORE *store, const unsigned char *pem, size_t n, int crls, gls_ret *r) {
    BIO *b = read_from(pem, n);
    int asked, added = 0;
    gls_password none = {NULL, 0, &asked};
    STACK_OF(X509_INFO) *list = NULL;
    if (b != NULL && CALL_PTR(*r, PEM_X509_INFO_read_bio, (b, NULL, give_password, &none)))
        list = r->ptr;
    for (int i = 0; r->ret == 1 && i < sk_X509_INFO_num(list); i++) {
        const X509_INFO *item = sk_X509_INFO_value(list, i);
        if (crls && item->crl != NULL)
            added += CALL(*r, X509_STORE_add_crl, (store, item->crl)) == 1;
        else if (!crls && item->x509 != NULL)
            added += CALL(*r, X509_STORE_add_cert, (store, item->x509)) == 1;
    }
    if (r->ret == 1 && added == 0) {
        r->ret = 0;
        r->op = crls ? "X509_STORE_add_crl" : "X509_STORE_add_cert";
    }
    r->ptr = NULL;
    sk_X509_INFO_pop_free(list, X509_INFO_free);
    BIO_free(b);
    return r->ret == 1;
}

gls_ret gls_X509_STORE_add_cert(SSL_CTX *ctx, const unsigned char *pem, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    add_pem(SSL_CTX_get_cert_store(ctx), pem, n, 0, &r);
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_X509_STORE_add_crl(SSL_CTX *ctx, const unsigned char *pem, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    add_pem(SSL_CTX_get_cert_store(ctx), pem, n, 1, &r);
    end(&c, &r, r.ret != 1);
    return r;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static void set_dh(gls_ret *r, SSL_CTX *ctx, EVP_PKEY *params) {
    if (CALL(*r, EVP_PKEY_up_ref, (params)) == 1 && CALL(*r, SSL_CTX_set0_tmp_dh_pkey, (ctx, params)) != 1)
        EVP_PKEY_free(params);
}
#else
static void set_dh(gls_ret *r, SSL_CTX *ctx, EVP_PKEY *params) {
    DH *dh = CALL_PTR(*r, EVP_PKEY_get1_DH, (params)) ? r->ptr : NULL;
    if (dh != NULL)
        CALL(*r, SSL_CTX_set_tmp_dh, (ctx, dh));
    DH_free(dh);
}
#endif

gls_ret gls_SSL_CTX_set0_tmp_dh_pkey(SSL_CTX *ctx, const unsigned char *pem, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    BIO *b = read_from(pem, n);
    EVP_PKEY *params = b != NULL && CALL_PTR(r, PEM_read_bio_Parameters, (b, NULL)) ? r.ptr : NULL;
    if (params != NULL && EVP_PKEY_base_id(params) != EVP_PKEY_DH && EVP_PKEY_base_id(params) != EVP_PKEY_DHX)
        r.ret = 0; /* 3.x would take them */
    else if (params != NULL)
        set_dh(&r, ctx, params);
    r.ptr = NULL;
    EVP_PKEY_free(params);
    BIO_free(b);
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_set1_cert_store(SSL_CTX *ctx, const unsigned char *pem, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    X509_STORE *store = CALL_PTR(r, X509_STORE_new, ()) ? r.ptr : NULL;
    if (store != NULL && add_pem(store, pem, n, 0, &r))
        SSL_CTX_set1_cert_store(ctx, store);
    end(&c, &r, r.ret != 1);
    X509_STORE_free(store);
    return r;
}

/* What libssl itself gives a verification: the security level, the flags of Suite B, and then the parameters. */
static int take_verify_params(X509_STORE_CTX *x, SSL_CTX *ctx, gls_ret *r) {
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(x);
    X509_VERIFY_PARAM_set_auth_level(param, SSL_CTX_get_security_level(ctx));
    X509_STORE_CTX_set_flags(x, (unsigned long)SSL_CTX_clear_cert_flags(ctx, 0) & X509_V_FLAG_SUITEB_128_LOS);
    return CALL(*r, X509_VERIFY_PARAM_set1, (param, SSL_CTX_get0_param(ctx))) == 1;
}

gls_ret gls_X509_verify_cert(SSL_CTX *ctx, const unsigned char *certs, size_t n, int purpose, gls_verify *found) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    r.op = "d2i_X509";
    STACK_OF(X509) *chain = parse_certs(certs, n);
    X509_STORE_CTX *x = X509_STORE_CTX_new();
    if (chain != NULL && x != NULL &&
        CALL(r, X509_STORE_CTX_init, (x, SSL_CTX_get_cert_store(ctx), sk_X509_value(chain, 0), chain)) == 1 &&
        CALL(r, X509_STORE_CTX_set_purpose, (x, purpose)) == 1 && take_verify_params(x, ctx, &r) &&
        CALL(r, X509_verify_cert, (x)) != 1) {
        found->code = X509_STORE_CTX_get_error(x);
        found->depth = X509_STORE_CTX_get_error_depth(x);
        found->cert = X509_STORE_CTX_get_current_cert(x);
        if (found->cert != NULL)
            X509_up_ref(found->cert);
    }
    end(&c, &r, r.ret != 1);
    X509_STORE_CTX_free(x);
    sk_X509_pop_free(chain, X509_free);
    return r;
}

void gls_X509_free(X509 *cert) {
    X509_free(cert);
}

gls_ret gls_X509_NAME_oneline(const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    X509_NAME *name = CALL_PTR(r, d2i_X509_NAME, (NULL, &der, (long)n)) ? r.ptr : NULL;
    if (name != NULL)
        CALL_PTR(r, X509_NAME_oneline, (name, NULL, 0));
    end(&c, &r, r.ret != 1);
    X509_NAME_free(name);
    return r;
}

/* ---- names of CAs ------------------------------------------------------------------------------------- */

static int parse_names(STACK_OF(X509_NAME) **list, const unsigned char *p, size_t n, gls_ret *r) {
    const unsigned char *stop = p + n;
    *list = sk_X509_NAME_new_null();
    r->ret = *list != NULL;
    while (r->ret == 1 && p < stop)
        if (CALL_PTR(*r, d2i_X509_NAME, (NULL, &p, (long)(stop - p))) && !sk_X509_NAME_push(*list, r->ptr)) {
            X509_NAME_free(r->ptr);
            r->ret = 0;
        }
    r->ptr = NULL;
    if (r->ret != 1)
        sk_X509_NAME_pop_free(*list, X509_NAME_free);
    return r->ret == 1;
}

static size_t name_list(const STACK_OF(X509_NAME) *list, unsigned char **der) {
    size_t n = 0;
    for (int i = 0; list != NULL && i < sk_X509_NAME_num(list); i++) {
        int len = i2d_X509_NAME(sk_X509_NAME_value(list, i), NULL);
        unsigned char *more = len <= 0 ? NULL : realloc(*der, n + (size_t)len);
        if (more == NULL)
            break;
        *der = more;
        more += n;
        n += (size_t)i2d_X509_NAME(sk_X509_NAME_value(list, i), &more);
    }
    return n;
}

/* The function takes the list over. */
#define NAMES_SETTER(function, type, object, start)                                   \
    gls_ret gls_##function(type *object, const unsigned char *names, size_t n) {      \
        call c;                                                                       \
        gls_ret r = {0};                                                              \
        STACK_OF(X509_NAME) *list;                                                    \
        start;                                                                        \
        if (parse_names(&list, names, n, &r))                                         \
            function(object, list);                                                   \
        end(&c, &r, r.ret != 1);                                                      \
        return r;                                                                     \
    }

NAMES_SETTER(SSL_CTX_set_client_CA_list, SSL_CTX, ctx, begin(&c, NULL, ctx))
NAMES_SETTER(SSL_CTX_set0_CA_list, SSL_CTX, ctx, begin(&c, NULL, ctx))
NAMES_SETTER(SSL_set_client_CA_list, SSL, ssl, begin_ssl(&c, ssl))
NAMES_SETTER(SSL_set0_CA_list, SSL, ssl, begin_ssl(&c, ssl))

gls_ret gls_SSL_CTX_add_client_CA(SSL_CTX *ctx, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITH_CERT(r, der, n, CALL(r, SSL_CTX_add_client_CA, (ctx, x)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_add_client_CA(SSL *ssl, const unsigned char *der, size_t n) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    WITH_CERT(r, der, n, CALL(r, SSL_add_client_CA, (ssl, x)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_load_client_CA_file(SSL_CTX *ctx, const char *path) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    if (CALL_PTR(r, SSL_load_client_CA_file, (path)))
        SSL_CTX_set_client_CA_list(ctx, r.ptr);
    r.ptr = NULL;
    end(&c, &r, r.ret != 1);
    return r;
}

size_t gls_SSL_CTX_get_client_CA_list(SSL_CTX *ctx, unsigned char **names) {
    return name_list(SSL_CTX_get_client_CA_list(ctx), names);
}

size_t gls_SSL_CTX_get0_CA_list(SSL_CTX *ctx, unsigned char **names) {
    return name_list(SSL_CTX_get0_CA_list(ctx), names);
}

size_t gls_SSL_get_client_CA_list(SSL *ssl, unsigned char **names) {
    return name_list(SSL_get_client_CA_list(ssl), names);
}

size_t gls_SSL_get0_CA_list(SSL *ssl, unsigned char **names) {
    return name_list(SSL_get0_CA_list(ssl), names);
}

size_t gls_SSL_get0_peer_CA_list(SSL *ssl, unsigned char **names) {
    return name_list(SSL_get0_peer_CA_list(ssl), names);
}

/* ---- SSL --------------------------------------------------------------------------------------------- */

/* Gives ssl its conn and its BIO, which it owns from then on. */
static int equip(SSL *ssl, SSL_CTX *ctx, uintptr_t id, gls_ret *r) {
    BIO *b = CALL_PTR(*r, BIO_new, (window_method)) ? r->ptr : NULL;
    conn *k = b == NULL ? NULL : calloc(1, sizeof *k);
    if (k == NULL || CALL(*r, SSL_set_ex_data, (ssl, ssl_index, k)) != 1) {
        BIO_free(b);
        free(k);
        return 0;
    }
    *k = (conn){.id = id, .origin = ctx, .alert.sent = -1};
    BIO_set_data(b, k);
    BIO_set_init(b, 1);
    SSL_set_bio(ssl, b, b);
    return 1;
}

gls_ret gls_SSL_new(SSL_CTX *ctx, uintptr_t id, int server) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    SSL *ssl = CALL_PTR(r, SSL_new, (ctx)) ? r.ptr : NULL;
    if (ssl != NULL && !equip(ssl, ctx, id, &r)) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl != NULL) {
        SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
        SSL_set_info_callback(ssl, on_info);
        if (server)
            SSL_set_accept_state(ssl);
        else
            SSL_set_connect_state(ssl);
    }
    r.ptr = ssl;
    end(&c, &r, ssl == NULL);
    return r;
}

gls_ret gls_SSL_free(SSL *ssl, int keep_session) {
    call c;
    gls_ret r = {.op = "SSL_free", .ret = 1};
    conn *k = conn_of(ssl);
    SSL_CTX *origin = k->origin, *now = SSL_get_SSL_CTX(ssl);
    begin(&c, ssl, origin);
    /* libssl takes a connection that never sent close_notify for a broken one and kills its session. */
    if (keep_session && !SSL_in_init(ssl))
        SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_SENT_SHUTDOWN);
    /* A session that this SSL spoilt is removed for a reason; what its SSL_CTX drops with the last
     * reference is not. So the references are held until the SSL is gone. */
    SSL_CTX_up_ref(origin);
    SSL_CTX_up_ref(now);
    SSL_free(ssl);
    c.mute = 1;
    SSL_CTX_free(now);
    SSL_CTX_free(origin);
    if (k->refused != NULL) {
        SSL_SESSION *session = k->refused;
        SSL_SESSION_set_ex_data(session, session_index, NULL);
        SSL_SESSION_free(session);
    }
    X509_free(k->verify.cert);
    free(k->spill);
    free(k->psk_identity);
    free(k);
    end(&c, &r, 0);
    return r;
}

/* Runs one function that moves records, and takes SSL_get_error and errno before anything else can. */
#define IO(ssl, expression)                                             \
    do {                                                                \
        errno = 0;                                                      \
        expression;                                                     \
        if (r.ret <= 0) {                                               \
            int e = errno;                                              \
            r.ssl_error = SSL_get_error((ssl), (int)r.ret);             \
            if (r.ssl_error == SSL_ERROR_SYSCALL)                       \
                r.sys_errno = e;                                        \
        }                                                               \
    } while (0)

static int failed(const gls_ret *r) {
    return r->ssl_error == SSL_ERROR_SSL || r->ssl_error == SSL_ERROR_SYSCALL;
}

static void open_in(conn *k, const unsigned char *in, size_t in_len, int eof) {
    k->in = in;
    k->in_len = in_len;
    k->eof = eof;
}

static void open_out(conn *k, unsigned char *out, size_t out_cap) {
    k->out = out;
    k->out_cap = out_cap;
}

const gls_io *gls_SSL_do_handshake(SSL *ssl, const unsigned char *in, size_t in_len, int eof, unsigned char *out,
                                   size_t out_cap) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    open_in(k, in, in_len, eof);
    open_out(k, out, out_cap);
    IO(ssl, CALL(r, SSL_do_handshake, (ssl)));
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

const gls_io *gls_SSL_read(SSL *ssl, unsigned char *buf, size_t n, const unsigned char *in, size_t in_len, int eof) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    open_in(k, in, in_len, eof);
    IO(ssl, CALL(r, SSL_read, (ssl, buf, int_len(n))));
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

/* Brings no ciphertext in: application data that arrives while SSL_write waits for a handshake would be an
 * unexpected record; SSL_read takes it in its stride. */
const gls_io *gls_SSL_write(SSL *ssl, const unsigned char *buf, size_t n, unsigned char *out, size_t out_cap) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    open_out(k, out, out_cap);
    IO(ssl, CALL(r, SSL_write, (ssl, buf, int_len(n))));
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

/* 0 is success here: ours is sent, the peer's has not come. A second call would read, and trip over data. */
const gls_io *gls_SSL_shutdown(SSL *ssl) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    if (!(SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) && CALL(r, SSL_shutdown, (ssl)) < 0)
        r.ssl_error = SSL_get_error(ssl, (int)r.ret);
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

#define SSL_SETTER(function, params, ...)  \
    gls_ret gls_##function params {        \
        call c;                            \
        gls_ret r = {0};                   \
        begin_ssl(&c, ssl);                \
        CALL(r, function, (__VA_ARGS__));  \
        end(&c, &r, r.ret != 1);           \
        return r;                          \
    }

SSL_SETTER(SSL_set_session_id_context, (SSL *ssl, const unsigned char *sid, size_t n), ssl, sid, clip(n))
SSL_SETTER(SSL_set_generate_session_id, (SSL *ssl, int on), ssl, on ? on_generate : NULL)
SSL_SETTER(SSL_set_session, (SSL *ssl, SSL_SESSION *session), ssl, session)
SSL_SETTER(SSL_set_tlsext_host_name, (SSL *ssl, const char *name), ssl, name)

SSL_SETTER(SSL_set_min_proto_version, (SSL *ssl, int version), ssl, version)
SSL_SETTER(SSL_set_max_proto_version, (SSL *ssl, int version), ssl, version)
SSL_SETTER(SSL_set_cipher_list, (SSL *ssl, const char *s), ssl, s)
SSL_SETTER(SSL_set_ciphersuites, (SSL *ssl, const char *s), ssl, s)
SSL_SETTER(SSL_set1_groups_list, (SSL *ssl, const char *s), ssl, s)
SSL_SETTER(SSL_set1_sigalgs_list, (SSL *ssl, const char *s), ssl, s)
SSL_SETTER(SSL_set1_client_sigalgs_list, (SSL *ssl, const char *s), ssl, s)
SSL_SETTER(SSL_set_max_send_fragment, (SSL *ssl, long n), ssl, n)
SSL_SETTER(SSL_export_keying_material,
           (SSL *ssl, unsigned char *out, size_t n, const char *label, size_t label_len, const unsigned char *context,
            size_t context_len, int use_context),
           ssl, out, n, label, label_len, context, context_len, use_context)

char *gls_SSL_get_ciphers(SSL *ssl) {
    return cipher_names(SSL_get_ciphers(ssl));
}

/* libssl looks into the session without asking whether there is one yet. */
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
const char *gls_SSL_get0_group_name(SSL *ssl) {
    return SSL_get0_session(ssl) == NULL ? NULL : SSL_get0_group_name(ssl);
}
#elif OPENSSL_VERSION_NUMBER >= 0x30000000L
const char *gls_SSL_get0_group_name(SSL *ssl) {
    int id = SSL_get0_session(ssl) == NULL ? NID_undef : (int)SSL_get_negotiated_group(ssl);
    return id == NID_undef ? NULL : SSL_group_to_name(ssl, id);
}
#else
const char *gls_SSL_get0_group_name(SSL *ssl) {
    (void)ssl;
    return NULL;
}
#endif

uint64_t gls_SSL_set_options(SSL *ssl, uint64_t options) {
    return SSL_set_options(ssl, options);
}

uint64_t gls_SSL_clear_options(SSL *ssl, uint64_t options) {
    return SSL_clear_options(ssl, options);
}

gls_ret gls_SSL_set_alpn_protos(SSL *ssl, const unsigned char *list, size_t n) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    r.ret = CALL(r, SSL_set_alpn_protos, (ssl, list, clip(n))) == 0 || n == 0;
    end(&c, &r, r.ret != 1);
    return r;
}

void gls_SSL_set_tlsext_status_type(SSL *ssl, int type) {
    SSL_set_tlsext_status_type(ssl, type);
}

/* libssl frees what it is given. */
int gls_SSL_set_tlsext_status_ocsp_resp(SSL *ssl, const unsigned char *resp, size_t n) {
    unsigned char *copy = OPENSSL_malloc(n + 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, resp, n);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)n);
    return 1;
}

void gls_SSL_set_info_callback(SSL *ssl, int on) {
    conn_of(ssl)->info = on;
}

void gls_SSL_set_msg_callback(SSL *ssl, int on) {
    SSL_set_msg_callback(ssl, on ? on_msg : NULL);
}

long gls_SSL_get_extms_support(SSL *ssl) {
    return SSL_get_extms_support(ssl);
}

/* ---- what an SSL's peer must be, and its own certificate ----------------------------------------------- */

#if OPENSSL_VERSION_NUMBER >= 0x40000000L
static void set_host(gls_ret *r, SSL *ssl, const char *name) {
    CALL(*r, SSL_set1_dnsname, (ssl, name));
}

static void add_host(gls_ret *r, SSL *ssl, const char *name) {
    CALL(*r, SSL_add1_dnsname, (ssl, name));
}
#else
static void set_host(gls_ret *r, SSL *ssl, const char *name) {
    CALL(*r, SSL_set1_host, (ssl, name));
}

static void add_host(gls_ret *r, SSL *ssl, const char *name) {
    CALL(*r, SSL_add1_host, (ssl, name));
}
#endif

gls_ret gls_SSL_set1_host(SSL *ssl, const char *name) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    set_host(&r, ssl, name);
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_add1_host(SSL *ssl, const char *name) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    add_host(&r, ssl, name);
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_expect_host(SSL *ssl, const char *name) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), NULL, 0);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    set_host(&r, ssl, name);
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_expect_ip(SSL *ssl, const char *ip) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), NULL, 0);
    CALL(r, X509_VERIFY_PARAM_set1_ip_asc, (SSL_get0_param(ssl), ip));
    end(&c, &r, r.ret != 1);
    return r;
}

#define PARAM_SETTER(function, params, ...)                    \
    gls_ret gls_##function params {                            \
        call c;                                                \
        gls_ret r = {0};                                       \
        begin(&c, NULL, NULL);                                 \
        CALL(r, function, (__VA_ARGS__));                      \
        end(&c, &r, r.ret != 1);                               \
        return r;                                              \
    }

PARAM_SETTER(X509_VERIFY_PARAM_set_purpose, (X509_VERIFY_PARAM *param, int purpose), param, purpose)
PARAM_SETTER(X509_VERIFY_PARAM_set1_ip_asc, (X509_VERIFY_PARAM *param, const char *ip), param, ip)
PARAM_SETTER(X509_VERIFY_PARAM_set1_email, (X509_VERIFY_PARAM *param, const char *email), param, email, 0)

void gls_SSL_set_verify(SSL *ssl, int mode, int go_callback) {
    SSL_set_verify(ssl, mode, go_callback ? on_verify_go : on_verify);
}

gls_ret gls_SSL_set1_verify_cert_store(SSL *ssl, const unsigned char *pem, size_t n) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    X509_STORE *store = CALL_PTR(r, X509_STORE_new, ()) ? r.ptr : NULL;
    if (store != NULL && add_pem(store, pem, n, 0, &r))
        CALL(r, SSL_set1_verify_cert_store, (ssl, store));
    end(&c, &r, r.ret != 1);
    X509_STORE_free(store);
    return r;
}

gls_ret gls_SSL_use_cert_and_key(SSL *ssl, const gls_cert *cert) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    SSL_certs_clear(ssl);
    CALL(r, SSL_use_cert_and_key, (ssl, cert->leaf, cert->key, cert->chain, 1));
    end(&c, &r, r.ret != 1);
    return r;
}

/* A copy, so that nothing the connection does later can change it; NULL when there is none. */
SSL_SESSION *gls_SSL_get1_session(SSL *ssl) {
    SSL_SESSION *session = SSL_get_session(ssl);
    return session == NULL ? NULL : gls_SSL_SESSION_dup(session);
}

/* Takes over every field of ctx's verification parameters, the unset ones too. */
static int copy_verify_param(SSL *ssl, SSL_CTX *ctx) {
    X509_VERIFY_PARAM *to = SSL_get0_param(ssl);
    uint32_t flags = X509_VERIFY_PARAM_get_inh_flags(to);
    X509_VERIFY_PARAM_set_inh_flags(to, X509_VP_FLAG_OVERWRITE | X509_VP_FLAG_RESET_FLAGS);
    int ok = X509_VERIFY_PARAM_set1(to, SSL_CTX_get0_param(ctx));
    X509_VERIFY_PARAM_set_inh_flags(to, flags);
    return ok;
}

gls_ret gls_SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx, const unsigned char *sid, size_t n) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    int ok = CALL_PTR(r, SSL_set_SSL_CTX, (ssl, ctx)) && CALL(r, copy_verify_param, (ssl, ctx)) == 1 &&
             CALL(r, SSL_set_session_id_context, (ssl, sid, clip(n))) == 1;
    if (ok) {
        SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx), SSL_CTX_get_verify_callback(ctx));
        SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(ctx));
        SSL_set_client_CA_list(ssl, NULL); /* none of its own: those of ctx */
        SSL_set0_CA_list(ssl, NULL);
        SSL_clear_options(ssl, SSL_get_options(ssl));
        SSL_set_options(ssl, SSL_CTX_get_options(ctx));
        /* The lower bound first falls away: it may lie above the new upper one. */
        ok = CALL(r, SSL_set_min_proto_version, (ssl, 0)) == 1 &&
             CALL(r, SSL_set_max_proto_version, (ssl, (int)SSL_CTX_get_max_proto_version(ctx))) == 1 &&
             CALL(r, SSL_set_min_proto_version, (ssl, (int)SSL_CTX_get_min_proto_version(ctx))) == 1;
    }
    end(&c, &r, !ok);
    return r;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static X509 *get1_peer_certificate(const SSL *ssl) {
    return SSL_get1_peer_certificate(ssl);
}
#else
static X509 *get1_peer_certificate(const SSL *ssl) {
    return SSL_get_peer_certificate(ssl);
}
#endif

/* libssl's chain holds the leaf on a client and lacks it on a server. */
size_t gls_SSL_get_peer_cert_chain(SSL *ssl, unsigned char **der) {
    size_t n = 0;
    X509 *leaf = get1_peer_certificate(ssl);
    if (leaf != NULL && append_cert(der, &n, leaf))
        n = append_chain(der, n, SSL_get_peer_cert_chain(ssl), !SSL_is_server(ssl));
    X509_free(leaf);
    return n;
}

size_t gls_SSL_get0_verified_chain(SSL *ssl, unsigned char **der) {
    if (SSL_get_verify_result(ssl) != X509_V_OK)
        return 0;
    return append_chain(der, 0, SSL_get0_verified_chain(ssl), 0);
}

int gls_SSL_want_client_hello_cb(SSL *ssl) {
    return SSL_want_client_hello_cb(ssl);
}

int gls_SSL_client_hello_get0_ext(SSL *ssl, unsigned int type, const unsigned char **out, size_t *n) {
    return SSL_client_hello_get0_ext(ssl, type, out, n);
}

long gls_SSL_get_tlsext_status_ocsp_resp(SSL *ssl, const unsigned char **out) {
    return SSL_get_tlsext_status_ocsp_resp(ssl, out);
}

gls_alert gls_SSL_alert(SSL *ssl) {
    return conn_of(ssl)->alert;
}

gls_verify gls_SSL_verify_failure(SSL *ssl) {
    return conn_of(ssl)->verify;
}

/* ---- tickets ----------------------------------------------------------------------------------------- */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
typedef EVP_MAC_CTX mac_ctx;
typedef int (*ticket_key_cb)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, mac_ctx *, int);

static void set_ticket_key_cb(SSL_CTX *ctx, ticket_key_cb cb, gls_ret *r) {
    CALL(*r, SSL_CTX_set_tlsext_ticket_key_evp_cb, (ctx, cb));
}

static int init_mac(mac_ctx *mac, const char *digest, const unsigned char *key, size_t n, gls_ret *r) {
    const EVP_MD *alias = EVP_get_digestbyname(digest); /* providers know fewer names than the table */
    if (alias != NULL)
        digest = EVP_MD_get0_name(alias);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, n),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return CALL(*r, EVP_MAC_CTX_set_params, (mac, params)) == 1;
}
#else
typedef HMAC_CTX mac_ctx;
typedef int (*ticket_key_cb)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, mac_ctx *, int);

static void set_ticket_key_cb(SSL_CTX *ctx, ticket_key_cb cb, gls_ret *r) {
    CALL(*r, SSL_CTX_set_tlsext_ticket_key_cb, (ctx, cb));
}

static int init_mac(mac_ctx *mac, const char *digest, const unsigned char *key, size_t n, gls_ret *r) {
    return CALL(*r, HMAC_Init_ex, (mac, key, int_len(n), EVP_get_digestbyname(digest), NULL)) == 1;
}
#endif

/* Go answers with gls_use_ticket_key, and with what libssl is to be told. */
static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx, mac_ctx *mac,
                         int encrypt) {
    enter_go();
    int result = glsOnTicketKey(conn_of(ssl)->id, name, iv, ctx, mac, encrypt);
    leave_go();
    return result;
}

gls_ret gls_SSL_CTX_set_tlsext_ticket_key_cb(SSL_CTX *ctx, int on) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    set_ticket_key_cb(ctx, on ? on_ticket_key : NULL, &r);
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_use_ticket_key(EVP_CIPHER_CTX *ctx, void *mac, unsigned char *iv, int encrypt, const char *cipher,
                           const unsigned char *cipher_key, size_t cipher_key_len, const char *digest,
                           const unsigned char *mac_key, size_t mac_key_len) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    const EVP_CIPHER *e = EVP_get_cipherbyname(cipher);
    r.op = "EVP_get_cipherbyname";
    int ok = e != NULL;
    if (ok) { /* libssl itself has no room for another mode's tag, and no word for it */
        CALL(r, EVP_CIPHER_mode, (e));
        ok = r.ret == EVP_CIPH_CBC_MODE;
    }
    if (ok) {
        CALL(r, EVP_CIPHER_key_length, (e));
        ok = (size_t)r.ret == cipher_key_len;
    }
    ok = ok && (!encrypt || CALL(r, RAND_bytes, (iv, EVP_CIPHER_iv_length(e))) == 1) &&
         CALL(r, EVP_CipherInit_ex, (ctx, e, NULL, cipher_key, iv, encrypt)) == 1 &&
         init_mac(mac, digest, mac_key, mac_key_len, &r);
    if (ok)
        r.ret = 1;
    end(&c, &r, !ok);
    return r;
}

static int on_generate_ticket(SSL *ssl, void *arg) {
    (void)arg;
    enter_go();
    int ok = glsOnGenerateTicket(conn_of(ssl)->id);
    leave_go();
    return ok;
}

/* In TLS 1.3 libssl up to 3.0.19, and not in 3.0.22, forgets to free the session of a handshake that is aborted here.
 * gls_SSL_free does it, unless on_session_free has seen libssl do it. */
static SSL_TICKET_RETURN on_decrypt_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t n,
                                           SSL_TICKET_STATUS status, void *arg) {
    conn *k = conn_of(ssl);
    (void)arg;
    enter_go();
    SSL_TICKET_RETURN decision = glsOnDecryptTicket(k->id, session, (unsigned char *)name, n, status);
    leave_go();
    if (decision == SSL_TICKET_RETURN_ABORT && session != NULL && SSL_SESSION_set_ex_data(session, session_index, k) == 1)
        k->refused = session;
    return decision;
}

CTX_SETTER(SSL_CTX_set_session_ticket_cb, (SSL_CTX *ctx, int generate, int decrypt), ctx,
           generate ? on_generate_ticket : NULL, decrypt ? on_decrypt_ticket : NULL, NULL)

SSL_SETTER(SSL_set_num_tickets, (SSL *ssl, size_t n), ssl, n)

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static int new_session_ticket(SSL *ssl, gls_ret *r) {
    return CALL(*r, SSL_new_session_ticket, (ssl));
}
#else
static int new_session_ticket(SSL *ssl, gls_ret *r) {
    (void)ssl;
    r->op = "SSL_new_session_ticket";
    return 0;
}
#endif

static int schedule(SSL *ssl, int request, gls_ret *r) {
    switch (request) {
    case GLS_NEW_SESSION_TICKET:
        return new_session_ticket(ssl, r);
    case GLS_KEY_UPDATE:
        return CALL(*r, SSL_key_update, (ssl, SSL_KEY_UPDATE_NOT_REQUESTED));
    case GLS_KEY_UPDATE_OF_BOTH:
        return CALL(*r, SSL_key_update, (ssl, SSL_KEY_UPDATE_REQUESTED));
    case GLS_RENEGOTIATE:
        return CALL(*r, SSL_renegotiate, (ssl));
    case GLS_RENEGOTIATE_ABBREVIATED:
        return CALL(*r, SSL_renegotiate_abbreviated, (ssl));
    default:
        return CALL(*r, SSL_verify_client_post_handshake, (ssl));
    }
}

/* libssl only notes the request; SSL_do_handshake sends it. */
const gls_io *gls_SSL_request(SSL *ssl, int request) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    int scheduled = schedule(ssl, request, &r) == 1;
    if (scheduled)
        IO(ssl, CALL(r, SSL_do_handshake, (ssl)));
    end(&c, &r, !scheduled || failed(&r));
    return close_windows(k, r, ssl);
}

long gls_SSL_get_secure_renegotiation_support(SSL *ssl) {
    return SSL_get_secure_renegotiation_support(ssl);
}

/* The bytes of the session_ticket extension as they are, for EAP-FAST (RFC 4851). */
SSL_SETTER(SSL_set_session_ticket_ext, (SSL *ssl, const unsigned char *data, size_t n), ssl, (void *)data, int_len(n))

static int on_session_ticket_ext(SSL *ssl, const unsigned char *data, int n, void *arg) {
    (void)arg;
    enter_go();
    int ok = glsOnSessionTicketExt(conn_of(ssl)->id, (unsigned char *)data, n);
    leave_go();
    return ok;
}

SSL_SETTER(SSL_set_session_ticket_ext_cb, (SSL *ssl, int on), ssl, on ? on_session_ticket_ext : NULL, NULL)

static int no_certificate(SSL *ssl, void *arg) {
    (void)ssl, (void)arg;
    return 0;
}

/* The cipher is left to libssl: a server chooses it, a client takes it from the ServerHello. A server whose callback has
 * failed would go on with a full handshake. */
static int on_session_secret(SSL *ssl, void *secret, int *n, STACK_OF(SSL_CIPHER) *peer_ciphers,
                             const SSL_CIPHER **cipher, void *arg) {
    (void)peer_ciphers, (void)cipher, (void)arg;
    enter_go();
    int ok = glsOnSessionSecret(conn_of(ssl)->id, secret, n);
    leave_go();
    if (!ok && SSL_is_server(ssl))
        SSL_set_cert_cb(ssl, no_certificate, NULL);
    return ok;
}

SSL_SETTER(SSL_set_session_secret_cb, (SSL *ssl, int on), ssl, on ? on_session_secret : NULL, NULL)
/* ---- early data -------------------------------------------------------------------------------------- */

CTX_SETTER(SSL_CTX_set_max_early_data, (SSL_CTX *ctx, uint32_t n), ctx, n)
CTX_SETTER(SSL_CTX_set_recv_max_early_data, (SSL_CTX *ctx, uint32_t n), ctx, n)
SSL_SETTER(SSL_set_max_early_data, (SSL *ssl, uint32_t n), ssl, n)
SSL_SETTER(SSL_set_recv_max_early_data, (SSL *ssl, uint32_t n), ssl, n)

void gls_SSL_CTX_set_allow_early_data_cb(SSL_CTX *ctx, int on) {
    SSL_CTX_set_allow_early_data_cb(ctx, on ? on_allow_early_data : NULL, NULL);
}

void gls_SSL_set_allow_early_data_cb(SSL *ssl, int on) {
    SSL_set_allow_early_data_cb(ssl, on ? on_allow_early_data : NULL, NULL);
}

/* Reads nothing: a client's handshake waits for the server only when no more early data can be written. */
const gls_io *gls_SSL_write_early_data(SSL *ssl, const unsigned char *buf, size_t n, unsigned char *out,
                                       size_t out_cap) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    size_t written = 0;
    begin_ssl(&c, ssl);
    open_out(k, out, out_cap);
    IO(ssl, CALL(r, SSL_write_early_data, (ssl, buf, n, &written)));
    if (r.ret == 1)
        r.ret = (long)written;
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

const gls_io *gls_SSL_read_early_data(SSL *ssl, unsigned char *buf, size_t n, const unsigned char *in, size_t in_len,
                                      int eof) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    size_t got = 0;
    begin_ssl(&c, ssl);
    open_in(k, in, in_len, eof);
    IO(ssl, CALL(r, SSL_read_early_data, (ssl, buf, n, &got)));
    if (r.ret != SSL_READ_EARLY_DATA_ERROR)
        r.ret = (long)got;
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

/* Where a client's session allows no early data, as one that the server has since put in the place of the one that was
 * offered may not, libssl takes it for one of a PSK callback, and looks into that though there may be none. It has none
 * any more, either, when the server has accepted a session. */
gls_ret gls_SSL_export_keying_material_early(SSL *ssl, unsigned char *out, size_t n, const char *label, size_t label_len,
                                             const unsigned char *context, size_t context_len) {
    call c;
    gls_ret r = {.op = "SSL_export_keying_material_early"};
    const SSL_SESSION *session = SSL_get0_session(ssl);
    begin_ssl(&c, ssl);
    if (session != NULL && (SSL_is_server(ssl) || SSL_SESSION_get_max_early_data(session) > 0 ||
                            (conn_of(ssl)->early_psk && !SSL_session_reused(ssl))))
        CALL(r, SSL_export_keying_material_early, (ssl, out, n, label, label_len, context, context_len));
    end(&c, &r, r.ret != 1);
    return r;
}

/* ---- stateless cookies ------------------------------------------------------------------------------- */

static int on_generate_cookie(SSL *ssl, unsigned char *cookie, size_t *n) {
    *n = SSL_COOKIE_LENGTH;
    enter_go();
    int ok = glsOnGenerateCookie(conn_of(ssl)->id, cookie, n);
    leave_go();
    return ok;
}

static int on_verify_cookie(SSL *ssl, const unsigned char *cookie, size_t n) {
    enter_go();
    int ok = glsOnVerifyCookie(conn_of(ssl)->id, (unsigned char *)cookie, n);
    leave_go();
    return ok;
}

CALLBACK_SETTER(SSL_CTX_set_stateless_cookie_generate_cb, SSL_CTX, ctx, on_generate_cookie)
CALLBACK_SETTER(SSL_CTX_set_stateless_cookie_verify_cb, SSL_CTX, ctx, on_verify_cookie)

/* libssl forgets what it has read whenever it is called, so what was not enough goes back. And it returns once for the
 * change_cipher_spec that a client sends before its second ClientHello. */
const gls_io *gls_SSL_stateless(SSL *ssl, const unsigned char *in, size_t in_len, int eof) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    size_t from;
    begin_ssl(&c, ssl);
    open_in(k, in, in_len, eof);
    k->stateless = 1;
    do {
        from = k->in_used;
        errno = 0;
        CALL(r, SSL_stateless, (ssl));
    } while (r.ret < 0 && ERR_peek_error() == 0 && SSL_want_nothing(ssl) && k->in_used > from);
    k->stateless = 0;
    if (r.ret < 0) {
        int e = errno;
        r.ssl_error = SSL_get_error(ssl, (int)r.ret);
        if (r.ssl_error == SSL_ERROR_SYSCALL)
            r.sys_errno = e;
        if (!failed(&r))
            k->in_used = from;
    }
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

/* ---- the library ------------------------------------------------------------------------------------- */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
gls_ret gls_OSSL_PROVIDER_try_load(const char *name, int retain_fallbacks) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL_PTR(r, OSSL_PROVIDER_try_load, (NULL, name, retain_fallbacks));
    end(&c, &r, r.ptr == NULL);
    return r;
}

gls_ret gls_OSSL_PROVIDER_load(const char *name) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL_PTR(r, OSSL_PROVIDER_load, (NULL, name));
    end(&c, &r, r.ptr == NULL);
    return r;
}

gls_ret gls_OSSL_PROVIDER_unload(void *provider) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL(r, OSSL_PROVIDER_unload, (provider));
    end(&c, &r, r.ret != 1);
    return r;
}

int gls_OSSL_PROVIDER_available(const char *name) {
    return OSSL_PROVIDER_available(NULL, name);
}

gls_ret gls_EVP_set_default_properties(const char *query) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL(r, EVP_set_default_properties, (NULL, query));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_EVP_default_properties_enable_fips(int on) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL(r, EVP_default_properties_enable_fips, (NULL, on));
    end(&c, &r, r.ret != 1);
    return r;
}

int gls_EVP_default_properties_is_fips_enabled(void) {
    return EVP_default_properties_is_fips_enabled(NULL);
}
#else
gls_ret gls_OSSL_PROVIDER_try_load(const char *name, int retain_fallbacks) {
    (void)name, (void)retain_fallbacks;
    return (gls_ret){0};
}

gls_ret gls_OSSL_PROVIDER_load(const char *name) {
    (void)name;
    return (gls_ret){0};
}

gls_ret gls_OSSL_PROVIDER_unload(void *provider) {
    (void)provider;
    return (gls_ret){0};
}

int gls_OSSL_PROVIDER_available(const char *name) {
    (void)name;
    return 0;
}

gls_ret gls_EVP_set_default_properties(const char *query) {
    (void)query;
    return (gls_ret){0};
}

gls_ret gls_EVP_default_properties_enable_fips(int on) {
    (void)on;
    return (gls_ret){0};
}

int gls_EVP_default_properties_is_fips_enabled(void) {
    return 0;
}
#endif

gls_ret gls_CONF_modules_load_file(const char *path) {
    call c;
    gls_ret r = {0};
    OPENSSL_init_ssl(0, NULL); /* or 1.1.1 does not know the section ssl_conf */
    begin(&c, NULL, NULL);
    CALL(r, CONF_modules_load_file, (path, NULL, 0));
    end(&c, &r, r.ret != 1);
    return r;
}

/* ---- pre-shared keys --------------------------------------------------------------------------------- */

/* libssl asks these two for TLS 1.3 as well, with less to tell, when those for it have no answer. */
static unsigned int on_psk_client(SSL *ssl, const char *hint, char *identity, unsigned int identity_max,
                                  unsigned char *key, unsigned int key_max) {
    if (SSL_get_state(ssl) == TLS_ST_CW_CLNT_HELLO)
        return 0;
    enter_go();
    unsigned int n = glsOnPSKClient(conn_of(ssl)->id, (char *)hint, identity, identity_max, key, key_max);
    leave_go();
    return n;
}

static unsigned int on_psk_server(SSL *ssl, const char *identity, unsigned char *key, unsigned int key_max) {
    if (SSL_version(ssl) >= TLS1_3_VERSION)
        return 0;
    enter_go();
    unsigned int n = glsOnPSKServer(conn_of(ssl)->id, (char *)identity, key, key_max);
    leave_go();
    return n;
}

static int digest_type(const EVP_MD *md) {
    return md == NULL ? NID_undef : EVP_MD_type(md);
}

/* A client refuses a server that resumes a session of another context; libssl forgets that this one has none. */
static int adopt_id_context(SSL *ssl, SSL_SESSION *session) {
    unsigned int n;
    const unsigned char *sid = SSL_SESSION_get0_id_context(SSL_get_session(ssl), &n);
    return SSL_SESSION_set1_id_context(session, sid, n);
}

/* libssl takes the session over. */
static int on_psk_use_session(SSL *ssl, const EVP_MD *md, const unsigned char **identity, size_t *n,
                              SSL_SESSION **session) {
    conn *k = conn_of(ssl);
    free(k->psk_identity);
    k->psk_identity = NULL;
    *n = 0;
    *session = NULL;
    enter_go();
    int ok = glsOnPSKUseSession(k->id, digest_type(md), &k->psk_identity, n, session);
    leave_go();
    *identity = k->psk_identity;
    k->early_psk = *session != NULL && SSL_SESSION_get_max_early_data(*session) > 0 &&
                   SSL_SESSION_get_max_early_data(SSL_get_session(ssl)) == 0;
    if (*session != NULL && !adopt_id_context(ssl, *session))
        return 0;
    return ok;
}

static int on_psk_find_session(SSL *ssl, const unsigned char *identity, size_t n, SSL_SESSION **session) {
    const SSL_CIPHER *chosen = SSL_get_pending_cipher(ssl);
    *session = NULL;
    enter_go();
    int ok = glsOnPSKFindSession(conn_of(ssl)->id, digest_type(SSL_CIPHER_get_handshake_digest(chosen)),
                                 (unsigned char *)identity, n, session);
    leave_go();
    return ok;
}

CALLBACK_SETTER(SSL_CTX_set_psk_client_callback, SSL_CTX, ctx, on_psk_client)
CALLBACK_SETTER(SSL_CTX_set_psk_server_callback, SSL_CTX, ctx, on_psk_server)
CALLBACK_SETTER(SSL_CTX_set_psk_use_session_callback, SSL_CTX, ctx, on_psk_use_session)
CALLBACK_SETTER(SSL_CTX_set_psk_find_session_callback, SSL_CTX, ctx, on_psk_find_session)
CALLBACK_SETTER(SSL_set_psk_client_callback, SSL, ssl, on_psk_client)
CALLBACK_SETTER(SSL_set_psk_server_callback, SSL, ssl, on_psk_server)
CALLBACK_SETTER(SSL_set_psk_use_session_callback, SSL, ssl, on_psk_use_session)
CALLBACK_SETTER(SSL_set_psk_find_session_callback, SSL, ssl, on_psk_find_session)

CTX_SETTER(SSL_CTX_use_psk_identity_hint, (SSL_CTX *ctx, const char *hint), ctx, hint)
SSL_SETTER(SSL_use_psk_identity_hint, (SSL *ssl, const char *hint), ssl, hint)

/* ---- SSL_SESSION ------------------------------------------------------------------------------------- */

gls_ret gls_SSL_SESSION_new(void) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL_PTR(r, SSL_SESSION_new, ());
    end(&c, &r, r.ptr == NULL);
    return r;
}

SSL_SESSION *gls_SSL_SESSION_dup(SSL_SESSION *session) {
    return SSL_SESSION_dup(session);
}

gls_ret gls_d2i_SSL_SESSION(const unsigned char *der, size_t n, size_t *used) {
    call c;
    gls_ret r = {0};
    const unsigned char *p = der;
    begin(&c, NULL, NULL);
    CALL_PTR(r, d2i_SSL_SESSION, (NULL, &p, n > LONG_MAX ? LONG_MAX : (long)n));
    *used = (size_t)(p - der);
    end(&c, &r, r.ptr == NULL);
    return r;
}

/* ret is the length of *der; gls_OPENSSL_free it. */
gls_ret gls_i2d_SSL_SESSION(SSL_SESSION *session, unsigned char **der) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    CALL(r, i2d_SSL_SESSION, (session, NULL));
    if (r.ret > 0) {
        unsigned char *p = *der = OPENSSL_malloc((size_t)r.ret);
        if (p == NULL)
            r.ret = 0;
        else
            CALL(r, i2d_SSL_SESSION, (session, &p));
    }
    end(&c, &r, r.ret <= 0);
    return r;
}

/* OpenSSL's own asks on the terminal, which no library may do. */
static int no_password(char *buf, int n, int rw, void *arg) {
    (void)buf, (void)n, (void)rw, (void)arg;
    return -1;
}

gls_ret gls_PEM_read_bio_SSL_SESSION(const unsigned char *pem, size_t n) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, NULL);
    BIO *b = BIO_new_mem_buf(pem, int_len(n));
    r.op = "PEM_read_bio_SSL_SESSION";
    if (b != NULL)
        r.ptr = PEM_read_bio_SSL_SESSION(b, NULL, no_password, NULL);
    r.ret = r.ptr != NULL;
    end(&c, &r, r.ptr == NULL);
    BIO_free(b);
    return r;
}

/* What libssl prints of a session. ret is the length of *text; gls_OPENSSL_free it. */
#define SESSION_WRITER(function)                                              \
    gls_ret gls_##function(SSL_SESSION *session, unsigned char **text) {      \
        call c;                                                               \
        gls_ret r = {0};                                                      \
        begin(&c, NULL, NULL);                                                \
        BIO *b = BIO_new(BIO_s_mem());                                        \
        r.op = #function;                                                     \
        if (b != NULL && function(b, session) == 1)                           \
            r.ret = take_text(b, text);                                       \
        end(&c, &r, r.ret <= 0);                                              \
        BIO_free(b);                                                          \
        return r;                                                             \
    }

static long take_text(BIO *b, unsigned char **text) {
    char *data;
    long n = BIO_get_mem_data(b, &data);
    if (n <= 0 || (*text = OPENSSL_malloc((size_t)n)) == NULL)
        return 0;
    memcpy(*text, data, (size_t)n);
    return n;
}

SESSION_WRITER(PEM_write_bio_SSL_SESSION)
SESSION_WRITER(SSL_SESSION_print)
SESSION_WRITER(SSL_SESSION_print_keylog)

#if OPENSSL_VERSION_NUMBER >= 0x30300000L
int64_t gls_SSL_SESSION_get_time(const SSL_SESSION *session) {
    return SSL_SESSION_get_time_ex(session);
}

void gls_SSL_SESSION_set_time(SSL_SESSION *session, int64_t t) {
    SSL_SESSION_set_time_ex(session, (time_t)t);
}
#else
int64_t gls_SSL_SESSION_get_time(const SSL_SESSION *session) {
    return SSL_SESSION_get_time(session);
}

void gls_SSL_SESSION_set_time(SSL_SESSION *session, int64_t t) {
    SSL_SESSION_set_time(session, (long)t);
}
#endif

#define SESSION_SETTER(function, params, ...) \
    gls_ret gls_##function params {           \
        call c;                               \
        gls_ret r = {0};                      \
        begin(&c, NULL, NULL);                \
        CALL(r, function, (__VA_ARGS__));     \
        end(&c, &r, r.ret != 1);              \
        return r;                             \
    }

SESSION_SETTER(SSL_SESSION_set_timeout, (SSL_SESSION *session, long t), session, t)
SESSION_SETTER(SSL_SESSION_set1_id, (SSL_SESSION *session, const unsigned char *id, size_t n), session, id, clip(n))
SESSION_SETTER(SSL_SESSION_set1_id_context, (SSL_SESSION *session, const unsigned char *sid, size_t n), session, sid,
               clip(n))
SESSION_SETTER(SSL_SESSION_set_protocol_version, (SSL_SESSION *session, int version), session, version)
SESSION_SETTER(SSL_SESSION_set1_master_key, (SSL_SESSION *session, const unsigned char *key, size_t n), session, key, n)
SESSION_SETTER(SSL_SESSION_set1_hostname, (SSL_SESSION *session, const char *name), session, name)
SESSION_SETTER(SSL_SESSION_set1_alpn_selected, (SSL_SESSION *session, const unsigned char *name, size_t n), session,
               name, n)
SESSION_SETTER(SSL_SESSION_set_max_early_data, (SSL_SESSION *session, uint32_t n), session, n)
SESSION_SETTER(SSL_SESSION_set1_ticket_appdata, (SSL_SESSION *session, const void *data, size_t n), session, data, n)

/* libssl looks a suite up by its number for an SSL, or for a session that it reads. There is no SSL here, so it reads
 * the shortest session that has the suite. Its table of suites is constant. */
static const SSL_CIPHER *find_cipher(unsigned int suite) {
    const unsigned char der[] = {
        0x30, 15,                                                   /* SSL_SESSION */
        2, 1, 1,                                                    /* format */
        2, 2, 3, 3,                                                 /* protocol version */
        4, 2, (unsigned char)(suite >> 8), (unsigned char)suite,    /* cipher */
        4, 0,                                                       /* id */
        4, 0,                                                       /* master key */
    };
    const unsigned char *p = der;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &p, sizeof der);
    const SSL_CIPHER *cipher = session == NULL ? NULL : SSL_SESSION_get0_cipher(session);
    SSL_SESSION_free(session);
    return cipher;
}

/* 0 for a suite that libssl does not know. */
gls_ret gls_SSL_SESSION_set_cipher(SSL_SESSION *session, unsigned int suite) {
    call c;
    gls_ret r = {.op = "SSL_SESSION_set_cipher"};
    begin(&c, NULL, NULL);
    const SSL_CIPHER *cipher = find_cipher(suite);
    if (cipher != NULL)
        CALL(r, SSL_SESSION_set_cipher, (session, cipher));
    end(&c, &r, r.ret != 1);
    return r;
}

#if OPENSSL_VERSION_NUMBER >= 0x30200000L
int gls_SSL_SESSION_get0_peer_rpk(SSL_SESSION *session, unsigned char **der) {
    EVP_PKEY *key = SSL_SESSION_get0_peer_rpk(session);
    return key == NULL ? 0 : i2d_PUBKEY(key, der);
}
#else
int gls_SSL_SESSION_get0_peer_rpk(SSL_SESSION *session, unsigned char **der) {
    (void)session, (void)der;
    return 0;
}
#endif

/* 0 when the session has no cipher yet. */
int gls_SSL_SESSION_cipher_suite(const SSL_SESSION *session) {
    const SSL_CIPHER *cipher = SSL_SESSION_get0_cipher(session);
    return cipher == NULL ? 0 : SSL_CIPHER_get_protocol_id(cipher);
}

int gls_i2d_X509(X509 *cert, unsigned char **der) {
    return i2d_X509(cert, der);
}

void gls_OPENSSL_free(void *p) {
    OPENSSL_free(p);
}
