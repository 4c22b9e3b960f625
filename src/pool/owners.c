/* owners.c - isolation by tenant: an executor that has had a run of one owner has no other's, as long as it lives.
 *
 *            the first run                     its last run is over; somebody else waits, or it was idle for long
 *   FRESH -----------------> somebody's own ---------------------------------------------------------------------> ends
 *   owner 0                  owner > 0         its tenure is over and somebody else waits: it takes no more runs
 *
 * One fresh one stands by in each domain. Who waits and has none gets the next place: an empty one, else that of the executor
 * which was idle for the longest time, else that of one of whoever has the most. None goes before MF_POOL_TENURE_MS, so that more
 * tenants than places do not spend all the time on starting processes. */
#include "internal.h"

static struct executor *executor_in(struct mf_pool *pool, unsigned domain, uint32_t index)
{
    return pool->slots[domain * pool->domain_slots + index].current;
}

static uint32_t count_of(struct mf_pool *pool, unsigned domain, uint64_t owner)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->domain_slots; i++) {
        const struct executor *executor = executor_in(pool, domain, i);
        count += executor && executor->owner == owner ? 1 : 0;
    }
    return count;
}

/* How many of those who wait have no executor; not more than there are places. */
static uint32_t count_homeless(struct mf_pool *pool, unsigned domain)
{
    uint64_t seen[MF_EXECUTORS_MAX];
    uint32_t count = 0;
    MF_LIST_FOR_EACH(link, &pool->domains[domain].waiting)
    {
        uint64_t owner = MF_CONTAINER_OF(link, struct mf_run, link)->spec.owner;
        bool is_seen = count_of(pool, domain, owner) > 0;
        for (uint32_t i = 0; i < count && !is_seen; i++) {
            is_seen = seen[i] == owner;
        }
        if (!is_seen) {
            seen[count++] = owner;
        }
        if (count == pool->domain_slots) {
            break;
        }
    }
    return count;
}

static uint32_t count_condemned(const struct mf_pool *pool)
{
    uint32_t count = 0;
    MF_LIST_FOR_EACH(link, &pool->executors)
    {
        const struct executor *executor = MF_CONTAINER_OF(link, struct executor, link);
        count += executor->state == MF_EXECUTOR_CONDEMNED ? 1 : 0;
    }
    return count;
}

/* ---- who makes way --------------------------------------------------------------------------- */

static bool may_go(const struct pool_slot *slot, uint64_t now_ns)
{
    const struct executor *executor = slot->current;
    return executor && !slot->next && executor->state == MF_EXECUTOR_READY && executor->owner != 0 &&
           now_ns - executor->claimed_ns >= slot->pool->times.tenure_ms * MF_NS_PER_MS;
}

/* The one that was idle for the longest time, and for at least |idle_ms|. */
static struct pool_slot *find_idle(struct mf_pool *pool, unsigned domain, uint64_t idle_ms, uint64_t now_ns)
{
    struct pool_slot *best = NULL;
    for (uint32_t i = 0; i < pool->domain_slots; i++) {
        struct pool_slot *slot = &pool->slots[domain * pool->domain_slots + i];
        if (!may_go(slot, now_ns) || slot->current->runs_count > 0 ||
            now_ns - slot->current->idle_ns < idle_ms * MF_NS_PER_MS) {
            continue;
        }
        if (!best || slot->current->idle_ns < best->current->idle_ns) {
            best = slot;
        }
    }
    return best;
}

/* Of whoever has the most, the one that was that owner's for the longest time. Its runs end in their own time: only as long as it
 * is not one condemned executor too many, which would be killed with them. */
static struct pool_slot *find_busy(struct mf_pool *pool, unsigned domain, uint64_t now_ns)
{
    struct pool_slot *best = NULL;
    uint32_t best_count = 0;
    if (count_condemned(pool) >= MF_EXECUTOR_CONDEMNED_MAX * pool->executors_count) {
        return NULL;
    }
    for (uint32_t i = 0; i < pool->domain_slots; i++) {
        struct pool_slot *slot = &pool->slots[domain * pool->domain_slots + i];
        if (!may_go(slot, now_ns)) {
            continue;
        }
        uint32_t count = count_of(pool, domain, slot->current->owner);
        if (!best || count > best_count ||
            (count == best_count && slot->current->claimed_ns < best->current->claimed_ns)) {
            best = slot;
            best_count = count;
        }
    }
    return best;
}

static void retire(struct pool_slot *slot, const char *why)
{
    struct executor *executor = slot->current;
    slot->was_filled = false; /* What comes is no restart. */
    slot->pool->retired++;
    mf__executor_condemn(executor, slot->pool->times.recycle_drain_ms, why);
}

