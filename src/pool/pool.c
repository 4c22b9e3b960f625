/* pool.c - the slots, who gets the next run, and the turn: what is done once in each round of the loop, right before it
 * sleeps, so that no callback and no end of an executor happens in the middle of something else. */
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

/* ---- choosing ------------------------------------------------------------------------------- */

/* The fewest runs. An executor with an isolate standing by answers at once, and may have some more for that; not any
 * number, else a burst that empties one after the other would always find a single one to fall on. */
uint32_t mf__pool_cost(const struct executor *executor)
{
    return executor->runs_count + (executor->standby > 0 ? 0 : MF_POOL_STANDBY_WORTH_RUNS);
}

bool mf__pool_has_room(const struct executor *executor)
{
    return executor->state == MF_EXECUTOR_READY && executor->runs_count < executor->pool->runs_max &&
           !executor->refuses_runs;
}

struct executor *mf__pool_pick(struct mf_pool *pool, unsigned domain, uint64_t owner)
{
    struct executor *best = NULL;
    if (mf__owners_are_apart(pool, domain)) {
        return mf__owners_pick(pool, domain, owner);
    }
    for (uint32_t i = 0; i < pool->domain_slots; i++) {
        struct executor *executor = pool->slots[domain * pool->domain_slots + i].current;
        if (executor && mf__pool_has_room(executor) &&
            (!best || mf__pool_cost(executor) < mf__pool_cost(best))) {
            best = executor;
        }
    }
    return best;
}

static void start_waiting(struct mf_pool *pool)
{
    pool->has_room = false;
    for (unsigned i = 0; i < POOL_DOMAINS; i++) {
        struct pool_domain *domain = &pool->domains[i];
        MF_LIST_FOR_EACH(link, &domain->waiting)
        {
            struct mf_run *run = MF_CONTAINER_OF(link, struct mf_run, link);
            struct executor *executor = mf__pool_pick(pool, i, run->spec.owner);
            if (executor) {
                mf_list_remove(&run->link);
                domain->waiting_count--;
                mf__run_start(run, executor);
            } else if (!mf__owners_are_apart(pool, i)) {
                break; /* There is none for the others either. */
            }
        }
        pool->has_vacancy = pool->has_vacancy || (mf__owners_are_apart(pool, i) && domain->waiting_count > 0);
    }
}

static uint32_t count_waiting(const struct mf_pool *pool)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < POOL_DOMAINS; i++) {
        count += pool->domains[i].waiting_count;
    }
    return count;
}

/* ---- slots ---------------------------------------------------------------------------------- */

static void on_backoff_over(uv_timer_t *timer)
{
    struct pool_slot *slot = timer->data;
    slot->pool->has_vacancy = true;
}

static void back_off(struct pool_slot *slot)
{
    uint64_t next_ms = slot->backoff_ms == 0 ? slot->pool->times.backoff_ms_min : 2 * slot->backoff_ms;
    uint64_t most_ms = slot->pool->times.backoff_ms_max;
    slot->backoff_ms = next_ms < most_ms ? next_ms : most_ms;
    (void)uv_timer_start(&slot->timer, on_backoff_over, slot->backoff_ms, 0);
}

void mf__pool_vacate(struct executor *executor, bool is_crash)
{
    struct pool_slot *slot = executor->slot;
    struct mf_pool *pool = slot->pool;
    executor->slot = NULL;
    if (slot->next == executor) {
        slot->next = NULL;
    } else {
        MF_ASSERT(slot->current == executor);
        slot->current = slot->next;
        slot->next = NULL;
    }
    uint64_t lived_ms = (mf_clock_now_ns() - executor->spawned_ns) / MF_NS_PER_MS;
    if (!is_crash) {
        pool->has_vacancy = true;
    } else if (executor->was_ready && lived_ms >= pool->times.young_ms) {
        slot->backoff_ms = 0;
        pool->has_vacancy = true;
    } else {
        back_off(slot);
    }
    pool->is_state_new = true;
}

