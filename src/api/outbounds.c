/* outbounds.c - /v1/outbounds: the policies that have a name. All of them are in memory, ready for the next run, and on the disk.
 * A change is on the disk before it counts; a run keeps the policy that it began with. */
#include "outbounds.h"

#include "put.h"

#define INFO_BYTES_MAX 1024
#define EXPLAIN_BYTES_MAX 65536
#define EXPLAIN_ANSWER_BYTES_MAX 1048576

/* |ret_workers| holds MF_OUTBOUND_POLICY_NAMES_MAX. */
static size_t list_workers(const struct mf_policy *policy, struct mf_slice *ret_workers)
{
    size_t count = 0;
    struct mf_slice name;

    while ((name = mf_policy_worker(policy, count)).data != NULL) {
        ret_workers[count++] = name;
    }
    return count;
}

/* ---- names in a policy ----------------------------------------------------------------------------- */

static bool has_secret(struct mf_api *api, struct mf_slice tenant, struct mf_slice name)
{
    struct mf_secret_info info;

    return mf_vault_info(api->vault, tenant, name, &info) == 0;
}

/* Where names are looked up. */
struct names {
    struct mf_api *api;
    const struct mf__look *look;
};

static bool has_secret_of(void *user, struct mf_slice name)
{
    struct names *names = user;

    return has_secret(names->api, mf_slice_of_cstr(names->look->tenant), name);
}

static bool has_worker(void *user, struct mf_slice name)
{
    const struct mf__look *look = ((struct names *)user)->look;
    struct mf_slice named;

    for (size_t i = 0; (named = mf_policy_worker(look->policy, i)).data != NULL; i++) {
        if (mf_slice_equal(named, name)) {
            return look->exist[i];
        }
    }
    return false;
}

static int look_work(struct mf_store *store, struct mf_store_job *job)
{
    struct mf__look *look = MF_CONTAINER_OF(job, struct mf__look, job);
    struct mf_slice workers[MF_OUTBOUND_POLICY_NAMES_MAX];
    size_t count = list_workers(look->policy, workers);

    return mf_store_workers_exist(store, mf_slice_of_cstr(look->tenant), workers, count, look->exist);
}

static void look_done(struct mf_store_job *job, int error)
{
    struct mf__look *look = MF_CONTAINER_OF(job, struct mf__look, job);

    look->done(look, error);
}

int mf__outbounds_look(struct mf_api *api,
                       struct mf__look *look,
                       struct mf_slice tenant,
                       struct mf_policy *policy,
                       void (*done)(struct mf__look *look, int error))
{
    int rc;

    memset(look, 0, sizeof *look);
    MF_ASSERT(tenant.size < sizeof look->tenant);
    memcpy(look->tenant, tenant.data, tenant.size);
    look->policy = policy;
    look->done = done;
    if (mf_policy_worker(policy, 0).data == NULL) {
        return 0;
    }
    look->job = (struct mf_store_job){.work = look_work, .done = look_done};
    rc = mf_store_queue_submit(api->queue, &look->job);
    return rc < 0 ? rc : MF_E_AGAIN;
}

int mf__outbounds_check(struct mf_api *api,
                        const struct mf__look *look,
                        const char *pointer,
                        struct mf_policy_faults *faults)
{
    struct names both = {.api = api, .look = look};
    struct mf_policy_names names = {.has_secret = has_secret_of, .has_worker = has_worker, .user = &both};

    return mf_policy_check(look->policy, &names, pointer, faults);
}

static int
append_fault(struct mf_buf *out, const char *comma, struct mf_slice pointer, struct mf_slice sentence)
{
    int rc = mf_buf_printf(out, "%s{\"pointer\":", comma);

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, pointer);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"detail\":");
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, sentence);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

void mf__outbounds_tell(const struct mf_policy_faults *faults,
                        struct mf_buf *members,
                        struct mf__problem *problem)
{
    struct mf_slice pointer;
    struct mf_slice sentence;
    size_t cursor = 0;
    const char *comma = "";
    int rc = mf_buf_append_cstr(members, ",\"errors\":[");

