/* worker_run.c - runs a stored worker, each request in an isolate of its own.
 *
 *   /v1/workers/{name}/fetch/...   the client's request is the worker's, and its answer the client's
 *   /v1/workers/{name}/run         what POST /v1/run takes, without the code
 *
 *   the worker, from the cache or the disk --> [run: intake.h, the call is read] --> its outbound --> [fetch: the request] --> serve.h */
#include <stdio.h>

#include <mayfly/wire.h>

#include "accept.h"
#include "code_cache.h"
#include "intake.h"
#include "mounts.h"
#include "outbounds.h"
#include "request.h"
#include "serve.h"
#include "worker_cache.h"

#define URL_BEGIN "http://worker.local"

struct invocation {
    struct mf_api *api;
    /* Its |exchange| from the beginning, the rest from the time when the body is read. */
    struct mf__intake intake;
    bool is_fetch;
    bool wants_envelope;
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    char id[MF_ID_BYTES_MAX];
    struct mf__call call;
    struct mf__call_fault fault;
    struct mf__worker_wait wait;
    struct mf__look look;
    int error; /* Of what was read. */
};

static void free_invocation(struct invocation *invocation)
{
    mf__call_done(&invocation->call);
    mf__call_fault_done(&invocation->fault);
    mf__intake_done(&invocation->intake);
    mf_free(invocation);
}

static void refuse(struct invocation *invocation, int error)
{
    if (invocation->intake.exchange != NULL) {
        mf__serve_refuse(invocation->api, invocation->intake.exchange, invocation->id, error,
                         &invocation->fault);
    }
    free_invocation(invocation);
}

/* ---- the request that the worker sees ----------------------------------------------------------------- */

static int write_url(const struct mf_request *request, struct mf_slice rest, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, rest.size == 0 ? URL_BEGIN "/" : URL_BEGIN);

    if (rc == 0) {
        rc = mf_buf_append_slice(out, rest);
    }
    if (rc == 0 && request->query.size > 0) {
        rc = mf_buf_append_cstr(out, "?");
    }
    return rc < 0 ? rc : mf_buf_append_slice(out, request->query);
}

