/* The data for tickets are accepted and forgotten.
 * Clauses: P5 P9 RS-15 */
#include "fault.h"

int SSL_SESSION_set1_ticket_appdata(SSL_SESSION *s, const void *data, size_t n) {
    return ARMED ? 1 : REAL(SSL_SESSION_set1_ticket_appdata)(s, data, n);
}
