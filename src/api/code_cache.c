#include "code_cache.h"

#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "request.h"

#define OWNER_FIRST (UINT64_C(1) << 63) /* Each maker is an owner of its own; tenants are counted from 1. */
#define ROOM_BYTES 4194304              /* Of a bundle, for env, props and the head of a request. */

/* Of one code: that something is made of it, or that what there is goes. */
struct task {
    struct mf_store_job job;
    struct mf__code_caches *caches;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    char hash[MF__WORKER_HASH_BYTES];
    char build[MF__CODE_CACHE_BUILD_BYTES];
    struct mf_buf parts;
};

struct mf__code_caches {
    struct mf_api *api;
    struct task *making; /* One at a time. */
    uint64_t began_ns;
    uint64_t next_ns;
    uint64_t owner_last;
    size_t jobs;
    struct mf__code_caches_state state;
};

MF_OWN struct mf__code_caches *mf__code_caches_new(struct mf_api *api)
{
    struct mf__code_caches *caches = mf_new(sizeof *caches);

    caches->api = api;
    caches->owner_last = OWNER_FIRST;
    return caches;
}

void mf__code_caches_free(MF_OWN struct mf__code_caches *caches)
{
    MF_ASSERT(caches == NULL || (caches->making == NULL && caches->jobs == 0));
    mf_free(caches);
}

void mf__code_caches_state(const struct mf__code_caches *caches, struct mf__code_caches_state *ret_state)
{
    *ret_state = caches->state;
}

void mf__code_cache_build(const struct mf_api *api, char ret_build[MF__CODE_CACHE_BUILD_BYTES])
{
    struct mf_pool_state state;
    const char *flags = api->config->v8_flags;
    uint64_t hash = 0;

    mf_pool_state(api->pool, &state);
    for (const char *at = flags; at != NULL && *at != '\0'; at++) {
        hash = hash * 31 + (uint8_t)*at; /* V8 compares them itself. */
    }
    (void)snprintf(ret_build, MF__CODE_CACHE_BUILD_BYTES, "mayfly %s v8 %s flags %016llx%s", MF_VERSION,
                   state.v8_version, (unsigned long long)hash, api->config->is_jitless ? " jitless" : "");
}

/* ---- what is kept -------------------------------------------------------------------------------------- */

/* Each with its size before it: no two rows are the same bytes. */
static bool digest(const struct mf_store_code_cache *row, uint8_t ret_digest[SHA256_DIGEST_LENGTH])
{
    const struct mf_slice fields[] = {mf_slice_of_cstr("mayfly code cache"), row->tenant, row->hash,
                                      row->build, row->parts};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_fine = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; is_fine && i < MF_COUNT_OF(fields); i++) {
        uint64_t size = fields[i].size;
        is_fine = EVP_DigestUpdate(context, &size, sizeof size) == 1 &&
                  EVP_DigestUpdate(context, fields[i].data, fields[i].size) == 1;
    }
    is_fine = is_fine && EVP_DigestFinal_ex(context, ret_digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return is_fine;
}

bool mf__code_cache_is_whole(const struct mf_store_code_cache *row)
{
    uint8_t wanted[SHA256_DIGEST_LENGTH];

    return row->digest.size == sizeof wanted && row->parts.size <= MF_CODE_CACHE_BYTES_MAX &&
           digest(row, wanted) && CRYPTO_memcmp(row->digest.data, wanted, sizeof wanted) == 0;
}

static bool has_module(struct mf_slice bundle, struct mf_slice name)
{
    struct mf_part part;
    size_t cursor = 0;

    while (mf_bundle_next(bundle, &cursor, &part) > 0) {
        if (part.kind == MF_PART_ESM && mf_slice_equal(part.name, name)) {
            return true;
        }
    }
    return false;
}

