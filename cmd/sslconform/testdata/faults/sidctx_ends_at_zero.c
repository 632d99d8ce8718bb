/* A context is taken for a C string.
 * Clauses: A9 ID-2 ID-3 */
#include "fault.h"

int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid, unsigned int n) {
    if (ARMED && n <= SSL_MAX_SID_CTX_LENGTH)
        n = (unsigned int)strnlen((const char *)sid, n);
    return REAL(SSL_CTX_set_session_id_context)(ctx, sid, n);
}
