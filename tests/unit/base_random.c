/* Hash, random identifiers, clocks, wiping, lists. */
#include <mayfly/base.h>

#include "check.h"
#include "hash.h"

/* The 15-byte example of the SipHash paper's appendix A (2 rounds a word, 4 final), which holds the rounds,
 * the byte order and the length word to the specification; 1-3 differs only in how often the same round runs.
 */
static void siphash_vector(void)
{
    uint8_t bytes[15];
    for (uint8_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = i;
    }
    struct mf_hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    MF_CHECK(mf_siphash(mf_slice_of(bytes, 15), key, 2, 4) == UINT64_C(0xa129ca6149be45e5));
    MF_CHECK(mf_siphash(mf_slice_of(NULL, 0), key, 2, 4) == UINT64_C(0x726fdb47dd0e0e31));
}

static void hash_depends_on_every_byte(void)
{
    uint8_t bytes[40] = {0};
    uint64_t all_zero = mf_hash(mf_slice_of(bytes, sizeof(bytes)));
    MF_CHECK(mf_hash(mf_slice_of(bytes, sizeof(bytes))) == all_zero);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 1;
        MF_CHECK(mf_hash(mf_slice_of(bytes, sizeof(bytes))) != all_zero);
        MF_CHECK(mf_hash(mf_slice_of(bytes, i)) != all_zero);
        bytes[i] = 0;
    }
}

static void identifiers(void)
{
    char first[MF_ID_BYTES_MAX], second[MF_ID_BYTES_MAX];
    size_t letters_seen = 0;
    bool seen[256] = {false};
    mf_random_id("run_", first);
    for (int i = 0; i < 200; i++) {
        mf_random_id("run_", second);
        MF_CHECK_INT(strlen(second), 28);
        MF_CHECK(strncmp(second, "run_", 4) == 0);
        MF_CHECK(strcmp(first, second) != 0);
        MF_CHECK_INT(strspn(second + 4, "0123456789abcdefghijklmnopqrstuvwxyz"), 24);
        for (const char *at = second + 4; *at != '\0'; at++) {
            letters_seen += !seen[(uint8_t)*at];
            seen[(uint8_t)*at] = true;
        }
    }
    MF_CHECK_INT(letters_seen, 36);
}

static void random_bytes_fill_everything(void)
{
    uint8_t bytes[1000] = {0};
    size_t zeroes = 0;
    mf_random_bytes(bytes, 0);
    MF_CHECK_INT(bytes[0], 0);
    mf_random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        zeroes += bytes[i] == 0;
    }
    MF_CHECK(zeroes < 50);
}

static void clocks(void)
{
    uint64_t before = mf_clock_now_ns();
    uint64_t cpu_before = mf_clock_thread_cpu_ns();
    volatile uint64_t sum = 0;
    while (mf_clock_thread_cpu_ns() - cpu_before < 5 * MF_NS_PER_MS) {
        sum++;
    }
    MF_CHECK(mf_clock_now_ns() - before >= 5 * MF_NS_PER_MS);
    MF_CHECK(mf_clock_unix_ms() > UINT64_C(1700000000000));
}

static void memory(void)
{
    uint8_t *bytes = mf_try_alloc(32);
    MF_CHECK(bytes != NULL && bytes[0] == 0 && bytes[31] == 0);
    memset(bytes, 7, 32);
    mf_wipe(bytes, 31);
    for (int i = 0; i < 31; i++) {
        MF_CHECK_INT(bytes[i], 0);
    }
    MF_CHECK_INT(bytes[31], 7);
    mf_wipe(NULL, 0);
    mf_free(bytes);
    mf_free(NULL);
    bytes = mf_new(0);
    MF_CHECK(bytes != NULL);
    mf_free(bytes);
}

struct item {
    int number;
    struct mf_list link;
};

static void lists(void)
{
    struct mf_list list;
    struct item items[4] = {{0, {NULL, NULL}}, {1, {NULL, NULL}}, {2, {NULL, NULL}}, {3, {NULL, NULL}}};
    mf_list_init(&list);
    MF_CHECK(mf_list_is_empty(&list) && mf_list_pop_front(&list) == NULL);
    for (int i = 1; i < 4; i++) {
        mf_list_push_back(&list, &items[i].link);
    }
    mf_list_push_front(&list, &items[0].link);
    int expected = 0;
    MF_LIST_FOR_EACH(link, &list)
    {
        struct item *item = MF_CONTAINER_OF(link, struct item, link);
        MF_CHECK_INT(item->number, expected++);
        if (item->number == 1) {
            mf_list_remove(link);
            mf_list_remove(link);
        }
    }
    MF_CHECK_INT(expected, 4);
    MF_CHECK(mf_list_pop_front(&list) == &items[0].link);
    MF_CHECK(mf_list_pop_front(&list) == &items[2].link);
    MF_CHECK(mf_list_pop_front(&list) == &items[3].link);
    MF_CHECK(mf_list_is_empty(&list));
}

int main(void)
{
    MF_RUN(siphash_vector);
    MF_RUN(hash_depends_on_every_byte);
    MF_RUN(identifiers);
    MF_RUN(random_bytes_fill_everything);
    MF_RUN(clocks);
    MF_RUN(memory);
    MF_RUN(lists);
    return 0;
}