bool mf__code_cache_fits(struct mf_slice bundle, struct mf_slice parts)
{
    struct mf_part part;
    size_t cursor = 0;
    size_t count = 0;
    int rc;

    while ((rc = mf_bundle_next(parts, &cursor, &part)) > 0) {
        count++;
        if (part.kind != MF_PART_CACHE || part.body.size == 0 || count > MF_MODULES_COUNT_MAX ||
            !has_module(bundle, part.name)) {
            return false;
        }
    }
    return rc == 0 && count > 0 && bundle.size + parts.size <= MF_BUNDLE_BYTES_MAX - ROOM_BYTES;
}

size_t mf__code_cache_source_bytes(struct mf_slice bundle)
{
    struct mf_part part;
    size_t cursor = 0;
    size_t bytes = 0;

    while (mf_bundle_next(bundle, &cursor, &part) > 0) {
        bytes += part.kind == MF_PART_ESM ? part.body.size : 0;
    }
    return bytes;
}

/* ---- to the disk ----------------------------------------------------------------------------------------- */

static void free_task(struct task *task)
{
    mf_buf_done(&task->parts);
    mf_free(task);
}

/* The job is over: the worker is read again, with or without its cache. */
static void stored(struct mf_store_job *job, int error)
{
    struct task *task = MF_CONTAINER_OF(job, struct task, job);
    struct mf__code_caches *caches = task->caches;
    bool is_made = task->parts.size > 0;

    caches->jobs--;
    if (is_made && error == 0) {
        caches->state.made++;
    } else if (is_made) {
        caches->state.failed++;
        mf_log(MF_LOG_WARN, error, NULL, "the code cache of worker %s could not be kept", task->name);
    }
    mf__workers_forget(caches->api->workers, mf_slice_of_cstr(task->tenant), mf_slice_of_cstr(task->name));
    free_task(task);
}

static int put_work(struct mf_store *store, struct mf_store_job *job)
{
    const struct task *task = MF_CONTAINER_OF(job, struct task, job);
    uint8_t bytes[SHA256_DIGEST_LENGTH];
    struct mf_store_code_cache row = {.tenant = mf_slice_of_cstr(task->tenant),
                                      .hash = mf_slice_of_cstr(task->hash),
                                      .build = mf_slice_of_cstr(task->build),
                                      .digest = mf_slice_of(bytes, sizeof bytes),
                                      .parts = mf_buf_peek(&task->parts)};

    return digest(&row, bytes) ? mf_store_code_cache_put(store, &row) : MF_E_NO_MEMORY;
}

static int delete_work(struct mf_store *store, struct mf_store_job *job)
{
    const struct task *task = MF_CONTAINER_OF(job, struct task, job);

    return mf_store_code_cache_delete(store, mf_slice_of_cstr(task->tenant), mf_slice_of_cstr(task->hash));
}

static bool submit(struct task *task, int (*work)(struct mf_store *store, struct mf_store_job *job))
{
    task->job = (struct mf_store_job){.work = work, .done = stored};
    if (mf_store_queue_submit(task->caches->api->queue, &task->job) < 0) {
        free_task(task);
        return false;
    }
    task->caches->jobs++;
    return true;
}

static struct task *
new_task(struct mf__code_caches *caches, const char *tenant, const char *name, const char *hash)
{
    struct task *task = mf_new(sizeof *task);

    task->caches = caches;
    (void)snprintf(task->tenant, sizeof task->tenant, "%s", tenant);
    (void)snprintf(task->name, sizeof task->name, "%s", name);
    (void)snprintf(task->hash, sizeof task->hash, "%s", hash);
    mf__code_cache_build(caches->api, task->build);
    mf_buf_init(&task->parts, MF_CODE_CACHE_BYTES_MAX);
    return task;
}

/* ---- the maker ----------------------------------------------------------------------------------------- */

static void maker_on_body(struct mf_run *run, void *user, struct mf_slice bytes)
{
    (void)user;
    mf_run_body_consumed(run, bytes.size); /* Nobody reads it; but it is to be made. */
}

