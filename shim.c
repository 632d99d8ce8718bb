/* shim.c - see shim.h. Thin and dull: what decides anything is in Go. */
#include "shim.h"

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

static int on_client_hello(SSL *ssl, int *alert, void *arg) {
    (void)arg;
    enter_go();
    int result = glsOnClientHello(conn_of(ssl)->id, alert);
    leave_go();
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

static gls_io close_windows(conn *k, gls_ret r, const SSL *ssl) {
    gls_io io = {r, k->in_used, k->out_len, k->spill, k->spill_len, SSL_in_init(ssl)};
    k->in = NULL;
    k->out = k->spill = NULL;
    k->in_len = k->in_used = k->out_cap = k->out_len = k->spill_len = k->spill_cap = 0;
    k->eof = 0;
    return io;
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
        SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
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

/* certs: DER certificates one after the other, the leaf first. */
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

/* A certificate, its key and its chain. */
typedef struct identity {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) *chain;
} identity;

static int parse_identity(identity *i, gls_ret *r, const unsigned char *certs, size_t certs_len,
                          const unsigned char *key, size_t key_len) {
    memset(i, 0, sizeof *i);
    r->op = "d2i_X509";
    i->chain = parse_certs(certs, certs_len);
    if (i->chain == NULL || (i->leaf = sk_X509_shift(i->chain)) == NULL)
        return 0;
    r->op = "d2i_AutoPrivateKey";
    i->key = d2i_AutoPrivateKey(NULL, &key, (long)key_len);
    return i->key != NULL;
}

static void free_identity(identity *i) {
    EVP_PKEY_free(i->key);
    X509_free(i->leaf);
    sk_X509_pop_free(i->chain, X509_free);
}

gls_ret gls_SSL_CTX_use_cert_and_key(SSL_CTX *ctx, const unsigned char *certs, size_t certs_len,
                                     const unsigned char *key, size_t key_len) {
    call c;
    gls_ret r = {0};
    identity i;
    begin(&c, NULL, ctx);
    if (parse_identity(&i, &r, certs, certs_len, key, key_len))
        CALL(r, SSL_CTX_use_cert_and_key, (ctx, i.leaf, i.key, i.chain, 1));
    end(&c, &r, r.ret != 1);
    free_identity(&i);
    return r;
}

gls_ret gls_SSL_use_cert_and_key(SSL *ssl, const unsigned char *certs, size_t certs_len, const unsigned char *key,
                                 size_t key_len) {
    call c;
    gls_ret r = {0};
    identity i;
    begin_ssl(&c, ssl);
    if (parse_identity(&i, &r, certs, certs_len, key, key_len)) {
        SSL_certs_clear(ssl);
        CALL(r, SSL_use_cert_and_key, (ssl, i.leaf, i.key, i.chain, 1));
    }
    end(&c, &r, r.ret != 1);
    free_identity(&i);
    return r;
}

/* OpenSSL's own asks on the terminal, which no library may do. */
static int no_password(char *buf, int n, int rw, void *arg) {
    (void)buf, (void)n, (void)rw, (void)arg;
    return -1;
}

#define WITHOUT_PASSWORD(ctx, statement)                                      \
    do {                                                                      \
        pem_password_cb *asks = SSL_CTX_get_default_passwd_cb(ctx);           \
        if (asks == NULL)                                                     \
            SSL_CTX_set_default_passwd_cb(ctx, no_password);                  \
        statement;                                                            \
        SSL_CTX_set_default_passwd_cb(ctx, asks);                             \
    } while (0)

gls_ret gls_SSL_CTX_use_certificate_chain_file(SSL_CTX *ctx, const char *path) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITHOUT_PASSWORD(ctx, CALL(r, SSL_CTX_use_certificate_chain_file, (ctx, path)));
    end(&c, &r, r.ret != 1);
    return r;
}

