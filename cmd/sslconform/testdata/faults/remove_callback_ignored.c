/* The callback for removals is never called.
 * Clauses: D9 */
#include "fault.h"

void SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, void (*cb)(SSL_CTX *, SSL_SESSION *)) {
    REAL(SSL_CTX_sess_set_remove_cb)(ctx, ARMED ? NULL : cb);
}
