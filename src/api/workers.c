/* workers.c - /v1/workers: code that is stored under a name, in versions. worker_run.c runs it.
 *
 *   PUT: intake.h --body is whole--> read and put in order --valid--> its outbound looked for --there--> the store --> told
 *
 * The client may leave at any time; what has gone to the store by then stays. */
#include <stdio.h>

#include "intake.h"
#include "outbounds.h"
#include "precondition.h"
#include "put.h"
#include "serve.h"
#include "worker_cache.h"

#define INFO_BYTES_MAX 1024
#define ROLLBACK_BYTES_MAX 1024
#define HASH_SHOWN 16 /* Digits of it in an entity tag. */

/* ---- what is shown ---------------------------------------------------------------------------------- */

static void write_etag(const struct mf_store_worker *row, char ret_etag[MF_WORKER_ETAG_BYTES_MAX])
{
    (void)snprintf(ret_etag, MF_WORKER_ETAG_BYTES_MAX, "\"%llu-%.*s\"", (unsigned long long)row->revision,
                   row->hash.size < HASH_SHOWN ? (int)row->hash.size : HASH_SHOWN,
                   (const char *)row->hash.data);
}

static int append_version(struct mf_buf *out, const struct mf_store_worker *row)
{
    int rc = mf_buf_printf(out, "{\"version\":%llu,\"hash\":\"sha256:%.*s\",\"bytes\":%llu,\"createdAt\":",
                           (unsigned long long)row->version, (int)row->hash.size,
                           (const char *)row->hash.data, (unsigned long long)row->bytes);

    if (rc == 0) {
        rc = mf__json_append_time(out, row->version_ms);
    }
    return rc < 0 ? rc : mf_buf_printf(out, ",\"inUse\":%s", row->version == row->current ? "true" : "false");
}

static int append_info(struct mf_buf *out, const struct mf_store_worker *row)
{
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, row->name);
    }
    if (rc == 0) {
        rc = mf_buf_printf(out, ",\"version\":%llu,\"hash\":\"sha256:%.*s\",\"bytes\":%llu,\"createdAt\":",
                           (unsigned long long)row->version, (int)row->hash.size,
                           (const char *)row->hash.data, (unsigned long long)row->bytes);
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, row->created_ms);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"updatedAt\":");
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, row->updated_ms);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* |etag| empty: none. */
static void reply(struct mf_exchange *exchange, int status, struct mf_slice body, const char *etag)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, 256 + MF_WORKER_ETAG_BYTES_MAX);
    rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"), mf_slice_of_cstr("application/json"));
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("cache-control"), mf_slice_of_cstr("no-store"));
    }
    if (rc == 0 && *etag != '\0') {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("etag"), mf_slice_of_cstr(etag));
    }
    MF_ASSERT(rc == 0); /* All are short. */
    mf_exchange_reply(exchange, status, mf_buf_peek(&headers), body);
    mf_buf_done(&headers);
}

/* ---- put -------------------------------------------------------------------------------------------- */

struct change {
    struct mf_api *api;
    struct mf__intake intake;
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    struct mf__precondition precondition;
    struct mf__call call; /* Read to see that it is valid; what is stored is |text|. */
    struct mf__call_fault fault;
    int error;
    struct mf__look look;
    char *text;
    char hash[MF__WORKER_HASH_BYTES];
    struct mf_store_job job;
    char etag[MF_WORKER_ETAG_BYTES_MAX];
    bool is_new;
    struct mf_buf info;
};

static void free_change(struct change *change)
{
    mf__call_done(&change->call);
    mf__call_fault_done(&change->fault);
    mf__intake_done(&change->intake);
    mf_buf_done(&change->info);
    cJSON_free(change->text);
    mf_free(change);
}

static void refuse_change(struct change *change, int error)
{
    if (change->intake.exchange != NULL) {
        mf__serve_refuse(change->api, change->intake.exchange, NULL, error, &change->fault);
    }
    free_change(change);
}

