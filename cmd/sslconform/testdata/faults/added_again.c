/* A session that is in the cache already counts as added.
 * Clauses: I1 C19 */
#include "fault.h"

int SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *s) {
    int added = REAL(SSL_CTX_add_session)(ctx, s);
    return ARMED ? 1 : added;
}