static void on_way_timer(uv_timer_t *timer)
{
    struct mf_pool *pool = timer->data;
    pool->has_vacancy = true;
}

/* ---- who leaves a processor to others -------------------------------------------------------- */

static void set_processors(struct executor *executor)
{
    struct mf_pool *pool = executor->pool;
    bool is_confined = mf_map_get(pool->confined, executor->owner) != NULL;
    int error = mf_jail_set_processors(executor->pid, is_confined);
    if (error < 0 && error != -ESRCH && !pool->has_warned_of_processors) {
        pool->has_warned_of_processors = true;
        mf_log(MF_LOG_WARN, error, NULL,
               "executors cannot be kept from one of the processors: a flood of one tenant makes others slower");
    }
}

void mf_pool_confine(struct mf_pool *pool, uint64_t owner, bool is_confined)
{
    if (!pool->is_by_owner || is_confined == (mf_map_get(pool->confined, owner) != NULL)) {
        return;
    }
    if (!is_confined) {
        (void)mf_map_take(pool->confined, owner);
    } else if (mf_map_put(pool->confined, owner, pool) < 0) {
        return; /* No memory: it is only slower for others. */
    }
    MF_LIST_FOR_EACH(link, &pool->executors)
    {
        struct executor *executor = MF_CONTAINER_OF(link, struct executor, link);
        if (executor->owner == owner && executor->domain != MF_POOL_DOMAIN_MAKERS &&
            executor->state != MF_EXECUTOR_DYING) {
            set_processors(executor);
        }
    }
}

/* ---- the balance ----------------------------------------------------------------------------- */

void mf__owners_balance(struct mf_pool *pool, unsigned domain)
{
    uint64_t now_ns = mf_clock_now_ns();
    uint32_t homeless = count_homeless(pool, domain);
    uint32_t fresh = count_of(pool, domain, 0);
    uint32_t spare = pool->runs_total == 0 ? pool->executors_count : 1;
    spare =
        domain == MF_POOL_DOMAIN_MAKERS ? 0 : spare; /* A maker is started when there is something to make. */
    for (uint32_t i = 0; i < pool->domain_slots && fresh < homeless + spare; i++) {
        struct pool_slot *slot = &pool->slots[domain * pool->domain_slots + i];
        if (!slot->current && !uv_is_active((const uv_handle_t *)&slot->timer)) {
            mf__pool_fill(slot);
            fresh++;
        }
    }
    while (fresh < homeless) {
        struct pool_slot *slot = find_idle(pool, domain, 0, now_ns);
        slot = slot ? slot : find_busy(pool, domain, now_ns);
        if (!slot) {
            (void)uv_timer_start(&pool->way_timer, on_way_timer, pool->times.tenure_ms, 0);
            return;
        }
        retire(slot, "another tenant waits for its place");
        fresh++; /* Its place is filled in the same turn. */
    }
    struct pool_slot *slot =
        fresh < homeless + spare ? find_idle(pool, domain, pool->times.owner_idle_ms, now_ns) : NULL;
    if (slot) {
        retire(slot, "its tenant has had no run for a while");
    }
}

struct executor *mf__owners_pick(struct mf_pool *pool, unsigned domain, uint64_t owner)
{
    struct executor *best = NULL;
    struct executor *fresh = NULL;
    for (uint32_t i = 0; i < pool->domain_slots; i++) {
        struct executor *executor = executor_in(pool, domain, i);
        if (!executor || !mf__pool_has_room(executor)) {
            continue;
        }
        if (executor->owner == owner && (!best || mf__pool_cost(executor) < mf__pool_cost(best))) {
            best = executor;
        } else if (executor->owner == 0) {
            fresh = executor;
        }
    }
    /* Another process of its own only when those that it has are at work. */
    bool wants_more =
        !best || (mf__pool_cost(best) > 0 && count_of(pool, domain, owner) < pool->executors_count);
    return wants_more && fresh ? fresh : best;
}

void mf__owners_claim(struct executor *executor, uint64_t owner)
{
    if (executor->owner == 0 && mf__owners_are_apart(executor->pool, executor->domain)) {
        executor->owner = owner;
        executor->claimed_ns = mf_clock_now_ns();
        executor->pool->has_vacancy = true; /* A fresh one is to stand by. */
        if (mf_map_get(executor->pool->confined, owner) != NULL) {
            set_processors(executor);
        }
    }
    MF_ASSERT(executor->owner == owner); /* What all of this is for. */
}