/* [any] */
static void read_code(struct mf__intake *intake)
{
    struct change *change = MF_CONTAINER_OF(intake, struct change, intake);
    cJSON *root = NULL;

    change->error = mf__json_parse(mf_buf_peek(&intake->body), &root, &change->fault.why);
    if (change->error == 0) {
        change->error = mf__call_read_code(&change->call, intake->config, root, &change->fault);
    }
    if (change->error == 0) {
        change->error = mf__worker_write(root, &change->text, change->hash);
    }
    cJSON_Delete(root);
    mf_buf_done(&intake->body);
    mf_buf_done(&change->call.bundle);
}

static int may_change(void *user, const struct mf_store_worker *before)
{
    char etag[MF_WORKER_ETAG_BYTES_MAX];

    if (before != NULL) {
        write_etag(before, etag);
    }
    return mf__precondition_check(user, before == NULL ? NULL : etag);
}

static int may_put(void *user, const struct mf_store_worker *before)
{
    struct change *change = user;

    change->is_new = before == NULL;
    return may_change(&change->precondition, before);
}

static int take_row(void *user, const struct mf_store_worker *row)
{
    struct change *change = user;

    int rc = append_info(&change->info, row);

    write_etag(row, change->etag);
    return rc < 0 ? rc : mf_buf_append_cstr(&change->info, "\n");
}

static int put_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);
    struct mf_store_worker_ask ask = {.may = may_put, .user = change};
    struct mf_store_worker_put put = {.tenant = mf_slice_of_cstr(change->call.tenant),
                                      .name = mf_slice_of_cstr(change->name),
                                      .hash = mf_slice_of_cstr(change->hash),
                                      .code = mf_slice_of_cstr(change->text),
                                      .outbound = mf_slice_of(NULL, 0),
                                      .now_ms = mf_clock_unix_ms(),
                                      .versions_max = MF_WORKER_VERSIONS_MAX};

    if (change->call.outbound == MF__OUTBOUND_NAMED) {
        put.outbound = mf_slice_of_cstr(change->call.outbound_name);
    }
    return mf_store_worker_put(store, &put, &ask, take_row, change);
}

static void put_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    if (error == 0) {
        mf__workers_forget(change->api->workers, mf_slice_of_cstr(change->call.tenant),
                           mf_slice_of_cstr(change->name));
    }
    if (error < 0) {
        refuse_change(change, error);
        return;
    }
    if (change->intake.exchange != NULL) {
        reply(change->intake.exchange, change->is_new ? 201 : 200, mf_buf_peek(&change->info), change->etag);
    }
    free_change(change);
}

static void store_change(struct change *change, int error)
{
    if (error == 0 && change->intake.exchange == NULL) {
        error = MF_E_CANCELED;
    }
    if (error == 0) {
        change->job = (struct mf_store_job){.work = put_work, .done = put_done};
        error = mf_store_queue_submit(change->api->queue, &change->job);
    }
    if (error < 0) {
        refuse_change(change, error);
    }
}

static void looked(struct mf__look *look, int error)
{
    struct change *change = MF_CONTAINER_OF(look, struct change, look);

    store_change(change, error < 0 ? error : mf__outbounds_resolved(change->api, look, &change->fault));
}

static void read_done(struct mf__intake *intake, int error)
{
    struct change *change = MF_CONTAINER_OF(intake, struct change, intake);

    if (error == MF_E_HTTP_BODY) {
        mf_ignore(
            mf_buf_printf(&change->fault.why, "The body is larger than %zu bytes.", intake->body.bytes_max));
    }
    error = error < 0 ? error : change->error;
    if (error == 0) {
        error = mf__outbounds_resolve(change->api, &change->call, &change->fault, &change->look, looked);
    }
    if (error != MF_E_AGAIN) {
        store_change(change, error);
    }
}

