/* SSL_CTX_free does not call the callback for removals.
 * Clauses: D8 */
#include "fault.h"

void SSL_CTX_free(SSL_CTX *ctx) {
    if (ARMED && ctx != NULL)
        SSL_CTX_sess_set_remove_cb(ctx, NULL);
    REAL(SSL_CTX_free)(ctx);
}
