/*
 * ticket_key.h - for faults in what the callback for ticket keys returns: each defines
 *
 *     static int instead(int encrypt, int answer);
 */
#ifndef TICKET_KEY_H
#define TICKET_KEY_H

#include "fault.h"

static int instead(int encrypt, int answer);

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
typedef int (*key_cb)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int);

static key_cb theirs;

static int ours(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                int encrypt) {
    return instead(encrypt, theirs(ssl, name, iv, cipher, mac, encrypt));
}

int SSL_CTX_set_tlsext_ticket_key_evp_cb(SSL_CTX *ctx, key_cb cb) {
    if (ARMED && cb != NULL) {
        theirs = cb;
        cb = ours;
    }
    return REAL(SSL_CTX_set_tlsext_ticket_key_evp_cb)(ctx, cb);
}
#else
typedef int (*key_cb)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, HMAC_CTX *, int);

static key_cb theirs;

static int ours(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, HMAC_CTX *mac, int encrypt) {
    return instead(encrypt, theirs(ssl, name, iv, cipher, mac, encrypt));
}

long SSL_CTX_callback_ctrl(SSL_CTX *ctx, int cmd, void (*cb)(void)) {
    if (ARMED && cmd == SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB && cb != NULL) {
        theirs = (key_cb)cb;
        cb = (void (*)(void))ours;
    }
    return REAL(SSL_CTX_callback_ctrl)(ctx, cmd, cb);
}
#endif

#endif
