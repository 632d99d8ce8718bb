/* A ticket comes without the server's hint at its lifetime.
 * Clauses: G5 TK-25 */
#include "fault.h"

unsigned long SSL_SESSION_get_ticket_lifetime_hint(const SSL_SESSION *s) {
    return ARMED ? 0 : REAL(SSL_SESSION_get_ticket_lifetime_hint)(s);
}
