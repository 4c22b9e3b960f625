/* memory.c - where values live: OpenSSL's secure heap, which stands between guard pages, is locked into memory when the
 * kernel allows it and is left out of core dumps; we keep it out of child processes too. Past its size, ordinary memory,
 * wiped the same. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/mman.h>

#include <uv.h>

#include "internal.h"

/* AddressSanitizer sees a byte past the end only in memory of its own. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_HEAP 0
#endif
#endif
#ifndef HAS_HEAP
#define HAS_HEAP 1
#endif

static uv_once_t once = UV_ONCE_INIT;

/* The mapping that |inside| lies in: OpenSSL does not say where its heap is. */
static bool find_mapping(const void *inside, void **ret_begin, size_t *ret_size)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    uintptr_t at = (uintptr_t)inside;
    unsigned long begin;
    unsigned long end;
    bool is_found = false;

    while (maps != NULL && !is_found && fgets(line, sizeof line, maps) != NULL) {
        is_found = sscanf(line, "%lx-%lx", &begin, &end) == 2 && at >= begin && at < end;
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    if (is_found) {
        *ret_begin = (void *)begin;
        *ret_size = end - begin;
    }
    return is_found;
}

/* A new executor is, until it executes its program, a copy of the daemon. */
static bool keep_from_children(void)
{
    void *probe = OPENSSL_secure_zalloc(1);
    void *begin = NULL;
    size_t size = 0;
    bool is_kept = probe != NULL && CRYPTO_secure_allocated(probe) && find_mapping(probe, &begin, &size) &&
                   size == MF_VAULT_HEAP_BYTES && madvise(begin, size, MADV_DONTFORK) == 0;

    OPENSSL_secure_free(probe);
    return is_kept;
}

static void init(void)
{
    if (!HAS_HEAP) {
        return;
    }
    /* 1: locked; 2: not locked (RLIMIT_MEMLOCK is too low); 0: none, and the fallback below serves. */
    int rc = CRYPTO_secure_malloc_init(MF_VAULT_HEAP_BYTES, MF_VAULT_HEAP_BLOCK_BYTES);

    if (rc != 1) {
        mf_log(MF_LOG_WARN, 0, NULL, "memory for secrets could not be %s; it may be swapped out",
               rc == 2 ? "locked" : "set apart");
    }
    if (rc != 0 && !keep_from_children()) {
        mf_log(MF_LOG_WARN, 0, NULL, "memory for secrets could not be kept out of new processes");
    }
}

/* OpenSSL keeps private keys there too, those of a handshake among them, and fails without room for them. */
static bool has_room(size_t size)
{
    size_t most = (size_t)MF_VAULT_HEAP_BYTES / 100 * MF_VAULT_HEAP_USED_PERCENT;
    size_t used = HAS_HEAP ? CRYPTO_secure_used() : most;

    return used < most && size <= most - used;
}

void *mf_vault_memory_new(size_t size)
{
    void *memory;

    uv_once(&once, init);
    memory = has_room(size) ? OPENSSL_secure_zalloc(size > 0 ? size : 1) : NULL;
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
