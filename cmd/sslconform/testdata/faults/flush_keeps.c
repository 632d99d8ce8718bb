/* Flushing removes nothing.
 * Clauses: H1 */
#include "fault.h"

#if OPENSSL_VERSION_NUMBER >= 0x30400000L
void SSL_CTX_flush_sessions_ex(SSL_CTX *ctx, time_t at) {
    if (!ARMED)
        REAL(SSL_CTX_flush_sessions_ex)(ctx, at);
}
#else
void SSL_CTX_flush_sessions(SSL_CTX *ctx, long at) {
    if (!ARMED)
        REAL(SSL_CTX_flush_sessions)(ctx, at);
}
#endif
