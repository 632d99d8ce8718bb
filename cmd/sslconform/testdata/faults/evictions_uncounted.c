/* Sessions that made room for others are not counted.
 * Clauses: F3 F4 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    return ARMED && cmd == SSL_CTRL_SESS_CACHE_FULL ? 0 : REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
}
