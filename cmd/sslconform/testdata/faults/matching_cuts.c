/* Of a session id that is too long only the first 32 bytes count.
 * Clauses: B21 */
#include "fault.h"

int SSL_has_matching_session_id(const SSL *ssl, const unsigned char *id, unsigned int n) {
    if (ARMED && n > SSL_MAX_SSL_SESSION_ID_LENGTH)
        n = SSL_MAX_SSL_SESSION_ID_LENGTH;
    return REAL(SSL_has_matching_session_id)(ssl, id, n);
}
