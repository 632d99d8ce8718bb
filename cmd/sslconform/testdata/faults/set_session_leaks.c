/* A session that is set and not reused is never let go.
 * Clauses: L3 */
#include "fault.h"

int SSL_set_session(SSL *ssl, SSL_SESSION *s) {
    if (ARMED && s != NULL)
        SSL_SESSION_up_ref(s);
    return REAL(SSL_set_session)(ssl, s);
}
