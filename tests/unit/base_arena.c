/* The arena: alignment, zeroes, its budget, the order of deferred calls. */
#include <mayfly/base.h>

#include "check.h"

static char order[16];
static size_t order_size;

static void note(void *data)
{
    order[order_size++] = *(const char *)data;
}

static struct mf_arena *nested_arena;

static void note_and_defer(void *data)
{
    static char second = 'n';
    note(data);
    MF_CHECK_INT(mf_arena_defer(nested_arena, note, &second), 0);
}

static void gives_zeroed_aligned_memory(void)
{
    struct mf_arena *arena = mf_arena_new(1 << 20);
    uint8_t *before = NULL;
    for (size_t size = 0; size < 3000; size = size * 3 / 2 + 1) {
        uint8_t *memory = mf_arena_try_alloc(arena, size);
        MF_CHECK(memory != NULL && memory != before);
        MF_CHECK_INT((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++) {
            MF_CHECK_INT(memory[i], 0);
            memory[i] = 0xff;
        }
        before = memory;
    }
    mf_arena_free(arena);
    mf_arena_free(NULL);
}

static void pieces_do_not_overlap(void)
{
    enum { PIECES = 500 };
    uint8_t *pieces[PIECES];
    size_t sizes[PIECES];
    struct mf_arena *arena = mf_arena_new(8 << 20);
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = i * 37 % 2500; /* Small ones and ones with a chunk of their own, mixed. */
        pieces[i] = mf_arena_try_alloc(arena, sizes[i]);
        MF_CHECK(pieces[i] != NULL);
        memset(pieces[i], (int)(i & 0xff), sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t j = 0; j < sizes[i]; j++) {
            MF_CHECK_INT(pieces[i][j], i & 0xff);
        }
    }
    mf_arena_free(arena);
}

static void keeps_its_budget(void)
{
    struct mf_arena *arena = mf_arena_new(100);
    MF_CHECK(mf_arena_try_alloc(arena, 97) == NULL); /* Counted as 112. */
    MF_CHECK(mf_arena_try_alloc(arena, SIZE_MAX) == NULL);
    MF_CHECK(mf_arena_try_alloc(arena, SIZE_MAX - 16) == NULL);
    for (int i = 0; i < 6; i++) {
        MF_CHECK(mf_arena_try_alloc(arena, 1) != NULL);
    }
    MF_CHECK(mf_arena_try_alloc(arena, 1) == NULL);
    MF_CHECK(mf_arena_try_alloc(arena, 0) == NULL);
    struct mf_slice copy = {NULL, 77};
    MF_CHECK_INT(mf_arena_copy(arena, mf_slice_of_cstr("x"), &copy), MF_E_NO_MEMORY);
    MF_CHECK_INT(mf_arena_printf(arena, &copy, "x"), MF_E_NO_MEMORY);
    MF_CHECK_INT(mf_arena_defer(arena, note, NULL), MF_E_NO_MEMORY);
    MF_CHECK_INT(copy.size, 77);
    mf_arena_free(arena);

    arena = mf_arena_new(0);
    MF_CHECK(mf_arena_try_alloc(arena, 0) == NULL);
    mf_arena_free(arena);
}

static void copies_with_a_nul(void)
{
    struct mf_arena *arena = mf_arena_new(1 << 16);
    struct mf_slice copy;
    MF_CHECK_INT(mf_arena_copy(arena, mf_slice_of("a\0b", 3), &copy), 0);
    MF_CHECK_INT(copy.size, 3);
    MF_CHECK(memcmp(copy.data, "a\0b\0", 4) == 0);
    MF_CHECK_INT(mf_arena_copy(arena, mf_slice_of(NULL, 0), &copy), 0);
    MF_CHECK(copy.size == 0 && copy.data != NULL && copy.data[0] == 0);
    MF_CHECK_INT(mf_arena_copy(arena, mf_slice_of("x", SIZE_MAX), &copy), MF_E_NO_MEMORY);
    MF_CHECK_INT(mf_arena_printf(arena, &copy, "%s=%05d", "n", 42), 0);
    MF_CHECK_TEXT(copy, "n=00042");
    MF_CHECK_INT(copy.data[copy.size], 0);
    mf_arena_free(arena);
}

static void defers_last_first(void)
{
    static char names[] = "abc";
    struct mf_arena *arena = mf_arena_new(4096);
    nested_arena = arena;
    MF_CHECK_INT(mf_arena_defer(arena, note, &names[0]), 0);
    MF_CHECK_INT(mf_arena_defer(arena, note_and_defer, &names[1]), 0);
    MF_CHECK_INT(mf_arena_defer(arena, note, &names[2]), 0);
    MF_CHECK_INT(order_size, 0);
    mf_arena_free(arena);
    MF_CHECK_TEXT(mf_slice_of(order, order_size), "cbna");
}

int main(void)
{
    MF_RUN(gives_zeroed_aligned_memory);
    MF_RUN(pieces_do_not_overlap);
    MF_RUN(keeps_its_budget);
    MF_RUN(copies_with_a_nul);
    MF_RUN(defers_last_first);
    return 0;
}
