/* A certificate that is asked for after the handshake is not asked for.
 * Clauses: O4 */
#include "fault.h"

int SSL_verify_client_post_handshake(SSL *ssl) {
    return ARMED ? 1 : REAL(SSL_verify_client_post_handshake)(ssl);
}
