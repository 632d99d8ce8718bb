/* A session that is removed stays in the cache.
 * Clauses: D9 I4 */
#include "fault.h"

int SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *s) {
    return ARMED ? 1 : REAL(SSL_CTX_remove_session)(ctx, s);
}
