/* The callback that makes ids finds something in the buffer.
 * Clauses: B4 B10 */
#include "fault.h"

static GEN_SESSION_CB theirs;

static int dirty(SSL *ssl, unsigned char *id, unsigned int *n) {
    memset(id, 0xdd, *n);
    return theirs(ssl, id, n);
}

int SSL_CTX_set_generate_session_id(SSL_CTX *ctx, GEN_SESSION_CB cb) {
    if (!ARMED || cb == NULL)
        return REAL(SSL_CTX_set_generate_session_id)(ctx, cb);
    theirs = cb;
    return REAL(SSL_CTX_set_generate_session_id)(ctx, dirty);
}
