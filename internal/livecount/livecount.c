/*
 * ex_data's new_func runs whenever an object of the class is made and its free_func whenever one is freed,
 * wherever in the process that happens. argl says which counter it is.
 *
 * The callbacks have had the same prototypes since OpenSSL 1.1.0.
 */
#include "livecount.h"

#include <stdatomic.h>

#include <openssl/crypto.h>

enum { SSL_OBJ, CTX_OBJ, SESSION_OBJ, BIO_OBJ, X509_OBJ, STORE_OBJ, PKEY_OBJ, OBJS };

static atomic_long live[OBJS];
static int failed;

static void made(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ptr, (void)ad, (void)idx, (void)argp;
    atomic_fetch_add(&live[argl], 1);
}

static void freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ptr, (void)ad, (void)idx, (void)argp;
    atomic_fetch_sub(&live[argl], 1);
}

static void watch(int class_index, long object)
{
    if (CRYPTO_get_ex_new_index(class_index, object, NULL, made, NULL, freed) < 0)
        failed = 1;
}

/* A constructor: an object made before registration would be counted when it goes, but not when it came. */
__attribute__((constructor)) static void glslive_init(void)
{
    watch(CRYPTO_EX_INDEX_SSL, SSL_OBJ);
    watch(CRYPTO_EX_INDEX_SSL_CTX, CTX_OBJ);
    watch(CRYPTO_EX_INDEX_SSL_SESSION, SESSION_OBJ);
    watch(CRYPTO_EX_INDEX_BIO, BIO_OBJ);
    watch(CRYPTO_EX_INDEX_X509, X509_OBJ);
    watch(CRYPTO_EX_INDEX_X509_STORE, STORE_OBJ);
#ifdef CRYPTO_EX_INDEX_EVP_PKEY
    watch(CRYPTO_EX_INDEX_EVP_PKEY, PKEY_OBJ);
#endif
}

struct glslive_counts glslive_now(void)
{
    struct glslive_counts n = {
        atomic_load(&live[SSL_OBJ]), atomic_load(&live[CTX_OBJ]), atomic_load(&live[SESSION_OBJ]),
        atomic_load(&live[BIO_OBJ]), atomic_load(&live[X509_OBJ]), atomic_load(&live[STORE_OBJ]),
        atomic_load(&live[PKEY_OBJ]),
    };
    return n;
}

int glslive_failed(void)
{
    return failed;
}
