/* A client offers a session only once.
 * Clauses: S3 RS-10 */
#include "fault.h"

static unsigned char last[SSL_MAX_SSL_SESSION_ID_LENGTH];

int SSL_set_session(SSL *ssl, SSL_SESSION *s) {
    unsigned int n = 0;
    const unsigned char *id = ARMED && s != NULL ? SSL_SESSION_get_id(s, &n) : NULL;

    if (n == sizeof(last)) {
        if (memcmp(last, id, n) == 0)
            s = NULL;
        memcpy(last, id, n);
    }
    return REAL(SSL_set_session)(ssl, s);
}
