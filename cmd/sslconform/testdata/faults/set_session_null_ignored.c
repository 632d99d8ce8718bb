/* To set NULL in the place of a session has no effect.
 * Clauses: L4 */
#include "fault.h"

int SSL_set_session(SSL *ssl, SSL_SESSION *s) {
    return ARMED && s == NULL ? 1 : REAL(SSL_set_session)(ssl, s);
}
