/* crypto.c - OpenSSL's start, so that nothing is left for it to look for once the jail is closed. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "crypto.h"

int crypto_fail(int error)
{
    ERR_clear_error();
    return error;
}

int mf_crypto_init(void)
{
    uint8_t random[16];

    /* No config: it could name engines and providers, which are shared objects. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1) {
        return crypto_fail(MF_E_UNSUPPORTED);
    }
    /* The default provider, its tables and the first random generator come with their first use. */
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    bool is_ready = md != NULL && RAND_bytes(random, sizeof(random)) == 1;
    EVP_MD_free(md);
    mf_wipe(random, sizeof(random));
    return crypto_fail(is_ready ? 0 : MF_E_UNSUPPORTED);
}

bool mf_crypto_equal(struct mf_slice a, struct mf_slice b)
{
    return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.data, b.data, a.size) == 0);
}