gls_ret gls_SSL_CTX_use_PrivateKey_file(SSL_CTX *ctx, const char *path) {
    call c;
    gls_ret r = {0};
    begin(&c, NULL, ctx);
    WITHOUT_PASSWORD(ctx, CALL(r, SSL_CTX_use_PrivateKey_file, (ctx, path, SSL_FILETYPE_PEM)));
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
CTX_SETTER(SSL_CTX_set_generate_session_id, (SSL_CTX *ctx, int on), ctx, on ? on_generate : NULL)
CTX_SETTER(SSL_CTX_set_tlsext_ticket_keys, (SSL_CTX *ctx, void *keys, long n), ctx, keys, n)
CTX_SETTER(SSL_CTX_get_tlsext_ticket_keys, (SSL_CTX *ctx, void *keys, long n), ctx, keys, n)
CTX_SETTER(SSL_CTX_set_num_tickets, (SSL_CTX *ctx, size_t n), ctx, n)

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

static int int_len(size_t n) {
    return n > INT_MAX ? INT_MAX : (int)n;
}

static void open_in(conn *k, const unsigned char *in, size_t in_len, int eof) {
    k->in = in;
    k->in_len = in_len;
    k->eof = eof;
}

gls_io gls_SSL_do_handshake(SSL *ssl, const unsigned char *in, size_t in_len, int eof) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    open_in(k, in, in_len, eof);
    IO(ssl, CALL(r, SSL_do_handshake, (ssl)));
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

gls_io gls_SSL_read(SSL *ssl, void *buf, size_t n, const unsigned char *in, size_t in_len, int eof) {
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
gls_io gls_SSL_write(SSL *ssl, const void *buf, size_t n, unsigned char *out, size_t out_cap) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    begin_ssl(&c, ssl);
    k->out = out;
    k->out_cap = out_cap;
    IO(ssl, CALL(r, SSL_write, (ssl, buf, int_len(n))));
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

/* 0 is success here: ours is sent, the peer's has not come. A second call would read, and trip over data. */
gls_io gls_SSL_shutdown(SSL *ssl) {
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

#if OPENSSL_VERSION_NUMBER >= 0x40000000L
gls_ret gls_SSL_set1_host(SSL *ssl, const char *name) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), NULL, 0);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    CALL(r, SSL_set1_dnsname, (ssl, name));
    end(&c, &r, r.ret != 1);
    return r;
}
#else
gls_ret gls_SSL_set1_host(SSL *ssl, const char *name) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), NULL, 0);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    CALL(r, SSL_set1_host, (ssl, name));
    end(&c, &r, r.ret != 1);
    return r;
}
#endif

gls_ret gls_SSL_set1_ip(SSL *ssl, const char *ip) {
    call c;
    gls_ret r = {0};
    begin_ssl(&c, ssl);
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), NULL, 0);
    CALL(r, X509_VERIFY_PARAM_set1_ip_asc, (SSL_get0_param(ssl), ip));
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

/* In TLS 1.3 libssl forgets to free the session of a handshake that is aborted here. gls_SSL_free does it, unless
 * on_session_free has seen libssl do it. */
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
gls_io gls_SSL_request(SSL *ssl, int request) {
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

/* The cipher is left to libssl: a server chooses it, a client takes it from the ServerHello. */
static int on_session_secret(SSL *ssl, void *secret, int *n, STACK_OF(SSL_CIPHER) *peer_ciphers,
                             const SSL_CIPHER **cipher, void *arg) {
    (void)peer_ciphers, (void)cipher, (void)arg;
    enter_go();
    int ok = glsOnSessionSecret(conn_of(ssl)->id, secret, n);
    leave_go();
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
gls_io gls_SSL_write_early_data(SSL *ssl, const void *buf, size_t n, unsigned char *out, size_t out_cap) {
    call c;
    gls_ret r = {0};
    conn *k = conn_of(ssl);
    size_t written = 0;
    begin_ssl(&c, ssl);
    k->out = out;
    k->out_cap = out_cap;
    IO(ssl, CALL(r, SSL_write_early_data, (ssl, buf, n, &written)));
    if (r.ret == 1)
        r.ret = (long)written;
    end(&c, &r, failed(&r));
    return close_windows(k, r, ssl);
}

gls_io gls_SSL_read_early_data(SSL *ssl, void *buf, size_t n, const unsigned char *in, size_t in_len, int eof) {
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

SSL_SETTER(SSL_export_keying_material_early,
           (SSL *ssl, unsigned char *out, size_t n, const char *label, size_t label_len, const unsigned char *context,
            size_t context_len),
           ssl, out, n, label, label_len, context, context_len)

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
    begin(&c, NULL, NULL);
    CALL(r, CONF_modules_load_file, (path, NULL, 0));
    end(&c, &r, r.ret != 1);
    return r;
}

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
