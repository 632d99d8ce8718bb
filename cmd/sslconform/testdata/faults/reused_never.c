/* No session was ever reused.
 * Clauses: A11 L6 ID-3 RW-21 RS-5 */
#include "fault.h"

int SSL_session_reused(const SSL *ssl) {
    int reused = REAL(SSL_session_reused)(ssl);
    return ARMED ? 0 : reused;
}
