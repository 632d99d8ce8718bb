/* The callback that makes ids is accepted and never called.
 * Clauses: B4 B8 */
#include "fault.h"

int SSL_CTX_set_generate_session_id(SSL_CTX *ctx, GEN_SESSION_CB cb) {
    return ARMED ? 1 : REAL(SSL_CTX_set_generate_session_id)(ctx, cb);
}
