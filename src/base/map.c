/* map.c - number -> pointer: open addressing, linear probing, removal by shifting back (no tombstones).
 *
 * Keys may come from a peer (stream numbers), so their places depend on the process's secret hash key.
 */
#include <mayfly/base.h>

#include <stdlib.h>

#define CAPACITY_FIRST 16u

struct slot {
    uint64_t key;
    void *value; /* NULL: the slot is free. */
};

struct mf_map {
    struct slot *slots;
    size_t capacity; /* A power of two, or 0 before the first put. */
    size_t count;
    size_t count_max;
};

struct mf_map *mf_map_new(size_t count_max)
{
    struct mf_map *map = mf_new(sizeof(*map));
    map->count_max = count_max;
    return map;
}

void mf_map_free(struct mf_map *map)
{
    if (map != NULL) {
        free(map->slots);
        free(map);
    }
}

static size_t home_of(uint64_t key, size_t capacity)
{
    return (size_t)mf_hash(mf_slice_of(&key, sizeof(key))) & (capacity - 1);
}

/* The slot of |key|, or the free one where it would go. There is always a free one: load stays at or below
 * 3/4. */
static struct slot *slot_find(struct slot *slots, size_t capacity, uint64_t key)
{
    size_t at = home_of(key, capacity);
    while (slots[at].value != NULL && slots[at].key != key) {
        at = (at + 1) & (capacity - 1);
    }
    return &slots[at];
}

static int map_grow(struct mf_map *map)
{
    size_t capacity = map->capacity == 0 ? CAPACITY_FIRST : map->capacity * 2;
    struct slot *slots = calloc(capacity, sizeof(*slots));
    if (slots == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].value != NULL) {
            *slot_find(slots, capacity, map->slots[i].key) = map->slots[i];
        }
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    return 0;
}

int mf_map_put(struct mf_map *map, uint64_t key, void *value)
{
    MF_ASSERT(value != NULL);
    if (mf_map_get(map, key) != NULL) {
        return MF_E_EXISTS;
    }
    if (map->count >= map->count_max) {
        return MF_E_TOO_MANY;
    }
    if (map->count + 1 > map->capacity / 4 * 3) {
        int error = map_grow(map);
        if (error < 0) {
            return error;
        }
    }
    *slot_find(map->slots, map->capacity, key) = (struct slot){key, value};
    map->count++;
    return 0;
}

void *mf_map_get(const struct mf_map *map, uint64_t key)
{
    return map->capacity == 0 ? NULL : slot_find(map->slots, map->capacity, key)->value;
}

void *mf_map_take(struct mf_map *map, uint64_t key)
{
    if (map->capacity == 0) {
        return NULL;
    }
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(slot_find(map->slots, map->capacity, key) - map->slots);
    void *value = map->slots[hole].value;
    if (value == NULL) {
        return NULL;
    }
    /* What stands behind the hole and may stand in it moves there, until a free slot ends the run. */
    for (size_t at = (hole + 1) & mask; map->slots[at].value != NULL; at = (at + 1) & mask) {
        size_t home = home_of(map->slots[at].key, map->capacity);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct slot){0, NULL};
    map->count--;
    return value;
}

size_t mf_map_count(const struct mf_map *map)
{
    return map->count;
}

void *mf_map_next(const struct mf_map *map, size_t *cursor)
{
    while (*cursor < map->capacity) {
        void *value = map->slots[(*cursor)++].value;
        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}