    while (rc == 0 && mf_policy_faults_next(faults, &cursor, &pointer, &sentence)) {
        rc = append_fault(members, comma, pointer, sentence);
        if (*comma == '\0') {
            problem->param = pointer;
            problem->detail = sentence;
        }
        comma = ",";
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(members, "]");
    }
    if (rc == 0 && faults->left_out > 0) {
        rc = mf_buf_printf(members, ",\"errorsLeftOut\":%zu", faults->left_out);
    }
    if (rc == 0) {
        problem->members = mf_buf_peek(members);
    }
}

static void refuse_faults(MF_OWN struct mf__put *put, const struct mf_policy_faults *faults)
{
    struct mf__problem problem = {.error = MF_E_OUTBOUND_POLICY};
    struct mf_buf members;

    mf_buf_init(&members, MF__OUTBOUNDS_FAULTS_BYTES_MAX);
    mf__outbounds_tell(faults, &members, &problem);
    mf__put_reply_problem(put, &problem);
    mf_buf_done(&members);
}

/* ---- what is shown --------------------------------------------------------------------------------- */

static bool is_default(const struct mf_api *api, struct mf_slice tenant, struct mf_slice name)
{
    return tenant.size == 0 && api->config->outbound_default != NULL &&
           mf_slice_equal_cstr(name, api->config->outbound_default);
}

static int append_info(struct mf_buf *out, const struct mf_api *api, const struct mf_outbound *outbound)
{
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, outbound->name);
    }
    if (rc == 0) {
        rc = mf_buf_printf(out, ",\"isDefault\":%s,\"version\":%llu,\"createdAt\":",
                           is_default(api, outbound->tenant, outbound->name) ? "true" : "false",
                           (unsigned long long)outbound->version);
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, outbound->created_ms);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"updatedAt\":");
    }
    return rc < 0 ? rc : mf__json_append_time(out, outbound->updated_ms);
}

/* With its policy. */
static void reply_whole(MF_OWN struct mf__put *put, int status, const struct mf_outbound *outbound)
{
    struct mf_buf body;
    int rc;

    mf_buf_init(&body, INFO_BYTES_MAX + outbound->json.size);
    rc = append_info(&body, put->api, outbound);
    if (rc == 0) {
        rc = mf_buf_append_cstr(&body, ",\"policy\":");
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(&body, outbound->json);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&body, "}\n");
    }
    if (rc == 0) {
        mf__put_reply_json(put, status, mf_buf_peek(&body));
    } else {
        mf__put_reply_error(put, rc);
    }
    mf_buf_done(&body);
}

void mf__outbounds_get(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_outbound *outbound;
    struct mf_slice tenant = mf__caller_tenant(exchange);
    struct mf_buf body;
    int rc;

    mf_buf_init(&body, (size_t)MF_OUTBOUNDS_MAX * INFO_BYTES_MAX);
    rc = mf_buf_append_cstr(&body, "{\"outbounds\":[");
    for (size_t i = 0; rc == 0 && (outbound = mf_outbounds_at(api->outbounds, tenant, i)) != NULL; i++) {
        rc = i == 0 ? 0 : mf_buf_append_cstr(&body, ",");
        if (rc == 0) {
            rc = append_info(&body, api, outbound);
        }
        if (rc == 0) {
            rc = mf_buf_append_cstr(&body, "}");
        }
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&body, "]}\n");
    }
    if (rc == 0) {
        mf__json_reply(exchange, 200, mf_buf_peek(&body));
    } else {
        mf__problem_reply_error(exchange, rc);
    }
    mf_buf_done(&body);
}

static void get_ready(struct mf__put *put)
{
    const struct mf_outbound *outbound = mf_outbounds_get(put->api->outbounds, put->tenant, put->name);

    if (outbound == NULL) {
        mf__put_reply_error(put, MF_E_OUTBOUND_UNKNOWN);
    } else {
        reply_whole(put, 200, outbound);
    }
}

