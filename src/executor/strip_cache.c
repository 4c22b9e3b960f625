/* strip_cache.c - see strip_cache.h. */
#include "strip_cache.h"

#define ENTRIES_MAX 65536 /* entries: many tiny modules; each costs about 100 bytes beyond its text */

static size_t cost_of(const struct mf_stripped *stripped)
{
    return sizeof(*stripped) + stripped->key.size + stripped->text.size + stripped->mappings.size;
}

/* name NUL source: a name has no NUL, so that no two pairs are the same bytes. Hashed piecewise. */
static uint64_t hash_of(struct mf_slice name, struct mf_slice source)
{
    uint64_t parts[2] = {mf_hash(name), mf_hash(source)};

    return mf_hash(mf_slice_of(parts, sizeof(parts)));
}

static bool is_of(const struct mf_stripped *stripped, struct mf_slice name, struct mf_slice source)
{
    const uint8_t *key = stripped->key.data;

    return stripped->key.size == name.size + 1 + source.size &&
           mf_slice_equal(mf_slice_of(key, name.size), name) && key[name.size] == 0 &&
           mf_slice_equal(mf_slice_of(key + name.size + 1, source.size), source);
}

void mf_strip_cache_init(struct mf_strip_cache *cache)
{
    cache->by_hash = mf_map_new(ENTRIES_MAX);
    cache->bytes = 0;
    mf_list_init(&cache->uses);
    MF_ASSERT(pthread_mutex_init(&cache->mutex, NULL) == 0);
}

/* Locked. */
static void unref(struct mf_stripped *stripped)
{
    MF_ASSERT(stripped->refs > 0);
    if (--stripped->refs == 0) {
        mf_free(stripped);
    }
}

/* Locked. The runs that use it keep it. */
static void evict(struct mf_strip_cache *cache, struct mf_stripped *stripped)
{
    mf_list_remove(&stripped->list);
    mf_map_take(cache->by_hash, stripped->hash);
    cache->bytes -= cost_of(stripped);
    unref(stripped);
}

static void evict_oldest(struct mf_strip_cache *cache)
{
    evict(cache, MF_CONTAINER_OF(cache->uses.next, struct mf_stripped, list));
}

void mf_strip_cache_done(struct mf_strip_cache *cache)
{
    while (!mf_list_is_empty(&cache->uses)) {
        evict_oldest(cache);
    }
    mf_map_free(cache->by_hash);
    pthread_mutex_destroy(&cache->mutex);
}

struct mf_stripped *
mf_strip_cache_get(struct mf_strip_cache *cache, struct mf_slice name, struct mf_slice source)
{
    uint64_t hash = hash_of(name, source);
    struct mf_stripped *stripped;

    pthread_mutex_lock(&cache->mutex);
    stripped = mf_map_get(cache->by_hash, hash);
    if (stripped != NULL && !is_of(stripped, name, source)) {
        stripped = NULL;
    }
    if (stripped != NULL) {
        stripped->refs++;
        mf_list_remove(&stripped->list);
        mf_list_push_back(&cache->uses, &stripped->list);
    }
    pthread_mutex_unlock(&cache->mutex);
    return stripped;
}

static struct mf_stripped *
new_stripped(struct mf_slice name, struct mf_slice source, struct mf_slice text, struct mf_slice mappings)
{
    size_t key_bytes = name.size + 1 + source.size;
    struct mf_stripped *stripped = mf_try_alloc(sizeof(*stripped) + key_bytes + text.size + mappings.size);
    uint8_t *at;

    if (stripped == NULL) {
        return NULL;
    }
    at = stripped->bytes;
    memcpy(at, name.data, name.size);
    if (source.size > 0) {
        memcpy(at + name.size + 1, source.data, source.size);
    }
    if (text.size > 0) {
        memcpy(at + key_bytes, text.data, text.size);
    }
    if (mappings.size > 0) {
        memcpy(at + key_bytes + text.size, mappings.data, mappings.size);
    }
    mf_list_init(&stripped->list);
    stripped->key = mf_slice_of(at, key_bytes);
    stripped->text = mf_slice_of(at + key_bytes, text.size);
    stripped->mappings = mf_slice_of(at + key_bytes + text.size, mappings.size);
    stripped->hash = hash_of(name, source);
    stripped->refs = 1;
    return stripped;
}

/* Locked. */
static void keep(struct mf_strip_cache *cache, struct mf_stripped *stripped)
{
    struct mf_stripped *other = mf_map_get(cache->by_hash, stripped->hash);

    if (other != NULL) {
        evict(cache, other);
    }
    while (!mf_list_is_empty(&cache->uses) &&
           (cache->bytes + cost_of(stripped) > MF_TYPESCRIPT_CACHE_BYTES_MAX ||
            mf_map_count(cache->by_hash) >= ENTRIES_MAX)) {
        evict_oldest(cache);
    }
    if (mf_map_put(cache->by_hash, stripped->hash, stripped) == 0) {
        mf_list_push_back(&cache->uses, &stripped->list);
        cache->bytes += cost_of(stripped);
        stripped->refs++;
    }
}

struct mf_stripped *mf_strip_cache_put(struct mf_strip_cache *cache,
                                       struct mf_slice name,
                                       struct mf_slice source,
                                       struct mf_slice text,
                                       struct mf_slice mappings)
{
    struct mf_stripped *stripped = new_stripped(name, source, text, mappings);

    if (stripped == NULL) {
        return NULL;
    }
    stripped->cache = cache;
    /* One that would push out half of the others is not worth it. */
    if (cost_of(stripped) <= MF_TYPESCRIPT_CACHE_BYTES_MAX / 2) {
        pthread_mutex_lock(&cache->mutex);
        keep(cache, stripped);
        pthread_mutex_unlock(&cache->mutex);
    }
    return stripped;
}

void mf_stripped_unref(struct mf_stripped *stripped)
{
    struct mf_strip_cache *cache = stripped->cache;

    pthread_mutex_lock(&cache->mutex);
    unref(stripped);
    pthread_mutex_unlock(&cache->mutex);
}