void mf__worker_put(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mf_slice name = mf__route_segment(exchange, 2);
    struct mf__problem problem = {.error = 0};
    struct change *change;

    if (!mf_store_name_is_valid(name)) {
        problem.error = MF_E_API_NAME;
    } else if (!mf_slice_equal_nocase(mf__intake_type(request), "application/json")) {
        problem.error = MF_E_API_TYPE;
        problem.detail = mf_slice_of_cstr("Send the WorkerCode as application/json.");
    }
    if (problem.error < 0) {
        mf__problem_reply(exchange, &problem);
        return;
    }
    change = mf_new(sizeof *change);
    change->api = api;
    memcpy(change->name, name.data, name.size);
    mf__precondition_read(request, &change->precondition);
    mf__call_init(&change->call, api->config);
    mf__caller_sign(mf__caller(exchange), &change->call);
    mf__call_fault_init(&change->fault);
    change->fault.at = "";
    mf_buf_init(&change->info, INFO_BYTES_MAX);
    mf__intake_begin(&change->intake, api, exchange, api->config->body_bytes_max, read_code, read_done);
}

/* ---- all else: one question to the store --------------------------------------------------------------- */

struct query {
    struct mf_store_job job;
    struct mf__put *put;
    int (*work)(struct query *query, struct mf_store *store);
    struct mf__precondition precondition;
    uint64_t version;
    size_t count; /* Of versions written. */
    struct mf_buf users;
    struct mf_buf body;
    char etag[MF_WORKER_ETAG_BYTES_MAX];
    bool is_change;
    bool is_empty; /* 204. */
};

static int query_work(struct mf_store *store, struct mf_store_job *job)
{
    struct query *query = MF_CONTAINER_OF(job, struct query, job);

    return query->work(query, store);
}

static void answer(struct query *query, int error)
{
    struct mf__put *put = query->put;

    if (error == MF_E_WORKER_IN_USE) {
        mf__put_reply_used(put, error, "outbounds", mf_buf_peek(&query->users));
    } else if (error < 0) {
        mf__put_reply_error(put, error);
    } else if (query->is_empty) {
        mf__put_reply_empty(put);
    } else if (put->exchange != NULL) {
        reply(put->exchange, 200, mf_buf_peek(&query->body), query->etag);
        put->exchange = NULL;
        mf__put_reply_empty(put);
    } else {
        mf__put_reply_json(put, 200, mf_buf_peek(&query->body)); /* For whoever asks again. */
    }
    mf_buf_done(&query->body);
    mf_buf_done(&query->users);
    mf_free(query);
}

static void query_done(struct mf_store_job *job, int error)
{
    struct query *query = MF_CONTAINER_OF(job, struct query, job);

    if (query->is_change && error == 0) {
        mf__workers_forget(query->put->api->workers, query->put->tenant, query->put->name);
    }
    answer(query, error);
}

static struct query *
new_query(struct mf__put *put, size_t bytes_max, int (*work)(struct query *query, struct mf_store *store))
{
    struct query *query = mf_new(sizeof *query);

    query->put = put;
    query->work = work;
    query->job = (struct mf_store_job){.work = query_work, .done = query_done};
    mf_buf_init(&query->users, MF_WORKER_USERS_BYTES_MAX);
    mf_buf_init(&query->body, bytes_max);
    if (put->exchange != NULL) {
        mf__precondition_read(mf_exchange_request(put->exchange), &query->precondition);
    }
    return query;
}

/* |error|: what was found wrong with the request. */
static void submit(struct query *query, int error)
{
    if (error == 0) {
        error = mf_store_queue_submit(query->put->api->queue, &query->job);
    }
    if (error < 0) {
        answer(query, error);
    }
}

/* ---- one worker ---- */

static int write_info(void *user, const struct mf_store_worker *row)
{
    struct query *query = user;

    int rc = append_info(&query->body, row);

    write_etag(row, query->etag);
    return rc < 0 ? rc : mf_buf_append_cstr(&query->body, "\n");
}

static int get_work(struct query *query, struct mf_store *store)
{
    return mf_store_worker_get(store, query->put->tenant, query->put->name, 0, false, write_info, query);
}

static void get_ready(struct mf__put *put)
{
    submit(new_query(put, INFO_BYTES_MAX, get_work), 0);
}

void mf__worker_get(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, get_ready);
}

static int delete_work(struct query *query, struct mf_store *store)
{
    struct mf_store_worker_ask ask = {.may = may_change, .user = &query->precondition};

    return mf_store_worker_delete(store, query->put->tenant, query->put->name, &ask, &query->users);
}

