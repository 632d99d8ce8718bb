/* What is left over behind a session counts as read.
 * Clauses: N6 */
#include "fault.h"

SSL_SESSION *d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp, long n) {
    const unsigned char *end = pp == NULL ? NULL : *pp + n;
    SSL_SESSION *s = REAL(d2i_SSL_SESSION)(a, pp, n);
    if (ARMED && s != NULL)
        *pp = end;
    return s;
}
