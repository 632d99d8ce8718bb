/* A session that is parsed has lost its context.
 * Clauses: A6 N1 */
#include "fault.h"

SSL_SESSION *d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp, long n) {
    SSL_SESSION *s = REAL(d2i_SSL_SESSION)(a, pp, n);
    if (ARMED && s != NULL)
        SSL_SESSION_set1_id_context(s, (const unsigned char *)"", 0);
    return s;
}
