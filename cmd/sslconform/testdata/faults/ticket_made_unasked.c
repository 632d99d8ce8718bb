/* The callback that sees sessions before they go into tickets is never called.
 * Clauses: P5 P6 */
#include "fault.h"

int SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, SSL_CTX_generate_session_ticket_fn make,
                                  SSL_CTX_decrypt_session_ticket_fn take, void *arg) {
    return REAL(SSL_CTX_set_session_ticket_cb)(ctx, ARMED ? NULL : make, take, arg);
}
