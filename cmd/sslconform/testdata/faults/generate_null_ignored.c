/* The callback that makes ids cannot be taken away again.
 * Clauses: B1 B17 */
#include "fault.h"

int SSL_CTX_set_generate_session_id(SSL_CTX *ctx, GEN_SESSION_CB cb) {
    return ARMED && cb == NULL ? 1 : REAL(SSL_CTX_set_generate_session_id)(ctx, cb);
}

int SSL_set_generate_session_id(SSL *ssl, GEN_SESSION_CB cb) {
    return ARMED && cb == NULL ? 1 : REAL(SSL_set_generate_session_id)(ssl, cb);
}