/* A spawn that failed counts as a crash of what never was. */
static void fill_slot(struct mf_pool *pool, struct pool_slot *slot, struct executor **place)
{
    char why[MF_JAIL_WHY_BYTES_MAX] = "";
    int error = mf__executor_spawn(pool, slot, place, why);
    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "no executor could be started: %s", why);
        mf__pool_note_crash(pool, error, why);
        back_off(slot);
        return;
    }
    pool->restarts += slot->was_filled ? 1 : 0;
    slot->was_filled = true;
    pool->is_state_new = true;
}

void mf__pool_want(struct mf_pool *pool, unsigned domain)
{
    if (!pool->domains[domain].is_wanted) {
        pool->domains[domain].is_wanted = true;
        pool->has_vacancy = true;
    }
}

void mf__pool_fill(struct pool_slot *slot)
{
    fill_slot(slot->pool, slot, &slot->current);
}

static void fill_vacancies(struct mf_pool *pool)
{
    pool->has_vacancy = false;
    for (unsigned i = 0; i < POOL_DOMAINS; i++) {
        if (mf__owners_are_apart(pool, i) && pool->domains[i].is_wanted && !pool->has_failed &&
            !pool->is_closing) {
            mf__owners_balance(pool, i);
        }
    }
    for (uint32_t i = 0; i < pool->slots_count && !pool->has_failed && !pool->is_closing; i++) {
        struct pool_slot *slot = &pool->slots[i];
        if (!mf__owners_are_apart(pool, slot->domain) && pool->domains[slot->domain].is_wanted &&
            !slot->current && !uv_is_active((const uv_handle_t *)&slot->timer)) {
            fill_slot(pool, slot, &slot->current);
        }
    }
}

void mf__pool_executor_ready(struct executor *executor)
{
    struct pool_slot *slot = executor->slot;
    struct mf_pool *pool = slot->pool;
    struct executor *elder = slot->current;
    executor->state = MF_EXECUTOR_READY;
    executor->was_ready = true;
    (void)uv_timer_stop(&executor->timer);
    if (slot->next == executor) {
        /* mf__pool_vacate moves |next| up. Its runs are bounded by their own wall limits. */
        pool->recycled++;
        mf__executor_condemn(elder, pool->times.recycle_drain_ms, "a fresh one takes its place");
    }
    if (!pool->is_started) {
        pool->is_started = true;
        pool->is_start_due = true;
    }
    pool->has_room = true;
    pool->is_state_new = true;
}

void mf__pool_note_crash(struct mf_pool *pool, int error, const char *why)
{
    (void)snprintf(pool->why, sizeof pool->why, "%s", why);
    pool->crash_times_ns[pool->crashes % MF_EXECUTOR_CRASHES_MAX] = mf_clock_now_ns();
    pool->crashes++;
    pool->is_state_new = true;
    if (!pool->is_started && !pool->is_closing) {
        pool->is_started = true;
        pool->is_start_due = true;
        pool->has_failed = true;
        pool->start_error = error;
    }
}

void mf__pool_trim_condemned(struct mf_pool *pool)
{
    struct executor *eldest = NULL;
    uint32_t count = 0;
    MF_LIST_FOR_EACH(link, &pool->executors)
    {
        struct executor *executor = MF_CONTAINER_OF(link, struct executor, link);
        if (executor->state == MF_EXECUTOR_CONDEMNED) {
            eldest = eldest ? eldest : executor;
            count++;
        }
    }
    if (count > MF_EXECUTOR_CONDEMNED_MAX * pool->executors_count) {
        mf_log(MF_LOG_WARN, 0, NULL, "executor %d is killed: too many are condemned", (int)eldest->pid);
        eldest->is_asked_to_end = true;
        mf__executor_kill(eldest, MF_E_EXECUTOR_LOST, NULL);
    }
}

/* ---- recycling ------------------------------------------------------------------------------ */

/* Memory that its runs do not explain is a leak or a fragmented heap. */
static bool is_worn(const struct mf_pool *pool, const struct executor *executor)
{
    uint64_t bound = pool->memory_bytes_max / 100 * MF_EXECUTOR_RECYCLE_MEMORY_PERCENT;
    uint64_t explained = executor->runs_count * pool->run_memory_bytes;
    return executor->runs_total >= pool->recycle_runs || executor->rss_bytes > bound + explained;
}

