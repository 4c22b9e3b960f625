/* memory.c - where values live: OpenSSL's secure heap, which stands between guard pages, is locked into memory when the
 * kernel allows it and is left out of core dumps. Past its size, ordinary memory, wiped the same. */
#include <openssl/crypto.h>

#include <uv.h>

#include "internal.h"

static uv_once_t once = UV_ONCE_INIT;

static void init(void)
{
    /* 1: locked; 2: not locked (RLIMIT_MEMLOCK is too low); 0: none, and the fallback below serves. */
    int rc = CRYPTO_secure_malloc_init(MF_VAULT_HEAP_BYTES, MF_VAULT_HEAP_BLOCK_BYTES);

    if (rc != 1) {
        mf_log(MF_LOG_WARN, 0, NULL, "memory for secrets could not be %s; it may be swapped out",
               rc == 2 ? "locked" : "set apart");
    }
}

void *mf_vault_memory_new(size_t size)
{
    void *memory;

    uv_once(&once, init);
    memory = OPENSSL_secure_zalloc(size > 0 ? size : 1);
    return memory != NULL ? memory : mf_try_alloc(size);
}

void mf_vault_memory_free(MF_OWN void *memory, size_t size)
{
    if (memory == NULL) {
        return;
    }
    mf_wipe(memory, size);
    if (CRYPTO_secure_allocated(memory)) {
        OPENSSL_secure_free(memory);
    } else {
        mf_free(memory);
    }
}
