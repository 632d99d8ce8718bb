/* To say that a connection was shut down has no effect.
 * Clauses: D10 */
#include "fault.h"

void SSL_set_shutdown(SSL *ssl, int mode) {
    if (!ARMED)
        REAL(SSL_set_shutdown)(ssl, mode);
}