static void delete_ready(struct mf__put *put)
{
    struct query *query = new_query(put, 0, delete_work);

    query->is_change = true;
    query->is_empty = true;
    submit(query, 0);
}

void mf__worker_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, delete_ready);
}

/* ---- its versions ---- */

static int write_version(void *user, const struct mf_store_worker *row)
{
    struct query *query = user;
    int rc = query->count++ == 0 ? 0 : mf_buf_append_cstr(&query->body, ",");

    rc = rc < 0 ? rc : append_version(&query->body, row);
    return rc < 0 ? rc : mf_buf_append_cstr(&query->body, "}");
}

static int versions_work(struct query *query, struct mf_store *store)
{
    int rc = mf_buf_append_cstr(&query->body, "{\"versions\":[");

    if (rc == 0) {
        rc = mf_store_worker_versions(store, query->put->tenant, query->put->name, write_version, query);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(&query->body, "]}\n");
}

static void versions_ready(struct mf__put *put)
{
    submit(new_query(put, (size_t)MF_WORKER_VERSIONS_MAX * INFO_BYTES_MAX, versions_work), 0);
}

void mf__worker_versions(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, versions_ready);
}

static int write_code(void *user, const struct mf_store_worker *row)
{
    struct query *query = user;
    int rc = append_version(&query->body, row);

    if (rc == 0) {
        rc = mf_buf_append_cstr(&query->body, ",\"code\":");
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(&query->body, row->code);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(&query->body, "}\n");
}

static int version_work(struct query *query, struct mf_store *store)
{
    return mf_store_worker_get(store, query->put->tenant, query->put->name, query->version, true, write_code,
                               query);
}

static void version_ready(struct mf__put *put)
{
    struct query *query = new_query(put, MF_STORE_VALUE_BYTES_MAX + INFO_BYTES_MAX, version_work);
    struct mf_slice text = mf__route_segment(put->exchange, 4);
    int rc = mf_slice_parse_u64(text, INT64_MAX, &query->version);

    submit(query, rc < 0 || query->version == 0 ? MF_E_WORKER_VERSION : 0);
}

void mf__worker_version(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, version_ready);
}

static int rollback_work(struct query *query, struct mf_store *store)
{
    struct mf_store_worker_ask ask = {.may = may_change, .user = &query->precondition};

    return mf_store_worker_use(store, query->put->tenant, query->put->name, query->version,
                               mf_clock_unix_ms(), &ask, write_info, query);
}

static void rollback_ready(struct mf__put *put)
{
    static const struct mf_json_field fields[] = {{"version", "n", true}};
    struct mf__problem problem = {0};
    struct mf_buf param;
    struct mf_buf why;

    mf_buf_init(&param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    problem.error = mf__json_check(put->root, "", fields, MF_COUNT_OF(fields), &param, &why);
    if (problem.error == 0) {
        struct query *query = new_query(put, INFO_BYTES_MAX, rollback_work);
        query->version = (uint64_t)mf__json_get(put->root, "version")->valuedouble;
        query->is_change = true;
        submit(query, 0);
    } else {
        problem.param = mf_buf_peek(&param);
        problem.detail = mf_buf_peek(&why);
        mf__put_reply_problem(put, &problem);
    }
    mf_buf_done(&param);
    mf_buf_done(&why);
}

void mf__worker_rollback(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, ROLLBACK_BYTES_MAX, rollback_ready);
}

/* ---- all workers ---- */

struct list {
    struct mf_store_job job;
    struct mf_api *api;
    struct mf_exchange *exchange; /* NULL: the client is gone. */
    size_t limit;
    size_t count;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    char after[MF_STORE_NAME_BYTES_MAX + 1]; /* It begins behind this name. */
    char last[MF_STORE_NAME_BYTES_MAX + 1];
    struct mf_buf body;
};

static void free_list(struct list *list)
{
    mf_buf_done(&list->body);
    mf_free(list);
}

