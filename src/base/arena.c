/* arena.c - memory that ends with one request: chunks in a chain, cut from the front, freed together.
 *
 * The budget counts what was asked for, rounded up to 16 bytes, so that it does not depend on how chunks are
 * cut. Under AddressSanitizer every piece is a chunk of its own: an overflow by one byte is found.
 */
#include <mayfly/base.h>

#include <stdio.h>
#include <stdlib.h>

#define ALIGNMENT 16u
#if defined(__SANITIZE_ADDRESS__)
#define CHUNK_BYTES 0u
#else
#define CHUNK_BYTES 4064u /* With the chunk's header and malloc's own, one page. */
#endif

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    size_t unused; /* Keeps |bytes| on 16. */
    uint8_t bytes[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *data);
    void *data;
};

struct mf_arena {
    struct chunk *chunks; /* The first one is cut; large pieces stand behind it. */
    struct deferred *deferred;
    size_t bytes_used;
    size_t bytes_max;
};

struct mf_arena *mf_arena_new(size_t bytes_max)
{
    struct mf_arena *arena = mf_new(sizeof(*arena));
    arena->bytes_max = bytes_max;
    return arena;
}

void mf_arena_free(struct mf_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    /* A deferred call may defer another: it runs next. */
    while (arena->deferred != NULL) {
        struct deferred *first = arena->deferred;
        arena->deferred = first->next;
        first->fn(first->data);
    }
    struct chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(arena);
}

static struct chunk *chunk_add(struct mf_arena *arena, size_t size)
{
    bool is_alone = size > CHUNK_BYTES / 4;
    size_t chunk_size = is_alone ? size : CHUNK_BYTES;
    if (chunk_size > SIZE_MAX - sizeof(struct chunk)) {
        return NULL;
    }
    struct chunk *chunk = calloc(1, sizeof(*chunk) + chunk_size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->size = chunk_size;
    struct chunk **place = &arena->chunks;
    if (is_alone && arena->chunks != NULL) {
        place = &arena->chunks->next; /* The front chunk may have room yet. */
    }
    chunk->next = *place;
    *place = chunk;
    return chunk;
}

void *mf_arena_try_alloc(struct mf_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > arena->bytes_max - arena->bytes_used) {
        return NULL;
    }
#if defined(__SANITIZE_ADDRESS__)
    size_t wanted = size;
#else
    size_t wanted = rounded;
#endif
    struct chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = chunk_add(arena, wanted);
        if (chunk == NULL) {
            return NULL;
        }
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += wanted;
    arena->bytes_used += rounded;
    return memory;
}

int mf_arena_copy(struct mf_arena *arena, struct mf_slice bytes, struct mf_slice *ret_copy)
{
    if (bytes.size == SIZE_MAX) {
        return MF_E_NO_MEMORY;
    }
    uint8_t *copy = mf_arena_try_alloc(arena, bytes.size + 1);
    if (copy == NULL) {
        return MF_E_NO_MEMORY;
    }
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    *ret_copy = mf_slice_of(copy, bytes.size);
    return 0;
}

int mf_arena_printf(struct mf_arena *arena, struct mf_slice *ret_text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0) {
        return MF_E_INVALID;
    }
    char *text = mf_arena_try_alloc(arena, (size_t)size + 1);
    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    va_start(args, format);
    (void)vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    *ret_text = mf_slice_of(text, (size_t)size);
    return 0;
}

int mf_arena_defer(struct mf_arena *arena, void (*fn)(void *data), void *data)
{
    struct deferred *deferred = mf_arena_try_alloc(arena, sizeof(*deferred));
    if (deferred == NULL) {
        return MF_E_NO_MEMORY;
    }
    *deferred = (struct deferred){arena->deferred, fn, data};
    arena->deferred = deferred;
    return 0;
}
