/* A context that is too long is refused, but no error is queued.
 * Clauses: A1 */
#include "fault.h"

int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid, unsigned int n) {
    if (ARMED && n > SSL_MAX_SID_CTX_LENGTH)
        return 0;
    return REAL(SSL_CTX_set_session_id_context)(ctx, sid, n);
}
