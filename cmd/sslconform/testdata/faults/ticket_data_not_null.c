/* No data for tickets are not given as NULL.
 * Clauses: P9 */
#include "fault.h"

int SSL_SESSION_get0_ticket_appdata(SSL_SESSION *s, void **data, size_t *n) {
    int ret = REAL(SSL_SESSION_get0_ticket_appdata)(s, data, n);
    if (ARMED && *n == 0)
        *data = n;
    return ret;
}
