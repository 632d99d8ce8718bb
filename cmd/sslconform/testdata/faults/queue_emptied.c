/* Success takes the errors of others off the queue.
 * Clauses: A4 S8 */
#include "fault.h"

int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid, unsigned int n) {
    if (ARMED)
        ERR_clear_error();
    return REAL(SSL_CTX_set_session_id_context)(ctx, sid, n);
}
