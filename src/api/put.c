#include "put.h"

#include "idempotency.h"
#include "intake.h"

static void wipe_body(struct mf__put *put)
{
    if (put->body != NULL) {
        put->api->bytes_held -= put->body_capacity;
        mf_vault_memory_free(put->body, put->body_capacity);
    }
    put->body = NULL;
    put->body_size = 0;
}

static void end(struct mf__put *put)
{
    mf__idempotency_drop(put->owed, put->exchange);
    wipe_body(put);
    mf_free(put);
}

/* ---- answers ---------------------------------------------------------------------------------- */

void mf__put_reply_problem(MF_OWN struct mf__put *put, const struct mf__problem *problem)
{
    if (put->exchange != NULL) {
        mf__problem_reply(put->exchange, problem);
    }
    end(put);
}

void mf__put_reply_error(MF_OWN struct mf__put *put, int error)
{
    struct mf__problem problem = {.error = error};

    if (error == MF_E_OVERLOADED || error == MF_E_AGAIN) {
        problem.retry_after_s = 1;
    }
    if (error == MF_E_API_TYPE) {
        problem.detail = mf_slice_of_cstr("Send it as application/json.");
    }
    mf__put_reply_problem(put, &problem);
}

/* ["a","b"] */
static int append_names(struct mf_buf *out, struct mf_slice users)
{
    const char *comma = "";
    size_t begin = 0;
    int rc = mf_buf_append_cstr(out, "[");

    for (size_t at = 0; rc == 0 && at < users.size; at++) {
        if (users.data[at] != 0) {
            continue;
        }
        rc = mf_buf_append_cstr(out, comma);
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, mf_slice_of(users.data + begin, at - begin));
        }
        comma = ",";
        begin = at + 1;
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

/* ,"usedBy":{"outbounds":["a","b"]} */
static int append_users(struct mf_buf *out, const char *kind, struct mf_slice users)
{
    int rc = mf_buf_printf(out, ",\"usedBy\":{\"%s\":", kind);

    rc = rc < 0 ? rc : append_names(out, users);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

void mf__put_reply_used(MF_OWN struct mf__put *put, int error, const char *kind, struct mf_slice users)
{
    struct mf__problem problem = {.error = error};
    struct mf_buf members;
    struct mf_buf detail;

    mf_buf_init(&members, users.size * 3 + 64);
    mf_buf_init(&detail, 128);
    if (append_users(&members, kind, users) == 0 &&
        mf_buf_printf(&detail, "Change or delete the %s in usedBy first; nothing was changed.", kind) == 0) {
        problem.members = mf_buf_peek(&members);
        problem.detail = mf_buf_peek(&detail);
    }
    mf__put_reply_problem(put, &problem);
    mf_buf_done(&members);
    mf_buf_done(&detail);
}

void mf__put_reply_has(MF_OWN struct mf__put *put, int error, struct mf_slice kinds)
{
    struct mf__problem problem = {
        .error = error, .detail = mf_slice_of_cstr("Delete what is in has first; nothing was changed.")};
    struct mf_buf members;

    mf_buf_init(&members, kinds.size * 3 + 64);
    if (mf_buf_append_cstr(&members, ",\"has\":") == 0 && append_names(&members, kinds) == 0) {
        problem.members = mf_buf_peek(&members);
    }
    mf__put_reply_problem(put, &problem);
    mf_buf_done(&members);
}

void mf__put_reply_json(MF_OWN struct mf__put *put, int status, struct mf_slice body)
{
    static const char headers[] = "content-type\0application/json\0cache-control\0no-store";
    const struct mf_exchange *exchange = put->exchange;

    if (put->exchange != NULL) {
        mf__json_reply(put->exchange, status, body);
    }
    mf__idempotency_settle(put->owed, exchange, status, mf_slice_of(headers, sizeof headers), body);
    put->owed = NULL;
    end(put);
}

void mf__put_reply_empty(MF_OWN struct mf__put *put)
{
    const struct mf_exchange *exchange = put->exchange;

    if (put->exchange != NULL) {
        mf_exchange_reply(put->exchange, 204, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0));
    }
    mf__idempotency_settle(put->owed, exchange, 204, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0));
    put->owed = NULL;
    end(put);
}

/* ---- the body ---------------------------------------------------------------------------------- */