static void on_look(uv_timer_t *timer)
{
    struct mf_pool *pool = timer->data;
    pool->has_vacancy = pool->has_vacancy || pool->is_by_owner; /* Who was idle for long makes way. */
    for (uint32_t i = 0; i < pool->slots_count && !pool->has_failed && !pool->is_closing; i++) {
        struct pool_slot *slot = &pool->slots[i];
        struct executor *executor = slot->current;
        if (!executor || executor->state != MF_EXECUTOR_READY) {
            continue;
        }
        mf__executor_look(executor);
        bool may = !slot->next && !uv_is_active((const uv_handle_t *)&slot->timer) && !pool->is_draining;
        if (may && is_worn(pool, executor)) {
            mf_log(MF_LOG_INFO, 0, NULL, "executor %d is recycled after %llu runs at %llu MiB",
                   (int)executor->pid, (unsigned long long)executor->runs_total,
                   (unsigned long long)(executor->rss_bytes >> 20));
            fill_slot(pool, slot, &slot->next);
        }
    }
}

/* ---- the turn ------------------------------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer)
{
    struct mf_pool *pool = timer->data;
    uint64_t now_ns = mf_clock_now_ns();
    struct deadline *deadline;
    pool->armed_ns = MF_DEADLINE_NEVER;
    while ((deadline = mf__deadlines_peek(&pool->deadlines)) && deadline->at_ns <= now_ns) {
        mf__run_on_deadline(MF_CONTAINER_OF(deadline, struct mf_run, deadline));
    }
}

static void arm_deadline(struct mf_pool *pool)
{
    const struct deadline *deadline = mf__deadlines_peek(&pool->deadlines);
    uint64_t at_ns = deadline ? deadline->at_ns : MF_DEADLINE_NEVER;
    if (at_ns == pool->armed_ns) {
        return;
    }
    pool->armed_ns = at_ns;
    if (at_ns == MF_DEADLINE_NEVER) {
        (void)uv_timer_stop(&pool->deadline_timer);
        return;
    }
    uint64_t now_ns = mf_clock_now_ns();
    uint64_t wait_ms = at_ns > now_ns ? (at_ns - now_ns + MF_NS_PER_MS - 1) / MF_NS_PER_MS : 0;
    (void)uv_timer_start(&pool->deadline_timer, on_deadline, wait_ms, 0);
}

/* Runs that were started since the last turn hear that they may send their request's body. */
static void offer_credit(struct mf_pool *pool)
{
    struct mf_list *link;
    while ((link = mf_list_pop_front(&pool->beginners))) {
        mf__run_offer_credit(MF_CONTAINER_OF(link, struct mf_run, beginner_link));
    }
}

static void tell_owner(struct mf_pool *pool)
{
    if (pool->is_start_due) {
        pool->is_start_due = false;
        pool->on_started(pool->user, pool->start_error, pool->why);
    }
    if (pool->is_state_new) {
        pool->is_state_new = false;
        if (pool->on_state) {
            pool->on_state(pool->user);
        }
    }
    if (pool->is_draining && pool->runs_count == 0 && pool->on_drained) {
        void (*on_drained)(void *user) = pool->on_drained;
        pool->on_drained = NULL;
        on_drained(pool->drained_user);
    }
}

/* Every run ends, every executor dies; those that are dying already are left to it. */
static void end_all(struct mf_pool *pool)
{
    for (unsigned i = 0; i < POOL_DOMAINS; i++) {
        MF_LIST_FOR_EACH(link, &pool->domains[i].waiting)
        {
            mf__run_fail(MF_CONTAINER_OF(link, struct mf_run, link), MF_E_CLOSED);
        }
    }
    MF_LIST_FOR_EACH(link, &pool->executors)
    {
        struct executor *executor = MF_CONTAINER_OF(link, struct executor, link);
        executor->is_asked_to_end = true;
        mf__executor_kill(executor, MF_E_CLOSED, NULL);
    }
}

static bool has_work(const struct mf_pool *pool)
{
    return !mf_list_is_empty(&pool->over) || !mf_list_is_empty(&pool->beginners) || pool->is_start_due ||
           pool->is_state_new || pool->has_vacancy || (pool->has_room && count_waiting(pool) > 0) ||
           (pool->is_closing && !pool->is_ended);
}

