/* An SSL that is switched to another SSL_CTX keeps its session id context.
 * Clauses: A18 */
#include "fault.h"

SSL_CTX *SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx) {
    SSL_CTX *now = REAL(SSL_set_SSL_CTX)(ssl, ctx);
    if (ARMED)
        SSL_set_session_id_context(ssl, (const unsigned char *)"c1", 2);
    return now;
}
