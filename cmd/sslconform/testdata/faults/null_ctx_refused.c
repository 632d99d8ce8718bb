/* What can be asked of a NULL SSL_CTX fails.
 * Clauses: C3 E5 F1 G2 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    return ARMED && ctx == NULL ? -1 : REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
}

long SSL_CTX_set_timeout(SSL_CTX *ctx, long t) {
    return ARMED && ctx == NULL ? -1 : REAL(SSL_CTX_set_timeout)(ctx, t);
}