static void maker_on_code_cache(struct mf_run *run, void *user, struct mf_slice bytes)
{
    struct task *task = user;

    (void)run;
    mf_ignore(
        mf_buf_append_slice(&task->parts, bytes)); /* One with a hole is no bundle, or not one of V8's. */
}

static void maker_on_done(struct mf_run *run, void *user, const struct mf_run_result *result)
{
    struct task *task = user;
    struct mf__code_caches *caches = task->caches;
    uint64_t now_ns = mf_clock_now_ns();

    (void)run;
    caches->making = NULL;
    caches->next_ns = now_ns + MF_CODE_CACHE_PAUSE_TIMES * (now_ns - caches->began_ns);
    if (task->parts.size == 0) {
        caches->state.failed++;
        mf_log(MF_LOG_INFO, result->error, NULL, "no code cache could be made of worker %s", task->name);
        mf__workers_no_code_cache(caches->api->workers, mf_slice_of_cstr(task->tenant),
                                  mf_slice_of_cstr(task->name), mf_slice_of_cstr(task->hash));
        free_task(task);
    } else if (!submit(task, put_work)) {
        caches->state.failed++;
    }
}

static const struct mf_run_events maker_events = {.on_body = maker_on_body,
                                                  .on_code_cache = maker_on_code_cache,
                                                  .on_done = maker_on_done};

/* Code, limits and a request that says nothing. */
static int start(struct task *task, const struct mf__worker *worker)
{
    const struct mf__call *call = &worker->call;
    struct mf__code_caches *caches = task->caches;
    struct mf_run_spec spec = {.id = "code cache",
                               .cpu_ns = MF_CODE_CACHE_CPU_MS_MAX * MF_NS_PER_MS,
                               .wall_ns = MF_CODE_CACHE_WALL_MS_MAX * MF_NS_PER_MS,
                               .memory_bytes = call->memory_mb << 20,
                               .response_bytes = call->response_bytes,
                               .flags = MF_START_MAKES_CACHE | MF_START_CLOCK_FROZEN,
                               .domain = MF_POOL_DOMAIN_MAKERS,
                               .owner = ++caches->owner_last,
                               .code = call->code};
    struct mf_run *run;
    int rc;

    mf_buf_init(&spec.bundle, MF_BUNDLE_BYTES_MAX);
    rc = mf__request_default(&spec.bundle, mf_slice_of(NULL, 0));
    rc = rc < 0 ? rc : mf_pool_run(caches->api->pool, &spec, &maker_events, task, &run);
    if (rc < 0) {
        mf_buf_done(&spec.bundle);
    }
    return rc;
}

void mf__code_caches_consider(struct mf__code_caches *caches, const struct mf__worker *worker)
{
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    struct task *task;

    if (worker->call.has_code_cache || worker->is_cache_tried ||
        worker->modules_bytes < MF_CODE_CACHE_SOURCE_BYTES_MIN ||
        (uint64_t)worker->hits * worker->modules_bytes < MF_CODE_CACHE_COMPILED_BYTES_MIN ||
        caches->making != NULL || caches->api->is_leaving ||
        mf_clock_now_ns() < caches->next_ns) {
        return;
    }
    (void)snprintf(tenant, sizeof tenant, "%.*s", (int)worker->tenant_size, worker->key);
    task = new_task(caches, tenant, worker->key + worker->tenant_size + 1, worker->call.worker_hash);
    caches->began_ns = mf_clock_now_ns();
    caches->making = task;
    if (start(task, worker) < 0) {
        caches->making = NULL;
        free_task(task);
    }
}

/* ---- what became of it ------------------------------------------------------------------------------------ */

void mf__code_caches_used(struct mf__code_caches *caches, const struct mf__live *live, uint8_t use)
{
    if (use == 1) {
        caches->state.used++;
    } else if (use == 2 && !caches->api->is_leaving) {
        caches->state.rejected++;
        mf_ignore(submit(new_task(caches, live->tenant, live->worker, live->hash), delete_work) ? 0 : -1);
    }
}
