/* Pairs of bytes in a text: what is found sixteen places at a time is what is found one by one. */
#include "pairs.h"

#include "check.h"

static uint64_t state = 88172645463325252u;

static uint32_t next(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

/* Every place that either finds, from every beginning. */
static void compare(const struct mf__pairs *pairs, const uint8_t *text, size_t size)
{
    const uint8_t *end = text + size - 1;

    for (size_t begin = 0; begin < size; begin += 1 + next(40)) {
        const uint8_t *at = text + begin;
        while (at < end) {
            const uint8_t *slow = mf__pairs_find_slowly(pairs, at, end);
            MF_CHECK(mf__pairs_find(pairs, at, end) == slow);
            at = slow + 1;
        }
    }
}

static void finds_the_same_in_random_texts(void)
{
    for (unsigned round = 0; round < 200; round++) {
        struct mf__pairs pairs = {.first_low = {0}};
        uint32_t letters = 2 + next(round % 2 == 0 ? 6 : 254);
        size_t size = 2 + next(300);
        uint8_t *text = mf_new(size); /* Nothing behind it: ASan sees what is read there. */
        for (uint32_t count = next(60); count > 0; count--) {
            mf__pairs_add(&pairs, (uint8_t)next(letters), (uint8_t)next(letters));
        }
        if (round % 5 == 0) {
            for (unsigned second = 0; second < 256; second++) {
                mf__pairs_add(&pairs, '\\', (uint8_t)second);
            }
        }
        mf__pairs_compile(&pairs);
        for (size_t i = 0; i < size; i++) {
            text[i] = (uint8_t)(next(letters) + (next(50) == 0 ? 128 : 0));
        }
        compare(&pairs, text, size);
        mf_free(text);
    }
}

static void finds_one_at_every_place(void)
{
    struct mf__pairs pairs = {.first_low = {0}};
    uint8_t text[100];

    mf__pairs_add(&pairs, 0xff, 0x80);
    mf__pairs_compile(&pairs);
    for (size_t place = 0; place + 1 < sizeof text; place++) {
        memset(text, 0xff, sizeof text);
        text[place + 1] = 0x80;
        MF_CHECK(mf__pairs_find(&pairs, text, text + sizeof text - 1) == text + place);
        MF_CHECK(mf__pairs_find(&pairs, text, text + place) == text + place); /* Not before the end: none. */
    }
    memset(text, 0x80, sizeof text);
    MF_CHECK(mf__pairs_find(&pairs, text, text + sizeof text - 1) == text + sizeof text - 1);
}

int main(void)
{
    MF_RUN(finds_the_same_in_random_texts);
    MF_RUN(finds_one_at_every_place);
    return 0;
}
