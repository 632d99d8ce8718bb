/* A session that is added does not get into the cache.
 * Clauses: C15 I1 */
#include "fault.h"

int SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *s) {
    return ARMED ? 1 : REAL(SSL_CTX_add_session)(ctx, s);
}
