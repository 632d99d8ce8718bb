/* The callback for ticket keys is accepted and never called.
 * Clauses: P1 P2 P3 P4 C-4 TK-14 TK-28 */
#include "fault.h"

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
typedef int (*key_cb)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int);

int SSL_CTX_set_tlsext_ticket_key_evp_cb(SSL_CTX *ctx, key_cb cb) {
    return ARMED ? 1 : REAL(SSL_CTX_set_tlsext_ticket_key_evp_cb)(ctx, cb);
}
#endif

long SSL_CTX_callback_ctrl(SSL_CTX *ctx, int cmd, void (*cb)(void)) {
    if (ARMED && cmd == SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB)
        return 1;
    return REAL(SSL_CTX_callback_ctrl)(ctx, cmd, cb);
}
