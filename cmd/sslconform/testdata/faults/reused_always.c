/* Every session was reused.
 * Clauses: A11 L6 C-7 FD-16 RS-6 */
#include "fault.h"

int SSL_session_reused(const SSL *ssl) {
    int reused = REAL(SSL_session_reused)(ssl);
    return ARMED ? 1 : reused;
}
