/* NULL is as good as a session.
 * Clauses: A21 G12 */
#include "fault.h"

int SSL_SESSION_set1_id(SSL_SESSION *s, const unsigned char *id, unsigned int n) {
    return ARMED && s == NULL ? 1 : REAL(SSL_SESSION_set1_id)(s, id, n);
}

long SSL_SESSION_set_timeout(SSL_SESSION *s, long t) {
    return ARMED && s == NULL ? 1 : REAL(SSL_SESSION_set_timeout)(s, t);
}
