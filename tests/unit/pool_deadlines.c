/* The heap of deadlines against a plain search. */
#include "deadlines.h"

#include "check.h"

#define COUNT 500

static struct deadline items[COUNT];

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static const struct deadline *search(void)
{
    const struct deadline *best = NULL;
    for (size_t i = 0; i < COUNT; i++) {
        if (items[i].place != 0 && (!best || items[i].at_ns < best->at_ns)) {
            best = &items[i];
        }
    }
    return best;
}

static void first_is_the_least(void)
{
    struct deadlines deadlines = {0};
    uint64_t random = 1;
    size_t set = 0;
    for (int step = 0; step < 20000; step++) {
        struct deadline *item = &items[next_random(&random) % COUNT];
        bool was_set = item->place != 0;
        if (next_random(&random) % 3 == 0) {
            mf__deadlines_drop(&deadlines, item);
            set -= was_set;
        } else {
            MF_CHECK_INT(mf__deadlines_set(&deadlines, item, next_random(&random) % 1000), 0);
            set += !was_set;
        }
        MF_CHECK_INT(deadlines.count, set);
        const struct deadline *first = mf__deadlines_peek(&deadlines);
        const struct deadline *expected = search();
        MF_CHECK((first == NULL) == (expected == NULL));
        MF_CHECK(!first || first->at_ns == expected->at_ns);
    }
    uint64_t last_ns = 0;
    struct deadline *first;
    while ((first = mf__deadlines_peek(&deadlines))) {
        MF_CHECK(first->at_ns >= last_ns);
        last_ns = first->at_ns;
        mf__deadlines_drop(&deadlines, first);
        mf__deadlines_drop(&deadlines, first);
    }
    mf__deadlines_done(&deadlines);
}

int main(void)
{
    MF_RUN(first_is_the_least);
    return 0;
}
