/* The reference of the callback for lookups is never taken over.
 * Clauses: D13 */
#include "fault.h"

static SSL_SESSION *(*theirs)(SSL *, const unsigned char *, int, int *);

static SSL_SESSION *copied(SSL *ssl, const unsigned char *id, int n, int *copy) {
    SSL_SESSION *s = theirs(ssl, id, n, copy);
    *copy = 1;
    return s;
}

void SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, SSL_SESSION *(*cb)(SSL *, const unsigned char *, int, int *)) {
    if (ARMED && cb != NULL) {
        theirs = cb;
        cb = copied;
    }
    REAL(SSL_CTX_sess_set_get_cb)(ctx, cb);
}
