/* Every session can be resumed.
 * Clauses: L7 */
#include "fault.h"

int SSL_SESSION_is_resumable(const SSL_SESSION *s) {
    int resumable = REAL(SSL_SESSION_is_resumable)(s);
    return ARMED ? 1 : resumable;
}