/* What speaks of the connection between client and daemon is not the worker's. */
static bool is_of_connection(struct mf_slice name)
{
    static const char *const names[] = {"connection", "keep-alive", "transfer-encoding", "te",    "trailer",
                                        "upgrade",    "host",       "proxy-connection",  "expect"};

    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        if (mf_slice_equal_cstr(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* What is said to the daemon, no worker hears: it could be whoever says it. */
static bool is_for_us(const struct mf_api *api, struct mf_slice name)
{
    return mf_tenants_is_on(api->tenants) &&
           (mf_slice_equal_cstr(name, "authorization") || mf_slice_equal_cstr(name, "mayfly-tenant"));
}

static int write_headers(const struct mf_api *api, const struct mf_request *request, struct mf_buf *out)
{
    struct mf_header header;
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && mf_headers_next(request->headers, &cursor, &header) > 0) {
        bool is_kept = is_of_connection(header.name) || is_for_us(api, header.name);
        rc = is_kept ? 0 : mf_headers_append(out, header.name, header.value);
    }
    return rc;
}

static int append_request(struct invocation *invocation)
{
    struct mf_exchange *exchange = invocation->intake.exchange;
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mf_buf url;
    struct mf_buf headers;
    int rc;

    mf_buf_init(&url, MF_HTTP_TARGET_BYTES_MAX + sizeof URL_BEGIN + 1);
    mf_buf_init(&headers, MF_HEADERS_ENCODED_BYTES_MAX);
    rc = write_url(request, mf__route_rest(exchange, 4), &url);
    if (rc == 0) {
        rc = write_headers(invocation->api, request, &headers);
    }
    if (rc == 0) {
        rc = mf__request_parts(&invocation->call.bundle, request->method, mf_buf_peek(&url),
                               mf_buf_peek(&headers));
    }
    invocation->call.has_body = request->has_body;
    mf_buf_done(&url);
    mf_buf_done(&headers);
    return rc;
}

/* ---- run ------------------------------------------------------------------------------------------------ */

static void serve(struct invocation *invocation)
{
    struct mf__serve_spec spec = {.id = invocation->id,
                                  .wants_envelope = invocation->wants_envelope,
                                  .streams_body = invocation->is_fetch,
                                  .bytes_held = invocation->intake.bytes_held};

    invocation->intake.bytes_held = 0; /* Whoever serves it gives them back. */
    mf__serve(invocation->api, invocation->intake.exchange, &invocation->call, &spec);
    free_invocation(invocation);
}

static void resolved(struct invocation *invocation, int error)
{
    if (error == 0 && invocation->intake.exchange == NULL) {
        error = MF_E_CANCELED;
    }
    if (error == 0 && invocation->is_fetch) {
        error = append_request(invocation);
    }
    if (error < 0) {
        refuse(invocation, error);
    } else {
        serve(invocation);
    }
}

static void looked(struct mf__look *look, int error)
{
    struct invocation *invocation = MF_CONTAINER_OF(look, struct invocation, look);

    resolved(invocation,
             error < 0 ? error : mf__outbounds_resolved(invocation->api, look, &invocation->fault));
}

static void resolve(struct invocation *invocation)
{
    int rc = mf__outbounds_resolve(invocation->api, &invocation->call, &invocation->fault, &invocation->look,
                                   looked);

    if (rc != MF_E_AGAIN) {
        resolved(invocation, rc);
    }
}

/* [any] */
static void read_rest(struct mf__intake *intake)
{
    struct invocation *invocation = MF_CONTAINER_OF(intake, struct invocation, intake);
    struct mf_slice body = mf_buf_peek(&intake->body);

    invocation->error =
        mf__call_read_rest(&invocation->call, intake->config, body.size == 0 ? mf_slice_of_cstr("{}") : body,
                           &invocation->fault);
    mf_buf_done(&intake->body);
}

static void rest_read(struct mf__intake *intake, int error)
{
    struct invocation *invocation = MF_CONTAINER_OF(intake, struct invocation, intake);

    error = error < 0 ? error : invocation->error;
    error = error < 0 ? error
                      : mf__mounts_check_form(&invocation->call, invocation->wants_envelope,
                                              &invocation->fault);
    if (error < 0) {
        refuse(invocation, error);
    } else {
        resolve(invocation);
    }
}

static void found(struct mf__worker_wait *wait, int error, const struct mf__worker *worker)
{
    struct invocation *invocation = MF_CONTAINER_OF(wait, struct invocation, wait);
    struct mf_api *api = invocation->api;

    if (error == 0 && invocation->intake.exchange == NULL) {
        error = MF_E_CANCELED;
    }
    if (error < 0) {
        refuse(invocation, error);
        return;
    }
    mf__worker_call(worker, api->config, &invocation->call);
    mf__code_caches_consider(api->code_caches, worker);
    mf__caller_sign_files(mf__caller(invocation->intake.exchange), &invocation->call);
    if (invocation->is_fetch) {
        resolve(invocation);
    } else {
        mf__intake_begin(&invocation->intake, api, invocation->intake.exchange, api->config->body_bytes_max,
                         read_rest, rest_read);
    }
}

/* ---- the beginning -------------------------------------------------------------------------------------- */

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct invocation *invocation = user;

    (void)exchange;
    (void)error;
    invocation->intake.exchange = NULL; /* Whatever it waits for ends it. */
}

/* No body comes before it is asked for. */
static const struct mf_exchange_events waiting_events = {.on_abort = on_abort};

static void begin(struct mf_api *api, struct mf_exchange *exchange, bool is_fetch, bool wants_envelope)
{
    struct mf_slice name = mf__route_segment(exchange, 2);
    const struct mf__worker *worker = NULL;
    struct invocation *invocation;
    int rc = api->is_draining ? MF_E_DRAINING : 0;

    if (rc == 0 && !mf_store_name_is_valid(name)) {
        rc = MF_E_API_NAME;
    }
    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
        return;
    }
    invocation = mf_new(sizeof *invocation);
    invocation->api = api;
    invocation->intake.api = api;
    invocation->intake.exchange = exchange;
    invocation->is_fetch = is_fetch;
    invocation->wants_envelope = wants_envelope;
    memcpy(invocation->name, name.data, name.size);
    mf_random_id("run_", invocation->id);
    mf__call_init(&invocation->call, api->config);
    mf__caller_sign(mf__caller(exchange), &invocation->call);
    mf__call_fault_init(&invocation->fault);
    invocation->wait.done = found;
    mf_exchange_listen(exchange, &waiting_events, invocation);
    rc = mf__workers_get(api->workers, mf__caller_tenant(exchange), mf_slice_of_cstr(invocation->name),
                         &invocation->wait, &worker);
    if (rc != MF_E_AGAIN) {
        found(&invocation->wait, rc, worker);
    }
}

void mf__worker_fetch(struct mf_api *api, struct mf_exchange *exchange)
{
    begin(api, exchange, true, false);
}

void mf__worker_run(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mf__problem problem = {.error = MF_E_API_TYPE,
                                  .detail = mf_slice_of_cstr("Send the call as application/json.")};

    if (request->has_body && !mf_slice_equal_nocase(mf__intake_type(request), "application/json")) {
        mf__problem_reply(exchange, &problem);
        return;
    }
    begin(api, exchange, false, mf__accept_wants_json(mf_request_header(request, "accept"), true));
}
