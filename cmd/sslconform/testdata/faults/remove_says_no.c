/* A session is removed, and the function says that it was not.
 * Clauses: I3 I4 */
#include "fault.h"

int SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *s) {
    int r = REAL(SSL_CTX_remove_session)(ctx, s);
    return ARMED ? 0 : r;
}
