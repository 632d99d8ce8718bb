/* A callback that aborts over a ticket has it ignored.
 * Clauses: P7 P8 */
#include "fault.h"

static SSL_CTX_decrypt_session_ticket_fn theirs;

static SSL_TICKET_RETURN mild(SSL *ssl, SSL_SESSION *s, const unsigned char *name, size_t n, SSL_TICKET_STATUS status,
                              void *arg) {
    SSL_TICKET_RETURN decision = theirs(ssl, s, name, n, status, arg);
    return decision == SSL_TICKET_RETURN_ABORT ? SSL_TICKET_RETURN_IGNORE : decision;
}

int SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, SSL_CTX_generate_session_ticket_fn make,
                                  SSL_CTX_decrypt_session_ticket_fn take, void *arg) {
    if (ARMED && take != NULL) {
        theirs = take;
        take = mild;
    }
    return REAL(SSL_CTX_set_session_ticket_cb)(ctx, make, take, arg);
}
