/* A connection is closed without a word to the peer.
 * Clauses: L11 */
#include "fault.h"

int SSL_shutdown(SSL *ssl) {
    if (!ARMED)
        return REAL(SSL_shutdown)(ssl);
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN);
    return 1;
}