void mf__outbound_get(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, get_ready);
}

/* ---- put --------------------------------------------------------------------------------------------- */

/* On its way to the disk. */
struct change {
    struct mf_store_job job;
    struct mf__look look;
    struct mf__put *put;
    struct mf_policy *policy;
    struct mf_buf json;
    struct mf_slice secrets[MF_OUTBOUND_POLICY_NAMES_MAX]; /* The policy's. */
    struct mf_slice workers[MF_OUTBOUND_POLICY_NAMES_MAX];
    struct mf_store_uses uses;
    struct mf_buf users; /* Of one that is to be deleted. */
    uint64_t now_ms;
    uint64_t version;
    size_t missing;
};

static void free_change(struct change *change)
{
    mf_policy_unref(change->policy);
    mf_buf_done(&change->json);
    mf_buf_done(&change->users);
    mf_free(change);
}

static int put_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_outbound_put(store, change->put->tenant, change->put->name, mf_buf_peek(&change->json),
                                 &change->uses, change->now_ms, &change->version, &change->missing);
}

/* A secret or a worker was deleted after it was looked for and before the policy was stored. */
static void refuse_missing(struct change *change)
{
    struct mf__put *put = change->put;
    struct mf_policy_faults faults;

    mf_policy_faults_init(&faults);
    if (mf__outbounds_check(put->api, &change->look, "", &faults) < 0) {
        refuse_faults(put, &faults);
    } else {
        mf__put_reply_error(put, MF_E_AGAIN); /* It is there again, or was there a moment ago. */
    }
    mf_policy_faults_done(&faults);
}

static int take_change(struct mf_api *api, const struct change *change)
{
    const struct mf_outbound *before =
        mf_outbounds_get(api->outbounds, change->put->tenant, change->put->name);
    struct mf_outbound outbound = {.tenant = change->put->tenant,
                                   .name = change->put->name,
                                   .json = mf_buf_peek(&change->json),
                                   .policy = change->policy,
                                   .version = change->version,
                                   .created_ms = before == NULL ? change->now_ms : before->created_ms,
                                   .updated_ms = change->now_ms};

    return mf_outbounds_put(api->outbounds, &outbound);
}

static void put_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);
    struct mf__put *put = change->put;
    struct mf_api *api = put->api;

    if (error == 0) {
        error = take_change(api, change);
    }
    if (error == MF_E_SECRET_UNKNOWN || error == MF_E_WORKER_UNKNOWN) {
        refuse_missing(change);
    } else if (error < 0) {
        mf__put_reply_error(put, error);
    } else {
        reply_whole(put, change->version == 1 ? 201 : 200,
                    mf_outbounds_get(api->outbounds, put->tenant, put->name));
    }
    free_change(change);
}

static struct change *new_change(struct mf__put *put)
{
    struct change *change = mf_new(sizeof *change);

    change->put = put;
    change->now_ms = mf_clock_unix_ms();
    mf_buf_init(&change->json, MF_OUTBOUND_POLICY_BYTES_MAX * 2);
    mf_buf_init(&change->users, MF_WORKER_USERS_BYTES_MAX);
    return change;
}