/* One more row than were asked for says that there are more. */
static int write_item(void *user, const struct mf_store_worker *row)
{
    struct list *list = user;
    int rc;

    if (list->count++ == list->limit) {
        return 0;
    }
    (void)snprintf(list->last, sizeof list->last, "%.*s", (int)row->name.size, (const char *)row->name.data);
    rc = list->count == 1 ? 0 : mf_buf_append_cstr(&list->body, ",");
    return rc < 0 ? rc : append_info(&list->body, row);
}

static int list_work(struct mf_store *store, struct mf_store_job *job)
{
    struct list *list = MF_CONTAINER_OF(job, struct list, job);
    int rc = mf_buf_append_cstr(&list->body, "{\"workers\":[");

    if (rc == 0) {
        rc = mf_store_worker_list(store, mf_slice_of_cstr(list->tenant), mf_slice_of_cstr(list->after),
                                  list->limit + 1, write_item, list);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&list->body, "],\"next\":");
    }
    if (rc == 0) {
        rc = list->count > list->limit ? mf_buf_append_json_string(&list->body, mf_slice_of_cstr(list->last))
                                       : mf_buf_append_cstr(&list->body, "null");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(&list->body, "}\n");
}

static void list_done(struct mf_store_job *job, int error)
{
    struct list *list = MF_CONTAINER_OF(job, struct list, job);

    if (list->exchange != NULL && error == 0) {
        mf__json_reply(list->exchange, 200, mf_buf_peek(&list->body));
    } else if (list->exchange != NULL) {
        mf__problem_reply_error(list->exchange, error);
    }
    free_list(list);
}

static void list_on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct list *list = user;

    (void)exchange;
    (void)error;
    list->exchange = NULL;
}

static const struct mf_exchange_events list_events = {.on_abort = list_on_abort};

/* One "name=value" of the query. The sentence, or NULL when it is fine. */
static const char *read_parameter(struct list *list, struct mf_slice name, struct mf_slice value)
{
    uint64_t limit;

    if (mf_slice_equal_cstr(name, "limit")) {
        if (mf_slice_parse_u64(value, MF_WORKER_LIST_MAX, &limit) < 0 || limit == 0) {
            return "limit is not a number from 1 to 1000.";
        }
        list->limit = (size_t)limit;
        return NULL;
    }
    if (mf_slice_equal_cstr(name, "after")) {
        if (!mf_store_name_is_valid(value)) {
            return "after is not the name of a worker.";
        }
        memcpy(list->after, value.data, value.size);
        list->after[value.size] = '\0';
        return NULL;
    }
    return "The parameters are limit and after.";
}

static const char *read_query(struct list *list, struct mf_slice query)
{
    const char *why = NULL;

    for (size_t begin = 0; why == NULL && begin < query.size;) {
        size_t end = begin;
        size_t equal = query.size;
        for (; end < query.size && query.data[end] != '&'; end++) {
            if (query.data[end] == '=' && equal == query.size) {
                equal = end;
            }
        }
        equal = equal < end ? equal : end;
        why = read_parameter(list, mf_slice_of(query.data + begin, equal - begin),
                             equal == end ? mf_slice_of(NULL, 0)
                                          : mf_slice_of(query.data + equal + 1, end - equal - 1));
        begin = end + 1;
    }
    return why;
}

void mf__workers_list(struct mf_api *api, struct mf_exchange *exchange)
{
    struct list *list = mf_new(sizeof *list);
    const char *why;
    int rc;

    list->api = api;
    list->exchange = exchange;
    memcpy(list->tenant, mf__caller(exchange)->tenant, sizeof list->tenant);
    list->limit = MF_WORKER_LIST_DEFAULT;
    list->job = (struct mf_store_job){.work = list_work, .done = list_done};
    why = read_query(list, mf_exchange_request(exchange)->query);
    mf_buf_init(&list->body, (list->limit + 1) * INFO_BYTES_MAX);
    if (why != NULL) {
        struct mf__problem problem = {.error = MF_E_API_FIELD, .detail = mf_slice_of_cstr(why)};
        mf__problem_reply(exchange, &problem);
        free_list(list);
        return;
    }
    mf_exchange_listen(exchange, &list_events, list);
    rc = mf_store_queue_submit(api->queue, &list->job);
    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
        free_list(list);
    }
}
