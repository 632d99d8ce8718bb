/* The number of tickets of a single SSL is accepted and forgotten.
 * Clauses: O1 */
#include "fault.h"

int SSL_set_num_tickets(SSL *ssl, size_t n) {
    return ARMED ? 1 : REAL(SSL_set_num_tickets)(ssl, n);
}
