/* Ticket keys are accepted and forgotten.
 * Clauses: O6 O7 */
#include "fault.h"

long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg) {
    if (ARMED && cmd == SSL_CTRL_SET_TLSEXT_TICKET_KEYS && larg == 80)
        return 1;
    return REAL(SSL_CTX_ctrl)(ctx, cmd, larg, parg);
}
