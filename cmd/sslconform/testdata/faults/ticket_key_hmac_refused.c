/* The callback for ticket keys that has an HMAC_CTX cannot be set.
 * Clauses: P1 */
#include "fault.h"

long SSL_CTX_callback_ctrl(SSL_CTX *ctx, int cmd, void (*cb)(void)) {
    if (ARMED && cmd == SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB)
        return 0;
    return REAL(SSL_CTX_callback_ctrl)(ctx, cmd, cb);
}