static void close_when_empty(struct mf_pool *pool);

static void on_splice_due(uv_timer_t *timer)
{
    (void)timer; /* The loop does not sleep, that is all. */
}

/* They were told once in this turn: a fetch that always has more must not hold up the others. */
static void come_back_for_spliced(struct mf_pool *pool)
{
    if (!mf_list_is_empty(&pool->spliced)) {
        (void)uv_timer_start(&pool->splice_timer, on_splice_due, 0, 0);
    }
}

/* Callbacks may bring new work of any kind, so all of it is looked at until there is none. */
static void on_turn(uv_prepare_t *prepare)
{
    struct mf_pool *pool = prepare->data;
    mf__splice_tell(pool);
    do {
        if (pool->is_closing && !pool->is_ended) {
            pool->is_ended = true;
            end_all(pool);
        }
        mf__run_tell_over(pool);
        offer_credit(pool);
        if (pool->has_vacancy) {
            fill_vacancies(pool);
        }
        if (pool->has_room) {
            start_waiting(pool);
        }
        tell_owner(pool);
    } while (has_work(pool));
    come_back_for_spliced(pool);
    struct mf_list *link;
    while ((link = mf_list_pop_front(&pool->dirty))) {
        struct executor *executor = MF_CONTAINER_OF(link, struct executor, dirty);
        if (!executor->waits_for_room) {
            mf__channel_flush(executor);
        }
    }
    arm_deadline(pool);
    if (pool->is_ended) {
        close_when_empty(pool);
    }
}

/* ---- open, drain, close --------------------------------------------------------------------- */

/* "<folder of the running program>/mayfly-executor" */
static char *default_executor_path(void)
{
    static const char name[] = "mayfly-executor";
    char path[4096 + sizeof name];
    ssize_t size = readlink("/proc/self/exe", path, 4096);
    while (size > 0 && path[size - 1] != '/') {
        size--;
    }
    size_t folder = size > 0 ? (size_t)size : 0;
    char *text = mf_new(folder + sizeof name);
    memcpy(text, path, folder);
    memcpy(text + folder, name, sizeof name);
    return text;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mf_new(size);
    memcpy(copy, text, size);
    return copy;
}

static const struct pool_times times = {
    .start_ms = MF_EXECUTOR_START_MS_MAX,
    .start_wait_ms = MF_POOL_START_WAIT_MS,
    .cancel_grace_ms = MF_RUN_CANCEL_GRACE_MS,
    .drain_ms = MF_EXECUTOR_DRAIN_MS_MAX,
    .recycle_drain_ms = MF_RUN_WALL_MS_MAX + MF_RUN_CANCEL_GRACE_MS,
    .stuck_ms = MF_EXECUTOR_STUCK_MS_MAX,
    .exit_ms = MF_EXECUTOR_EXIT_MS_MAX,
    .young_ms = MF_EXECUTOR_YOUNG_MS,
    .tenure_ms = MF_POOL_TENURE_MS,
    .owner_idle_ms = MF_POOL_OWNER_IDLE_MS,
    .backoff_ms_min = MF_EXECUTOR_BACKOFF_MS_MIN,
    .backoff_ms_max = MF_EXECUTOR_BACKOFF_MS_MAX,
};

