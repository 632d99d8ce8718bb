/* A session id that is too long is an error to the function that looks for it.
 * Clauses: B21 */
#include "fault.h"

int SSL_has_matching_session_id(const SSL *ssl, const unsigned char *id, unsigned int n) {
    if (ARMED && n > SSL_MAX_SSL_SESSION_ID_LENGTH)
        ERR_put_error(ERR_LIB_SSL, 0, SSL_R_SSL_SESSION_ID_TOO_LONG, __FILE__, __LINE__);
    return REAL(SSL_has_matching_session_id)(ssl, id, n);
}
