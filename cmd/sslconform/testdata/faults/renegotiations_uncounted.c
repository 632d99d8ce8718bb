/* Renegotiations are not counted.
 * Clauses: E2 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    long r = REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
    return ARMED && cmd == SSL_CTRL_SESS_ACCEPT_RENEGOTIATE ? 0 : r;
}