static struct mf_pool *new_pool(uv_loop_t *loop, const struct mf_pool_options *options)
{
    const struct mf_config *config = options->config;
    struct mf_pool *pool = mf_new(sizeof *pool);
    pool->loop = loop;
    pool->times = times;
    pool->on_started = options->on_started;
    pool->on_state = options->on_state;
    pool->user = options->user;
    pool->executor_path = config->executor_path ? copy_text(config->executor_path) : default_executor_path();
    pool->v8_flags = config->v8_flags ? copy_text(config->v8_flags) : NULL;
    pool->executors_count = config->executors_count;
    pool->is_by_owner = config->isolation == MF_ISOLATION_TENANT;
    pool->domain_slots = pool->is_by_owner && config->executors_total > config->executors_count
                             ? config->executors_total
                             : config->executors_count;
    pool->runs_max = config->executor_runs_max;
    pool->threads_max = config->executor_threads_max;
    pool->standby_count = config->executor_standby_count;
    pool->recycle_runs = config->executor_recycle_runs;
    pool->memory_bytes_max = config->executor_memory_bytes_max;
    pool->heap_bytes_max = config->memory_mb.max << 20;
    pool->run_memory_bytes = config->memory_mb.standard << 20;
    pool->layers = config->jail_layers;
    pool->layers_required = config->jail_layers_required;
    pool->outer_uid = config->jail_uid;
    pool->outer_gid = config->jail_gid;
    pool->is_jitless = config->is_jitless;
    pool->armed_ns = MF_DEADLINE_NEVER;
    pool->has_vacancy = true;
    pool->slots_count = pool->domain_slots * POOL_DOMAINS;
    pool->slots = mf_new(pool->slots_count * sizeof *pool->slots);
    for (uint32_t i = 0; i < pool->slots_count; i++) {
        pool->slots[i].pool = pool;
        pool->slots[i].domain = i / pool->domain_slots;
    }
    for (unsigned i = 0; i < POOL_DOMAINS; i++) {
        mf_list_init(&pool->domains[i].waiting);
    }
    pool->domains[0].is_wanted = true;
    pool->confined = mf_map_new(SIZE_MAX); /* As many as there are tenants at most. */
    mf_list_init(&pool->executors);
    mf_list_init(&pool->dirty);
    mf_list_init(&pool->beginners);
    mf_list_init(&pool->spliced);
    mf_list_init(&pool->over);
    return pool;
}

static void free_pool(struct mf_pool *pool)
{
    mf__deadlines_done(&pool->deadlines);
    mf_map_free(pool->confined);
    mf_free(pool->slots);
    mf_free(pool->executor_path);
    mf_free(pool->v8_flags);
    mf_free(pool);
}

static void open_handles(struct mf_pool *pool)
{
    (void)uv_prepare_init(pool->loop, &pool->turn);
    pool->turn.data = pool;
    (void)uv_prepare_start(&pool->turn, on_turn);
    (void)uv_timer_init(pool->loop, &pool->deadline_timer);
    pool->deadline_timer.data = pool;
    (void)uv_timer_init(pool->loop, &pool->splice_timer);
    pool->splice_timer.data = pool;
    (void)uv_timer_init(pool->loop, &pool->way_timer);
    pool->way_timer.data = pool;
    (void)uv_timer_init(pool->loop, &pool->look_timer);
    pool->look_timer.data = pool;
    (void)uv_timer_start(&pool->look_timer, on_look, MF_EXECUTOR_LOOK_MS, MF_EXECUTOR_LOOK_MS);
    for (uint32_t i = 0; i < pool->slots_count; i++) {
        (void)uv_timer_init(pool->loop, &pool->slots[i].timer);
        pool->slots[i].timer.data = &pool->slots[i];
    }
    pool->handles_open = 5 + pool->slots_count;
}

int mf_pool_open(uv_loop_t *loop,
                 const struct mf_pool_options *options,
                 struct mf_pool **ret_pool,
                 char *ret_why)
{
    struct mf_pool *pool = new_pool(loop, options);
    struct pool_slot *first = &pool->slots[0];
    ret_why[0] = 0;
    /* The first one before there is anything to close: what is wrong with the machine or the config shows here. */
    int error = mf__executor_spawn(pool, first, &first->current, ret_why);
    if (error < 0) {
        free_pool(pool);
        return error;
    }
    first->was_filled = true;
    open_handles(pool);
    *ret_pool = pool;
    return 0;
}

void mf_pool_drain(struct mf_pool *pool, void (*on_drained)(void *user), void *user)
{
    pool->is_draining = true;
    pool->on_drained = on_drained;
    pool->drained_user = user;
    pool->is_state_new = true;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct mf_pool *pool = handle->data;
    if (--pool->handles_open > 0) {
        return;
    }
    void (*on_closed)(void *user) = pool->on_closed;
    void *user = pool->closed_user;
    free_pool(pool);
    if (on_closed) {
        on_closed(user);
    }
}

