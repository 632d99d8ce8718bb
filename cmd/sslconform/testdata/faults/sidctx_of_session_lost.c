/* A session's context reads as empty.
 * Clauses: A6 A7 C-8 */
#include "fault.h"

const unsigned char *SSL_SESSION_get0_id_context(const SSL_SESSION *s, unsigned int *n) {
    const unsigned char *sid = REAL(SSL_SESSION_get0_id_context)(s, n);
    if (ARMED && n != NULL)
        *n = 0;
    return sid;
}
