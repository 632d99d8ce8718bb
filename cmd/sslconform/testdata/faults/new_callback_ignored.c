/* The callback for new sessions is never called.
 * Clauses: C7 D2 FD-14 LT-4 RS-7 RS-8 */
#include "fault.h"

void SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int (*cb)(SSL *, SSL_SESSION *)) {
    REAL(SSL_CTX_sess_set_new_cb)(ctx, ARMED ? NULL : cb);
}
