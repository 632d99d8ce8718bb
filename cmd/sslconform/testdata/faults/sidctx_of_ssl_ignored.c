/* A context for a single SSL is accepted and forgotten.
 * Clauses: A2 A8 */
#include "fault.h"

int SSL_set_session_id_context(SSL *ssl, const unsigned char *sid, unsigned int n) {
    if (ARMED && n <= SSL_MAX_SID_CTX_LENGTH)
        return 1;
    return REAL(SSL_set_session_id_context)(ssl, sid, n);
}