static void ready(struct mf__put *put)
{
    struct mf_buf why;
    cJSON *root = NULL;
    int rc;

    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    mf__json_secret_begin();
    rc = mf__json_parse(mf_slice_of(put->body, put->body_size), &root, &why);
    wipe_body(put);
    if (rc < 0) {
        struct mf__problem problem = {.error = rc, .detail = mf_buf_peek(&why)};
        mf__put_reply_problem(put, &problem);
    } else {
        put->root = root;
        put->on_ready(put); /* |put| may be gone after it. */
        cJSON_Delete(root);
    }
    mf__json_secret_end();
    mf_buf_done(&why);
}

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct mf__put *put = user;

    (void)exchange;
    if (bytes.size > put->body_capacity - put->body_size) {
        mf__put_reply_error(put, MF_E_HTTP_BODY);
        return;
    }
    if (bytes.size > 0) {
        memcpy(put->body + put->body_size, bytes.data, bytes.size);
    }
    put->body_size += bytes.size;
}

static void on_body_end(struct mf_exchange *exchange, void *user)
{
    (void)exchange;
    ready(user);
}

/* While the body comes nobody else holds the put; afterwards its resource does. */
static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct mf__put *put = user;

    (void)exchange;
    (void)error;
    put->exchange = NULL;
    if (put->body != NULL) {
        end(put);
    }
}

static const struct mf_exchange_events events = {.on_body = on_body,
                                                 .on_body_end = on_body_end,
                                                 .on_abort = on_abort};

static int begin_body(struct mf__put *put, size_t bytes_max)
{
    const struct mf_request *request = mf_exchange_request(put->exchange);

    if (!mf_slice_equal_nocase(mf__intake_type(request), "application/json")) {
        return MF_E_API_TYPE;
    }
    if (request->body_bytes > (int64_t)bytes_max) {
        return MF_E_HTTP_BODY;
    }
    put->body_capacity = request->body_bytes >= 0 ? (size_t)request->body_bytes : bytes_max;
    if (put->api->bytes_held + put->body_capacity > MF_API_HELD_BYTES_MAX) {
        return MF_E_OVERLOADED;
    }
    put->body = mf_vault_memory_new(put->body_capacity);
    if (put->body == NULL) {
        return MF_E_NO_MEMORY;
    }
    put->api->bytes_held += put->body_capacity;
    return 0;
}

static void begin(MF_OWN struct mf__put *put, size_t body_bytes_max, int rc)
{
    struct mf_slice tenant = mf__caller_tenant(put->exchange);

    memcpy(put->tenant_text, tenant.data, tenant.size);
    put->tenant = mf_slice_of(put->tenant_text, tenant.size);
    put->owed = mf__idempotency_owe(put->exchange);
    mf_exchange_listen(put->exchange, &events, put);
    mf_exchange_wipe_body(put->exchange);
    if (rc == 0 && body_bytes_max > 0) {
        rc = begin_body(put, body_bytes_max);
    }
    if (rc < 0) {
        mf__put_reply_error(put, rc);
    } else if (body_bytes_max > 0) {
        mf_exchange_read(put->exchange);
    } else {
        put->on_ready(put);
    }
}

static MF_OWN struct mf__put *
put_new(struct mf_api *api, struct mf_exchange *exchange, void (*on_ready)(struct mf__put *put))
{
    struct mf__put *put = mf_new(sizeof *put);

    put->api = api;
    put->exchange = exchange;
    put->on_ready = on_ready;
    return put;
}

void mf__put_begin(struct mf_api *api,
                   struct mf_exchange *exchange,
                   size_t body_bytes_max,
                   void (*on_ready)(struct mf__put *put))
{
    struct mf__put *put = put_new(api, exchange, on_ready);
    struct mf_slice name = mf__route_segment(exchange, 2);
    int rc = mf_store_name_is_valid(name) ? 0 : MF_E_API_NAME;

    if (rc == 0) {
        memcpy(put->name_text, name.data, name.size);
        put->name = mf_slice_of(put->name_text, name.size);
    }
    begin(put, body_bytes_max, rc);
}

void mf__put_begin_nameless(struct mf_api *api,
                            struct mf_exchange *exchange,
                            size_t body_bytes_max,
                            void (*on_ready)(struct mf__put *put))
{
    begin(put_new(api, exchange, on_ready), body_bytes_max, 0);
}
