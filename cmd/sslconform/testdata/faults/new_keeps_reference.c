/* Whatever the callback for new sessions returns leaves it a reference.
 * Clauses: D4 */
#include "fault.h"

static int (*theirs)(SSL *, SSL_SESSION *);

static int keep(SSL *ssl, SSL_SESSION *s) {
    theirs(ssl, s);
    return 1;
}

void SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int (*cb)(SSL *, SSL_SESSION *)) {
    if (ARMED && cb != NULL) {
        theirs = cb;
        cb = keep;
    }
    REAL(SSL_CTX_sess_set_new_cb)(ctx, cb);
}
