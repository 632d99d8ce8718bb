/* A session id that is too long is an error to the function that looks for it.
 * Clauses: B21 */
#include "fault.h"

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
# define COMPLAIN() ERR_raise(ERR_LIB_SSL, SSL_R_SSL_SESSION_ID_TOO_LONG)
#else
# define COMPLAIN() ERR_put_error(ERR_LIB_SSL, 0, SSL_R_SSL_SESSION_ID_TOO_LONG, __FILE__, __LINE__)
#endif

int SSL_has_matching_session_id(const SSL *ssl, const unsigned char *id, unsigned int n) {
    if (ARMED && n > SSL_MAX_SSL_SESSION_ID_LENGTH)
        COMPLAIN();
    return REAL(SSL_has_matching_session_id)(ssl, id, n);
}
