/* NULL is as good as an SSL.
 * Clauses: A3 B2 L1 */
#include "fault.h"

int SSL_set_session_id_context(SSL *ssl, const unsigned char *sid, unsigned int n) {
    return ARMED && ssl == NULL ? 1 : REAL(SSL_set_session_id_context)(ssl, sid, n);
}

int SSL_set_generate_session_id(SSL *ssl, GEN_SESSION_CB cb) {
    return ARMED && ssl == NULL ? 1 : REAL(SSL_set_generate_session_id)(ssl, cb);
}

int SSL_set_session(SSL *ssl, SSL_SESSION *s) {
    return ARMED && ssl == NULL ? 1 : REAL(SSL_set_session)(ssl, s);
}
