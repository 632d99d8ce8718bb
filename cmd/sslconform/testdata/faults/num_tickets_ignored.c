/* The number of tickets is accepted and forgotten.
 * Clauses: O1 O2 C-11 TK-10 */
#include "fault.h"

int SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t n) {
    return ARMED ? 1 : REAL(SSL_CTX_set_num_tickets)(ctx, n);
}
