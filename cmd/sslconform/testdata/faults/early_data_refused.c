/* Early data are not taken.
 * Clauses: D6 S4 */
#include "fault.h"

int SSL_CTX_set_max_early_data(SSL_CTX *ctx, uint32_t n) {
    return ARMED ? 1 : REAL(SSL_CTX_set_max_early_data)(ctx, n);
}
