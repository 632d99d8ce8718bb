/* The callback for lookups is never called. */
#include "fault.h"

void SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, SSL_SESSION *(*cb)(SSL *, const unsigned char *, int, int *)) {
    REAL(SSL_CTX_sess_set_get_cb)(ctx, ARMED ? NULL : cb);
}