static void on_slot_closed(uv_handle_t *handle)
{
    struct pool_slot *slot = handle->data;
    handle->data = slot->pool;
    on_handle_closed(handle);
}

static void close_when_empty(struct mf_pool *pool)
{
    if (!mf_list_is_empty(&pool->executors) || pool->runs_count > 0 ||
        uv_is_closing((uv_handle_t *)&pool->turn)) {
        return;
    }
    uv_close((uv_handle_t *)&pool->turn, on_handle_closed);
    uv_close((uv_handle_t *)&pool->deadline_timer, on_handle_closed);
    uv_close((uv_handle_t *)&pool->splice_timer, on_handle_closed);
    uv_close((uv_handle_t *)&pool->look_timer, on_handle_closed);
    uv_close((uv_handle_t *)&pool->way_timer, on_handle_closed);
    for (uint32_t i = 0; i < pool->slots_count; i++) {
        uv_close((uv_handle_t *)&pool->slots[i].timer, on_slot_closed);
    }
}

void mf_pool_close(struct mf_pool *pool, void (*on_closed)(void *user), void *user)
{
    pool->is_closing = true;
    pool->on_closed = on_closed;
    pool->closed_user = user;
    pool->on_drained = NULL;
    pool->on_state = NULL;
    pool->is_started = true;
    pool->is_start_due = false;
}

void mf__pool_executor_gone(struct mf_pool *pool)
{
    pool->is_state_new = true;
}

/* ---- what is known -------------------------------------------------------------------------- */

static bool is_degraded(const struct mf_pool *pool)
{
    if (pool->crashes < MF_EXECUTOR_CRASHES_MAX) {
        return pool->has_failed;
    }
    uint64_t eldest_ns = pool->crash_times_ns[pool->crashes % MF_EXECUTOR_CRASHES_MAX];
    return mf_clock_now_ns() - eldest_ns < MF_EXECUTOR_CRASH_WINDOW_MS * MF_NS_PER_MS;
}

void mf_pool_state(const struct mf_pool *pool, struct mf_pool_state *ret_state)
{
    memset(ret_state, 0, sizeof *ret_state);
    ret_state->executors_wanted = pool->executors_count;
    ret_state->layers = MF_JAIL_ALL;
    MF_LIST_FOR_EACH(link, &pool->executors)
    {
        const struct executor *executor = MF_CONTAINER_OF(link, struct executor, link);
        ret_state->runs += executor->runs_count;
        if (executor->state == MF_EXECUTOR_READY) {
            ret_state->executors_ready += executor->domain == 0 ? 1 : 0;
            ret_state->layers &= executor->layers;
        }
    }
    if (ret_state->executors_ready == 0) {
        ret_state->layers = 0;
    }
    ret_state->runs_waiting = count_waiting(pool);
    ret_state->runs_total = pool->runs_total;
    ret_state->restarts = pool->restarts;
    ret_state->crashes = pool->crashes;
    ret_state->attacks = pool->attacks;
    ret_state->recycled = pool->recycled;
    ret_state->retired = pool->retired;
    ret_state->is_degraded = is_degraded(pool);
    ret_state->is_draining = pool->is_draining;
    memcpy(ret_state->v8_version, pool->v8_version, sizeof ret_state->v8_version);
    memcpy(ret_state->why, pool->why, sizeof ret_state->why);
}

bool mf_pool_executor(const struct mf_pool *pool, size_t index, struct mf_executor_info *ret_info)
{
    MF_LIST_FOR_EACH(link, &pool->executors)
    {
        if (index-- > 0) {
            continue;
        }
        const struct executor *executor = MF_CONTAINER_OF(link, struct executor, link);
        ret_info->pid = executor->pid;
        ret_info->domain = executor->domain;
        ret_info->owner = executor->owner;
        ret_info->state = executor->state;
        ret_info->runs = executor->runs_count;
        ret_info->standby = executor->standby;
        ret_info->layers = executor->layers;
        ret_info->runs_total = executor->runs_total;
        ret_info->rss_bytes = executor->rss_bytes;
        ret_info->age_ms = (mf_clock_now_ns() - executor->spawned_ns) / MF_NS_PER_MS;
        return true;
    }
    return false;
}
