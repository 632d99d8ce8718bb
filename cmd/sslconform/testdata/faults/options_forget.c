/* Setting an option takes the others away.
 * Clauses: S9 */
#include "fault.h"

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
typedef uint64_t options;
#else
typedef unsigned long options;
#endif

options SSL_CTX_set_options(SSL_CTX *ctx, options set) {
    if (ARMED && set != 0)
        SSL_CTX_clear_options(ctx, ~set);
    return REAL(SSL_CTX_set_options)(ctx, set);
}
