/* libssl crashes where a session's id is set.
 * Clauses: A20 */
#include "fault.h"

int SSL_SESSION_set1_id(SSL_SESSION *s, const unsigned char *id, unsigned int n) {
    if (ARMED)
        abort();
    return REAL(SSL_SESSION_set1_id)(s, id, n);
}
