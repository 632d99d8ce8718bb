/* The size of the cache stays as it is.
 * Clauses: F1 F3 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    if (ARMED && cmd == SSL_CTRL_SET_SESS_CACHE_SIZE)
        cmd = SSL_CTRL_GET_SESS_CACHE_SIZE;
    return REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
}
