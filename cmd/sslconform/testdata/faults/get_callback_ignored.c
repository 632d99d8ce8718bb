/* The callback for lookups is never called.
 * Clauses: C8 D12 */
#include "fault.h"

void SSL_CTX_sess_set_get_cb(SSL_CTX *ctx, SSL_SESSION *(*cb)(SSL *, const unsigned char *, int, int *)) {
    REAL(SSL_CTX_sess_set_get_cb)(ctx, ARMED ? NULL : cb);
}
