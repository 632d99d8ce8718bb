/* No callback can be read back.
 * Clauses: D1 */
#include "fault.h"

int (*SSL_CTX_sess_get_new_cb(SSL_CTX *ctx))(SSL *, SSL_SESSION *) {
    return ARMED ? NULL : REAL(SSL_CTX_sess_get_new_cb)(ctx);
}