/* Everything that it names was looked for: to the disk with it. */
static void begin_change(struct change *change, int error)
{
    struct mf__put *put = change->put;
    struct mf_api *api = put->api;
    struct mf_policy_faults faults;
    struct mf_slice secret;

    mf_policy_faults_init(&faults);
    if (error == 0) {
        error = mf__outbounds_check(api, &change->look, "", &faults);
    }
    if (error == 0 && mf_outbounds_get(api->outbounds, put->tenant, put->name) == NULL &&
        mf_outbounds_at(api->outbounds, put->tenant, MF_OUTBOUNDS_MAX - 1) != NULL) {
        error = MF_E_TOO_MANY;
    }
    if (error == 0) {
        change->job = (struct mf_store_job){.work = put_work, .done = put_done};
        while ((secret = mf_policy_secret(change->policy, change->uses.secrets_count)).data != NULL) {
            change->secrets[change->uses.secrets_count++] = secret;
        }
        change->uses.secrets = change->secrets;
        change->uses.workers = change->workers;
        change->uses.workers_count = list_workers(change->policy, change->workers);
        error = mf_store_queue_submit(api->queue, &change->job);
    }
    if (error == MF_E_OUTBOUND_POLICY) {
        refuse_faults(put, &faults);
    } else if (error < 0) {
        mf__put_reply_error(put, error);
    }
    if (error < 0) {
        free_change(change);
    }
    mf_policy_faults_done(&faults);
}

static void looked(struct mf__look *look, int error)
{
    begin_change(MF_CONTAINER_OF(look, struct change, look), error);
}

static int copy_json(struct change *change)
{
    char *json = cJSON_PrintUnformatted(change->put->root);
    int rc = json == NULL ? MF_E_NO_MEMORY : mf_buf_append_cstr(&change->json, json);

    cJSON_free(json);
    return rc;
}

static void put_ready(struct mf__put *put)
{
    struct change *change = new_change(put);
    struct mf_policy_faults faults;
    int rc;

    mf_policy_faults_init(&faults);
    rc = mf_policy_read(put->root, "", &change->policy, &faults);
    if (rc == 0) {
        rc = copy_json(change);
    }
    if (rc == MF_E_OUTBOUND_POLICY) {
        refuse_faults(put, &faults);
        free_change(change);
    } else {
        rc = rc < 0 ? rc : mf__outbounds_look(put->api, &change->look, put->tenant, change->policy, looked);
        if (rc != MF_E_AGAIN) {
            begin_change(change, rc);
        }
    }
    mf_policy_faults_done(&faults);
}

void mf__outbound_put(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, MF_OUTBOUND_POLICY_BYTES_MAX, put_ready);
}

/* ---- delete -------------------------------------------------------------------------------------------- */

static int delete_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_outbound_delete(store, change->put->tenant, change->put->name, &change->users);
}

static void delete_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);
    struct mf__put *put = change->put;

    if (error == 0) {
        (void)mf_outbounds_remove(put->api->outbounds, put->tenant, put->name);
        mf__put_reply_empty(put);
    } else if (error == MF_E_OUTBOUND_IN_USE) {
        mf__put_reply_used(put, error, "workers", mf_buf_peek(&change->users));
    } else {
        mf__put_reply_error(put, error == MF_E_NOT_FOUND ? MF_E_OUTBOUND_UNKNOWN : error);
    }
    free_change(change);
}

static void delete_ready(struct mf__put *put)
{
    struct change *change;
    int rc;

    if (is_default(put->api, put->tenant, put->name)) {
        mf__put_reply_error(put, MF_E_OUTBOUND_IN_USE);
        return;
    }
    change = new_change(put);
    change->job = (struct mf_store_job){.work = delete_work, .done = delete_done};
    rc = mf_store_queue_submit(put->api->queue, &change->job);
    if (rc < 0) {
        free_change(change);
        mf__put_reply_error(put, rc);
    }
}

void mf__outbound_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, delete_ready);
}

/* ---- explain -------------------------------------------------------------------------------------------- */

/* A header list; nothing is checked here, as what is wrong with it is a part of the answer. */
static int append_header(struct mf_buf *out,
                         const char *name,
                         const cJSON *value,
                         struct mf_buf *param,
                         struct mf_buf *why)
{
    if (!cJSON_IsString(value)) {
        return mf__json_refuse(param, why, "/headers", "/headers must have strings as values.");
    }
    int rc = mf_buf_append(out, name, strlen(name) + 1);
    return rc < 0 ? rc : mf_buf_append(out, value->valuestring, strlen(value->valuestring) + 1);
}

