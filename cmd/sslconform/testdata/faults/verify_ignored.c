/* Nobody is ever verified.
 * Clauses: A12 A13 RS-14 RS-18 */
#include "fault.h"

void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, SSL_verify_cb cb) {
    REAL(SSL_CTX_set_verify)(ctx, ARMED ? SSL_VERIFY_NONE : mode, cb);
}
