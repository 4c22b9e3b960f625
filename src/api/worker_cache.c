#include "worker_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/sha.h>

#include "code_cache.h"
#include "json.h"

#define ENTRY_BYTES 1024 /* What a worker costs besides its code. */

struct mf__workers {
    struct mf_api *api;
    size_t bytes_max;
    size_t count_max;
    struct mf_map
        *by_key; /* mf_hash of the key to struct mf__worker. Of two with one hash the later one is here. */
    struct mf_map *loads; /* Likewise, to struct load. */
    struct mf_list used;
    struct mf__workers_state state;
};

/* One worker on its way from the disk, and who waits for it. */
struct load {
    struct mf_store_job job;
    struct mf__workers *workers;
    struct mf_config *config; /* As it was when the load began. */
    struct mf_list waiting;
    size_t waiting_count;
    bool is_stale; /* It was changed meanwhile: those who wait get it, but it is not kept. */
    struct mf__worker *worker;
    struct mf_buf text;
    char hash[MF__WORKER_HASH_BYTES];
    char build[MF__CODE_CACHE_BUILD_BYTES];
    bool is_cache_refused;
};

/* A name has no slash in it: no two of them have the same. */
struct key {
    char text[MF_STORE_TENANT_BYTES_MAX + MF_STORE_NAME_BYTES_MAX + 2];
    size_t size;
};

static struct mf_slice write_key(struct key *key, struct mf_slice tenant, struct mf_slice name)
{
    MF_ASSERT(tenant.size <= MF_STORE_TENANT_BYTES_MAX && name.size <= MF_STORE_NAME_BYTES_MAX);
    if (tenant.size > 0) {
        memcpy(key->text, tenant.data, tenant.size);
    }
    key->text[tenant.size] = '/';
    memcpy(key->text + tenant.size + 1, name.data, name.size);
    key->size = tenant.size + 1 + name.size;
    return mf_slice_of(key->text, key->size);
}

static struct mf_slice key_of(const struct mf__worker *worker)
{
    return mf_slice_of(worker->key, worker->key_size);
}

static struct mf_slice tenant_of(const struct mf__worker *worker)
{
    return mf_slice_of(worker->key, worker->tenant_size);
}

static struct mf_slice name_of(const struct mf__worker *worker)
{
    return mf_slice_of(worker->key + worker->tenant_size + 1, worker->key_size - worker->tenant_size - 1);
}

/* ---- the form in which code is kept ------------------------------------------------------------- */

static void write_hash(struct mf_slice text, char ret_hash[MF__WORKER_HASH_BYTES])
{
    uint8_t hash[SHA256_DIGEST_LENGTH];

    (void)SHA256(text.data, text.size, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        (void)snprintf(ret_hash + 2 * i, 3, "%02x", hash[i]);
    }
}

