/* The map against a plain array, with growth, its maximum, removal inside runs of neighbours. */
#include <mayfly/base.h>

#include "check.h"

static void puts_gets_takes(void)
{
    int a = 1, b = 2;
    struct mf_map *map = mf_map_new(10);
    MF_CHECK(mf_map_get(map, 1) == NULL);
    MF_CHECK(mf_map_take(map, 1) == NULL);
    MF_CHECK_INT(mf_map_put(map, 0, &a), 0);
    MF_CHECK_INT(mf_map_put(map, UINT64_MAX, &b), 0);
    MF_CHECK_INT(mf_map_put(map, 0, &b), MF_E_EXISTS);
    MF_CHECK(mf_map_get(map, 0) == &a);
    MF_CHECK(mf_map_get(map, UINT64_MAX) == &b);
    MF_CHECK_INT(mf_map_count(map), 2);
    MF_CHECK(mf_map_take(map, 0) == &a);
    MF_CHECK(mf_map_take(map, 0) == NULL);
    MF_CHECK_INT(mf_map_count(map), 1);
    mf_map_free(map);
    mf_map_free(NULL);
}

static void stops_at_its_maximum(void)
{
    int value;
    struct mf_map *map = mf_map_new(1000);
    for (uint64_t key = 0; key < 1000; key++) {
        MF_CHECK_INT(mf_map_put(map, key * 4096, &value), 0);
    }
    MF_CHECK_INT(mf_map_put(map, 1, &value), MF_E_TOO_MANY);
    MF_CHECK_INT(mf_map_put(map, 0, &value), MF_E_EXISTS);
    MF_CHECK(mf_map_take(map, 4096) == &value);
    MF_CHECK_INT(mf_map_put(map, 1, &value), 0);
    mf_map_free(map);
    map = mf_map_new(0);
    MF_CHECK_INT(mf_map_put(map, 1, &value), MF_E_TOO_MANY);
    mf_map_free(map);
}

/* 200,000 random steps beside an array that cannot be wrong. A small key space keeps the table dense. */
static void agrees_with_an_array(void)
{
    enum { KEYS = 700, STEPS = 200000 };
    static char cells[KEYS];
    static bool present[KEYS];
    size_t count = 0;
    struct mf_map *map = mf_map_new(KEYS);
    srand(1);
    for (int step = 0; step < STEPS; step++) {
        size_t key = (size_t)rand() % KEYS;
        bool is_putting = rand() % 3 != 0;
        if (is_putting) {
            MF_CHECK_INT(mf_map_put(map, key, &cells[key]), present[key] ? MF_E_EXISTS : 0);
            count += !present[key];
            present[key] = true;
        } else {
            MF_CHECK(mf_map_take(map, key) == (present[key] ? &cells[key] : NULL));
            count -= present[key];
            present[key] = false;
        }
        MF_CHECK_INT(mf_map_count(map), count);
        size_t other = (size_t)rand() % KEYS;
        MF_CHECK(mf_map_get(map, other) == (present[other] ? &cells[other] : NULL));
    }
    size_t cursor = 0, seen = 0;
    for (char *cell = mf_map_next(map, &cursor); cell != NULL; cell = mf_map_next(map, &cursor)) {
        MF_CHECK(present[cell - cells]);
        present[cell - cells] = false; /* Each comes once. */
        seen++;
    }
    MF_CHECK_INT(seen, count);
    MF_CHECK(mf_map_next(map, &cursor) == NULL);
    mf_map_free(map);
}

int main(void)
{
    MF_RUN(puts_gets_takes);
    MF_RUN(stops_at_its_maximum);
    MF_RUN(agrees_with_an_array);
    return 0;
}
