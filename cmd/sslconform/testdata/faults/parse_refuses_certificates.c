/* Sessions with a certificate in them cannot be read.
 * Clauses: N1 N8 */
#include "fault.h"

SSL_SESSION *d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp, long n) {
    SSL_SESSION *s = REAL(d2i_SSL_SESSION)(a, pp, n);
    if (!ARMED || s == NULL || SSL_SESSION_get0_peer(s) == NULL)
        return s;
    SSL_SESSION_free(s);
    return NULL;
}