static int name_order(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* The members of |object| in the order of their names. */
static int sort_members(cJSON *object)
{
    int count = cJSON_GetArraySize(object);
    cJSON **members = count > 1 ? mf_try_alloc((size_t)count * sizeof(cJSON *)) : NULL;

    if (count <= 1) {
        return 0;
    }
    if (members == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (int i = 0; i < count; i++) {
        members[i] = cJSON_DetachItemViaPointer(object, object->child);
    }
    qsort(members, (size_t)count, sizeof(cJSON *), name_order);
    for (int i = 0; i < count; i++) {
        (void)cJSON_AddItemToArray(object, members[i]); /* Which keeps its name. */
    }
    mf_free(members);
    return 0;
}

int mf__worker_write(cJSON *code, char **ret_text, char ret_hash[MF__WORKER_HASH_BYTES])
{
    int rc = sort_members(code);
    char *text;

    if (rc == 0) {
        rc = sort_members(cJSON_GetObjectItemCaseSensitive(code, "modules"));
    }
    text = rc < 0 ? NULL : cJSON_PrintUnformatted(code);
    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    write_hash(mf_slice_of_cstr(text), ret_hash);
    *ret_text = text;
    return 0;
}

/* [worker] */
static int add_code_cache(void *user, const struct mf_store_code_cache *row)
{
    struct load *load = user;
    struct mf__call *call = &load->worker->call;
    size_t before = call->bundle.size;

    if (!mf_slice_equal_cstr(row->build, load->build)) {
        return 0; /* Of another V8; the next one takes its place. */
    }
    if (!mf__code_cache_is_whole(row) || !mf__code_cache_fits(mf_buf_peek(&call->bundle), row->parts)) {
        load->is_cache_refused = true;
        mf_log(MF_LOG_ERROR, MF_E_STORE, NULL, "the code cache of worker %s is not what was made of it",
               load->worker->key);
        return 0;
    }
    call->has_code_cache = mf_buf_append_slice(&call->bundle, row->parts) == 0;
    MF_ASSERT(call->has_code_cache || call->bundle.size == before);
    return 0;
}

/* [worker] The stored text to parts, ready to be sent. */
static int read_code(struct mf_store *store, struct load *load)
{
    const struct mf_config *config = load->config;
    struct mf__call *call = &load->worker->call;
    char hash[MF__WORKER_HASH_BYTES];
    struct mf__call_fault fault;
    cJSON *root = NULL;
    int rc;

    write_hash(mf_buf_peek(&load->text), hash);
    if (strcmp(hash, load->hash) != 0) {
        mf_log(MF_LOG_ERROR, MF_E_STORE, NULL, "the code of worker %s is not what was put",
               load->worker->key);
        return MF_E_STORE;
    }
    memcpy(call->worker_hash, hash, sizeof hash);
    mf__call_fault_init(&fault);
    fault.at = "";
    rc = mf__json_parse(mf_buf_peek(&load->text), &root, &fault.why);
    if (rc == 0) {
        call->may_read_files = call->may_write_files = true; /* Who put it was asked. */
        rc = mf__call_read_code(call, config, root, &fault);
    }
    cJSON_Delete(root);
    if (rc < 0) { /* By limits or rules that have changed since. */
        mf_log(MF_LOG_ERROR, rc, NULL, "the stored worker %s is not valid here: put it again",
               load->worker->key);
    }
    mf__call_fault_done(&fault);
    if (rc == 0) {
        load->worker->modules_bytes = mf__code_cache_source_bytes(mf_buf_peek(&call->bundle));
        if (load->worker->modules_bytes >= MF_CODE_CACHE_SOURCE_BYTES_MIN) {
            mf_ignore(mf_store_code_cache_get(store, tenant_of(load->worker), mf_slice_of_cstr(hash),
                                              add_code_cache, load)); /* It runs without. */
        }
        load->worker->bytes = call->bundle.size + ENTRY_BYTES;
        call->code = mf_code_new(&call->bundle);
        rc = call->code == NULL ? MF_E_NO_MEMORY : 0;
    }
    return rc;
}

/* ---- what is kept --------------------------------------------------------------------------------- */

MF_OWN struct mf__workers *mf__workers_new(struct mf_api *api, size_t bytes_max, size_t count_max)
{
    struct mf__workers *workers = mf_new(sizeof *workers);

    workers->api = api;
    workers->bytes_max = bytes_max;
    workers->count_max = count_max;
    workers->by_key = mf_map_new(count_max + 1);
    workers->loads = mf_map_new(MF_STORE_JOBS_MAX + 1);
    mf_list_init(&workers->used);
    return workers;
}

static void free_worker(struct mf__worker *worker)
{
    mf__call_done(&worker->call);
    mf_free(worker);
}

static void drop(struct mf__workers *workers, struct mf__worker *worker)
{
    MF_ASSERT(mf_map_take(workers->by_key, mf_hash(key_of(worker))) == worker);
    mf_list_remove(&worker->link);
    workers->state.count--;
    workers->state.bytes -= worker->bytes;
    workers->api->bytes_held -= worker->bytes;
    free_worker(worker);
}

void mf__workers_free(MF_OWN struct mf__workers *workers)
{
    if (workers == NULL) {
        return;
    }
    MF_ASSERT(mf_map_count(workers->loads) == 0);
    while (!mf_list_is_empty(&workers->used)) {
        drop(workers, MF_CONTAINER_OF(workers->used.next, struct mf__worker, link));
    }
    mf_map_free(workers->by_key);
    mf_map_free(workers->loads);
    mf_free(workers);
}

static struct mf__worker *find(const struct mf__workers *workers, struct mf_slice key)
{
    struct mf__worker *worker = mf_map_get(workers->by_key, mf_hash(key));

    return worker != NULL && mf_slice_equal(key_of(worker), key) ? worker : NULL;
}

/* The least recently used go until |more| bytes fit. */
static void make_room(struct mf__workers *workers, size_t more)
{
    while (!mf_list_is_empty(&workers->used) &&
           (workers->state.bytes + more > workers->bytes_max || workers->state.count >= workers->count_max ||
            workers->api->bytes_held + more > MF_API_HELD_BYTES_MAX)) {
        drop(workers, MF_CONTAINER_OF(workers->used.prev, struct mf__worker, link));
        workers->state.evictions++;
    }
}

/* False: it stays the caller's, and is not kept. */
static bool keep(struct mf__workers *workers, struct mf__worker *worker)
{
    uint64_t hash = mf_hash(key_of(worker));
    struct mf__worker *before = mf_map_get(workers->by_key, hash);

    if (before != NULL) {
        drop(workers, before);
    }
    make_room(workers, worker->bytes);
    if (worker->bytes > workers->bytes_max ||
        workers->api->bytes_held + worker->bytes > MF_API_HELD_BYTES_MAX ||
        mf_map_put(workers->by_key, hash, worker) < 0) {
        return false;
    }
    mf_list_push_front(&workers->used, &worker->link);
    workers->state.count++;
    workers->state.bytes += worker->bytes;
    workers->api->bytes_held += worker->bytes;
    return true;
}

void mf__workers_forget(struct mf__workers *workers, struct mf_slice tenant, struct mf_slice name)
{
    struct key text;
    struct mf_slice key = write_key(&text, tenant, name);
    struct mf__worker *worker = find(workers, key);
    struct load *load = mf_map_get(workers->loads, mf_hash(key));

    if (worker != NULL) {
        drop(workers, worker);
    }
    if (load != NULL) {
        load->is_stale = true;
    }
}

void mf__workers_no_code_cache(struct mf__workers *workers,
                               struct mf_slice tenant,
                               struct mf_slice name,
                               struct mf_slice hash)
{
    struct key text;
    struct mf__worker *worker = find(workers, write_key(&text, tenant, name));

    if (worker != NULL && mf_slice_equal_cstr(hash, worker->call.worker_hash)) {
        worker->is_cache_tried = true;
    }
}

void mf__workers_state(const struct mf__workers *workers, struct mf__workers_state *ret_state)
{
    *ret_state = workers->state;
}

/* ---- from the disk ---------------------------------------------------------------------------------- */

static int copy_row(void *user, const struct mf_store_worker *row)
{
    struct load *load = user;

    load->worker->call.worker_version = row->version;
    (void)snprintf(load->hash, sizeof load->hash, "%.*s", (int)row->hash.size, (const char *)row->hash.data);
    return mf_buf_append_slice(&load->text, row->code);
}

static int load_work(struct mf_store *store, struct mf_store_job *job)
{
    struct load *load = MF_CONTAINER_OF(job, struct load, job);
    int rc =
        mf_store_worker_get(store, tenant_of(load->worker), name_of(load->worker), 0, true, copy_row, load);

    rc = rc < 0 ? rc : read_code(store, load);
    mf_buf_done(&load->text);
    return rc;
}

static void load_done(struct mf_store_job *job, int error)
{
    struct load *load = MF_CONTAINER_OF(job, struct load, job);
    struct mf__workers *workers = load->workers;
    struct mf_list *link;
    struct mf_code *code = load->worker->call.code;
    bool is_kept;

    MF_ASSERT(mf_map_take(workers->loads, mf_hash(key_of(load->worker))) == load);
    workers->state.code_caches_refused += load->is_cache_refused;
    is_kept = error == 0 && !load->is_stale && keep(workers, load->worker);
    if (is_kept) {
        mf_code_ref(code); /* Whoever is told may do what makes it go. */
    }
    while ((link = mf_list_pop_front(&load->waiting)) != NULL) {
        struct mf__worker_wait *wait = MF_CONTAINER_OF(link, struct mf__worker_wait, link);
        wait->done(wait, error, error < 0 ? NULL : load->worker);
    }
    if (is_kept) {
        mf_code_unref(code);
    } else {
        free_worker(load->worker);
    }
    mf_config_unref(load->config);
    mf_free(load);
}

static int
begin_load(struct mf__workers *workers, const struct key *key, size_t tenant_size, struct load **ret_load)
{
    struct load *load = mf_new(sizeof *load);
    struct mf__worker *worker = mf_new(sizeof *worker);
    int rc;

    memcpy(worker->key, key->text, key->size);
    worker->key_size = key->size;
    worker->tenant_size = tenant_size;
    mf_list_init(&worker->link);
    mf__call_init(&worker->call, workers->api->config);
    mf_list_init(&load->waiting);
    mf_buf_init(&load->text, MF_STORE_VALUE_BYTES_MAX);
    load->job = (struct mf_store_job){.work = load_work, .done = load_done};
    load->workers = workers;
    load->config = mf_config_ref(workers->api->config);
    load->worker = worker;
    mf__code_cache_build(workers->api, load->build);
    rc = mf_map_put(workers->loads, mf_hash(key_of(worker)), load);
    if (rc == 0) {
        rc = mf_store_queue_submit(workers->api->queue, &load->job);
        if (rc < 0) {
            (void)mf_map_take(workers->loads, mf_hash(key_of(worker)));
        }
    }
    if (rc < 0) {
        free_worker(worker);
        mf_config_unref(load->config);
        mf_free(load);
        return rc == MF_E_CLOSED ? rc : MF_E_OVERLOADED;
    }
    workers->state.loads++;
    *ret_load = load;
    return 0;
}

int mf__workers_get(struct mf__workers *workers,
                    struct mf_slice tenant,
                    struct mf_slice name,
                    struct mf__worker_wait *wait,
                    const struct mf__worker **ret_worker)
{
    struct key text;
    struct mf_slice key = write_key(&text, tenant, name);
    struct mf__worker *worker = find(workers, key);
    struct load *load;
    int rc = 0;

    if (worker != NULL) {
        workers->state.hits++;
        worker->hits++;
        mf_list_remove(&worker->link);
        mf_list_push_front(&workers->used, &worker->link);
        *ret_worker = worker;
        return 0;
    }
    load = mf_map_get(workers->loads, mf_hash(key));
    if (load != NULL && (load->is_stale || !mf_slice_equal(key_of(load->worker), key))) {
        return MF_E_OVERLOADED; /* It changes under our eyes: rare, and over soon. */
    }
    if (load == NULL) {
        rc = begin_load(workers, &text, tenant.size, &load);
    } else if (load->waiting_count >= MF_WORKER_LOADS_WAITING_MAX) {
        rc = MF_E_OVERLOADED;
    }
    if (rc < 0) {
        return rc;
    }
    mf_list_push_back(&load->waiting, &wait->link);
    load->waiting_count++;
    return MF_E_AGAIN;
}

void mf__workers_cancel(struct mf__worker_wait *wait)
{
    mf_list_remove(&wait->link);
}

/* ---- a call ------------------------------------------------------------------------------------------ */

void mf__worker_call(const struct mf__worker *worker,
                     const struct mf_config *config,
                     struct mf__call *ret_call)
{
    const struct mf__call *from = &worker->call;

    mf__call_init(ret_call, config);
    ret_call->code = from->code;
    mf_code_ref(ret_call->code);
    ret_call->has_code_cache = from->has_code_cache;
    ret_call->cpu_ms = from->cpu_ms;
    ret_call->wall_ms = from->wall_ms;
    ret_call->memory_mb = from->memory_mb;
    ret_call->response_bytes = from->response_bytes;
    ret_call->log_bytes = from->log_bytes;
    ret_call->subrequests = from->subrequests;
    ret_call->limits_set = from->limits_set;
    ret_call->mounts = from->mounts;
    ret_call->outbound = from->outbound;
    memcpy(ret_call->outbound_name, from->outbound_name, sizeof ret_call->outbound_name);
    memcpy(ret_call->tenant, worker->key, worker->tenant_size);
    ret_call->may_name_secrets = true; /* Who put it could. */
    memcpy(ret_call->worker, name_of(worker).data, name_of(worker).size);
    memcpy(ret_call->worker_hash, from->worker_hash, sizeof ret_call->worker_hash);
    ret_call->worker_version = from->worker_version;
    ret_call->kind = MF_TRACE_WORKER;
    mf_ignore(
        mf_buf_append_slice(&ret_call->tails, mf_buf_peek(&from->tails))); /* Else nobody hears of it. */
    ret_call->policy = from->policy;
    if (ret_call->policy != NULL) {
        mf_policy_ref(ret_call->policy);
    }
}