static int read_headers(struct mf_buf *out, const cJSON *headers, struct mf_buf *param, struct mf_buf *why)
{
    int rc = 0;

    for (const cJSON *item = headers == NULL ? NULL : headers->child; rc == 0 && item != NULL;
         item = item->next) {
        rc = append_header(out, item->string, item, param, why);
    }
    return rc;
}

static void explain(struct mf__put *put,
                    const struct mf_policy *policy,
                    const cJSON *method,
                    const cJSON *url,
                    struct mf_slice headers)
{
    struct mf_policy_request request = {.method =
                                            method == NULL ? mf_slice_of_cstr("GET") : mf__json_text(method),
                                        .url = mf__json_text(url),
                                        .headers = headers};
    struct mf_buf answer;
    int rc;

    mf_buf_init(&answer, EXPLAIN_ANSWER_BYTES_MAX);
    rc = mf_policy_explain(policy, put->api->vault, put->tenant, &request, &answer);
    if (rc == 0) {
        mf__put_reply_json(put, 200, mf_buf_peek(&answer));
    } else {
        mf__put_reply_error(put, rc);
    }
    mf_buf_done(&answer);
}

static void explain_ready(struct mf__put *put)
{
    static const struct mf_json_field fields[] = {
        {"method", "s", false}, {"url", "s", true}, {"headers", "o", false}};
    const struct mf_outbound *outbound = mf_outbounds_get(put->api->outbounds, put->tenant, put->name);
    struct mf__problem problem = {.error = MF_E_OUTBOUND_UNKNOWN};
    struct mf_buf headers;
    struct mf_buf param;
    struct mf_buf why;

    mf_buf_init(&headers, EXPLAIN_BYTES_MAX * 2);
    mf_buf_init(&param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    if (outbound != NULL) {
        problem.error = mf__json_check(put->root, "", fields, MF_COUNT_OF(fields), &param, &why);
    }
    if (problem.error == 0) {
        problem.error = read_headers(&headers, mf__json_get(put->root, "headers"), &param, &why);
    }
    if (problem.error == 0) {
        explain(put, outbound->policy, mf__json_get(put->root, "method"), mf__json_get(put->root, "url"),
                mf_buf_peek(&headers));
    } else {
        problem.param = mf_buf_peek(&param);
        problem.detail = mf_buf_peek(&why);
        mf__put_reply_problem(put, &problem);
    }
    mf_buf_done(&headers);
    mf_buf_done(&param);
    mf_buf_done(&why);
}

void mf__outbound_explain(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, EXPLAIN_BYTES_MAX, explain_ready);
}

/* ---- at start ---------------------------------------------------------------------------------------------- */

/* What an older or newer Mayfly took and this one does not: it stays to be seen and replaced, and lets nothing through. */
static int read_stored(struct mf_slice text, struct mf_policy **ret_policy)
{
    struct mf_policy_faults faults;
    struct mf_buf why;
    cJSON *root = NULL;
    int rc;

    mf_policy_faults_init(&faults);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    rc = mf__json_parse(text, &root, &why);
    if (rc == 0) {
        rc = mf_policy_read(root, "", ret_policy, &faults);
    }
    cJSON_Delete(root);
    mf_buf_done(&why);
    mf_policy_faults_done(&faults);
    return rc;
}

static int load_one(void *user, const struct mf_store_outbound *row)
{
    static const char nothing[] = "{\"rules\":[]}";
    struct mf_api *api = user;
    struct mf_outbound outbound = {.tenant = row->tenant,
                                   .name = row->name,
                                   .json = row->policy,
                                   .version = row->version,
                                   .created_ms = row->created_ms,
                                   .updated_ms = row->updated_ms};
    int rc;

    rc = read_stored(row->policy, &outbound.policy);
    if (rc == MF_E_API_JSON) {
        outbound.json = mf_slice_of_cstr(nothing); /* It stands in answers, which are JSON. */
    }
    if (rc < 0 && rc != MF_E_NO_MEMORY) {
        mf_log(MF_LOG_ERROR, rc, NULL,
               "the stored outbound %.*s is not valid here and lets nothing through: put it again",
               (int)row->name.size, (const char *)row->name.data);
        rc = read_stored(mf_slice_of_cstr(nothing), &outbound.policy);
    }
    if (rc == 0) {
        rc = mf_outbounds_put(api->outbounds, &outbound);
    }
    mf_policy_unref(outbound.policy);
    return rc;
}

