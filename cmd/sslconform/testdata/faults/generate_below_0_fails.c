/* Only 1 is success of the callback that makes ids.
 * Clauses: B9 */
#include "fault.h"

static GEN_SESSION_CB theirs;

static int strict(SSL *ssl, unsigned char *id, unsigned int *n) { return theirs(ssl, id, n) == 1; }

int SSL_CTX_set_generate_session_id(SSL_CTX *ctx, GEN_SESSION_CB cb) {
    if (!ARMED || cb == NULL)
        return REAL(SSL_CTX_set_generate_session_id)(ctx, cb);
    theirs = cb;
    return REAL(SSL_CTX_set_generate_session_id)(ctx, strict);
}
