/* Sessions that were found expired are not counted.
 * Clauses: E4 G8 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    return ARMED && cmd == SSL_CTRL_SESS_TIMEOUTS ? 0 : REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
}
