/* Setting the timeout gives back the new one.
 * Clauses: G2 */
#include "fault.h"

long SSL_CTX_set_timeout(SSL_CTX *ctx, long t) {
    long previous = REAL(SSL_CTX_set_timeout)(ctx, t);
    return ARMED ? t : previous;
}
