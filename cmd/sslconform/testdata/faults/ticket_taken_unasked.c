/* The callback that decides on the session in a ticket is never called.
 * Clauses: P5 P7 P8 */
#include "fault.h"

int SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, SSL_CTX_generate_session_ticket_fn make,
                                  SSL_CTX_decrypt_session_ticket_fn take, void *arg) {
    return REAL(SSL_CTX_set_session_ticket_cb)(ctx, make, ARMED ? NULL : take, arg);
}
