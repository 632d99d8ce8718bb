/* A session for which the callback returns 0 is removed, as the manual has it.
 * Clauses: D3 */
#include "fault.h"

static int (*theirs)(SSL *, SSL_SESSION *);

static int remove_refused(SSL *ssl, SSL_SESSION *s) {
    int keeps = theirs(ssl, s);
    if (!keeps)
        SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), s);
    return keeps;
}

void SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int (*cb)(SSL *, SSL_SESSION *)) {
    if (ARMED && cb != NULL) {
        theirs = cb;
        cb = remove_refused;
    }
    REAL(SSL_CTX_sess_set_new_cb)(ctx, cb);
}
