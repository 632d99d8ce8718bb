/* Flushing removes sessions that have not expired, too.
 * Clauses: H1 H4 */
#include "fault.h"

#if OPENSSL_VERSION_NUMBER >= 0x30400000L
void SSL_CTX_flush_sessions_ex(SSL_CTX *ctx, time_t at) {
    REAL(SSL_CTX_flush_sessions_ex)(ctx, ARMED ? 0 : at);
}
#else
void SSL_CTX_flush_sessions(SSL_CTX *ctx, long at) {
    REAL(SSL_CTX_flush_sessions)(ctx, ARMED ? 0 : at);
}
#endif
