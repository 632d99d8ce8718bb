/* Setting the size of the cache gives back the new one.
 * Clauses: F1 F2 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    long r = REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
    return ARMED && cmd == SSL_CTRL_SET_SESS_CACHE_SIZE ? larg : r;
}
