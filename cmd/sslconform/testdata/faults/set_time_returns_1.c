/* SSL_SESSION_set_time returns 1, as older manuals have it.
 * Clauses: G10 */
#include "fault.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

long SSL_SESSION_set_time(SSL_SESSION *s, long t) {
    long r = REAL(SSL_SESSION_set_time)(s, t);
    return ARMED && s != NULL ? 1 : r;
}