void mf__outbounds_look_for_default(struct mf_api *api)
{
    const char *standard = api->config->outbound_default;

    if (standard != NULL &&
        mf_outbounds_get(api->outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr(standard)) == NULL) {
        mf_log(MF_LOG_WARN, 0, NULL,
               "outbound.default names %s, which does not exist: until it is put, nothing is let through",
               standard);
    }
}

int mf__outbounds_load(struct mf_api *api)
{
    int rc = mf_store_outbound_list(api->store, load_one, api);

    if (rc == 0) {
        mf__outbounds_look_for_default(api);
    }
    return rc;
}

/* ---- for a run ------------------------------------------------------------------------------------------------ */

static bool take_named(struct mf_api *api, const char *tenant, struct mf__call *call, const char *name)
{
    const struct mf_outbound *outbound =
        mf_outbounds_get(api->outbounds, mf_slice_of_cstr(tenant), mf_slice_of_cstr(name));

    if (outbound != NULL) {
        mf_policy_ref(outbound->policy);
        call->policy = outbound->policy;
    }
    return outbound != NULL;
}

static bool names_anything(const struct mf_policy *policy)
{
    return mf_policy_secret(policy, 0).data != NULL || mf_policy_worker(policy, 0).data != NULL;
}

/* The tenant's own of that name, else the operator's; the secrets and workers of that one are not the tenant's, and whoever
 * has its name could have put others under theirs. One that is yet to be put lets nothing through. */
static void take_default(struct mf_api *api, struct mf__call *call)
{
    const char *name = api->config->outbound_default;

    if (name == NULL || take_named(api, call->tenant, call, name) || !take_named(api, "", call, name)) {
        return;
    }
    if (names_anything(call->policy)) {
        mf_policy_unref(call->policy);
        call->policy = NULL;
    }
}

int mf__outbounds_resolved(struct mf_api *api, const struct mf__look *look, struct mf__call_fault *fault)
{
    char pointer[MF__OUTBOUND_POINTER_BYTES_MAX];

    mf__call_outbound_pointer(fault, pointer);
    return mf__outbounds_check(api, look, pointer, &fault->policy);
}

int mf__outbounds_resolve(struct mf_api *api,
                          struct mf__call *call,
                          struct mf__call_fault *fault,
                          struct mf__look *look,
                          void (*done)(struct mf__look *look, int error))
{
    int rc;
    char pointer[MF__OUTBOUND_POINTER_BYTES_MAX];

    mf__call_outbound_pointer(fault, pointer);
    switch (call->outbound) {
    case MF__OUTBOUND_NONE:
        break;
    case MF__OUTBOUND_DEFAULT:
        take_default(api, call);
        break;
    case MF__OUTBOUND_NAMED:
        if (!take_named(api, call->tenant, call, call->outbound_name)) {
            return mf__json_refuse(&fault->param, &fault->why, pointer, "There is no outbound named %s.",
                                   call->outbound_name);
        }
        break;
    case MF__OUTBOUND_INLINE:
        if (names_anything(call->policy) && !call->may_name_secrets) {
            (void)mf__json_refuse(&fault->param, &fault->why, pointer,
                                  "A policy that names secrets or workers wants the scope outbounds; name a "
                                  "stored outbound instead.");
            return MF_E_AUTH_SCOPE;
        }
        rc = mf__outbounds_look(api, look, mf_slice_of_cstr(call->tenant), call->policy, done);
        return rc < 0 ? rc : mf__outbounds_resolved(api, look, fault);
    }
    return 0;
}
