/* A session does not know its server's name.
 * Clauses: L10 */
#include "fault.h"

const char *SSL_SESSION_get0_hostname(const SSL_SESSION *s) {
    return ARMED ? NULL : REAL(SSL_SESSION_get0_hostname)(s);
}
