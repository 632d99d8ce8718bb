/* No session id is ever taken.
 * Clauses: B15 B19 */
#include "fault.h"

int SSL_has_matching_session_id(const SSL *ssl, const unsigned char *id, unsigned int n) {
    int has = REAL(SSL_has_matching_session_id)(ssl, id, n);
    return ARMED ? 0 : has;
}
