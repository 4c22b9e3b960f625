/* run.c - POST /v1/run, until its call is read; serve.c has the rest of its life.
 *
 *   READING --body is whole--> PARSING --valid--> mf__serve
 *      |                          |
 *      +--------------------------+--> a problem
 *
 * The client may leave at any time; a call that a worker thread reads is freed when that is done. */
#include "accept.h"
#include "outbounds.h"
#include "serve.h"

enum run_form { FORM_TYPESCRIPT, FORM_JAVASCRIPT, FORM_JSON };

struct run {
    struct mf_api *api;
    struct mf_exchange *exchange; /* NULL once it has ended. */
    bool is_parsing;
    enum run_form form;
    bool wants_envelope;
    char id[MF_ID_BYTES_MAX];
    struct mf_buf source; /* The body of the call. */
    struct mf_buf query;  /* Of the call's target: the curl form hands it on to the worker. */
    uint64_t bytes_held;  /* Counted in api->bytes_held. */
    struct mf__call call;
    uv_work_t work;
    int parse_error;
    struct mf__call_fault fault;
    struct mf__look look;
};

/* Nothing else refers to it. */
static void free_run(struct run *run)
{
    run->api->bytes_held -= run->bytes_held;
    mf__call_done(&run->call);
    mf__call_fault_done(&run->fault);
    mf_buf_done(&run->source);
    mf_buf_done(&run->query);
    mf_free(run);
}

static void refuse(struct run *run, int error)
{
    mf__serve_refuse(run->api, run->exchange, run->id, error, &run->fault);
    free_run(run);
}

static void serve(struct run *run)
{
    struct mf__serve_spec spec = {
        .id = run->id, .wants_envelope = run->wants_envelope, .bytes_held = run->bytes_held};

    run->bytes_held = 0; /* Whoever serves it gives them back. */
    mf__serve(run->api, run->exchange, &run->call, &spec);
    free_run(run);
}

/* Any thread: reads |run->source| and nothing that the loop thread writes meanwhile. */
static void parse(struct run *run)
{
    const struct mf_config *config = run->api->config;
    struct mf_slice body = mf_buf_peek(&run->source);

    if (run->form == FORM_JSON) {
        run->parse_error = mf__call_read_json(&run->call, config, body, &run->fault);
    } else {
        run->parse_error = mf__call_read_source(&run->call, config, body, run->form == FORM_TYPESCRIPT,
                                                mf_buf_peek(&run->query), &run->fault);
    }
}

static void resolved(struct run *run, int error)
{
    if (run->exchange == NULL) {
        free_run(run); /* The client left meanwhile. */
    } else if (error < 0) {
        refuse(run, error);
    } else {
        serve(run);
    }
}

static void looked(struct mf__look *look, int error)
{
    struct run *run = MF_CONTAINER_OF(look, struct run, look);

    resolved(run, error < 0 ? error : mf__outbounds_resolved(run->api, look, &run->fault));
}

static void parsed(struct run *run)
{
    int rc = run->parse_error;

    mf_buf_done(&run->source);
    if (rc == 0) {
        rc = mf__outbounds_resolve(run->api, &run->call, &run->fault, &run->look, looked);
    }
    if (rc != MF_E_AGAIN) {
        resolved(run, rc);
    }
}

static void parse_work(uv_work_t *work)
{
    parse(work->data);
}

static void parse_done(uv_work_t *work, int status)
{
    struct run *run = work->data;

    if (status < 0) {
        run->parse_error = MF_E_CANCELED;
    }
    parsed(run);
}

/* ---- what the exchange says ------------------------------------------------------------------- */

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct run *run = user;
    struct mf_api *api = run->api;
    int rc = api->bytes_held + bytes.size > MF_API_HELD_BYTES_MAX ? MF_E_OVERLOADED
                                                                  : mf_buf_append_slice(&run->source, bytes);
    (void)exchange;
    if (rc == MF_E_TOO_LARGE) {
        mf_ignore(
            mf_buf_printf(&run->fault.why, "The body is larger than %zu bytes.", run->source.bytes_max));
        rc = MF_E_HTTP_BODY;
    }
    if (rc < 0) {
        refuse(run, rc);
        return;
    }
    run->bytes_held += bytes.size;
    api->bytes_held += bytes.size;
}

static void on_body_end(struct mf_exchange *exchange, void *user)
{
    struct run *run = user;

    (void)exchange;
    run->is_parsing = true;
    if (run->source.size > MF_API_INLINE_PARSE_BYTES_MAX) {
        run->work.data = run;
        int rc = uv_queue_work(run->api->loop, &run->work, parse_work, parse_done);
        MF_ASSERT(rc == 0); /* Fails only without a callback. */
        return;
    }
    parse(run);
    parsed(run);
}

static void on_drain(struct mf_exchange *exchange, void *user)
{
    (void)exchange;
    (void)user;
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct run *run = user;

    (void)exchange;
    (void)error;
    run->exchange = NULL;
    if (!run->is_parsing) {
        free_run(run); /* Else parsed() sees that nobody is there. */
    }
}

static const struct mf_exchange_events exchange_events = {
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_drain = on_drain,
    .on_abort = on_abort,
};

/* ---- the beginning ----------------------------------------------------------------------------- */

/* "application/json; charset=utf-8" to "application/json". */
static struct mf_slice media_type(struct mf_slice value)
{
    size_t size = 0;

    while (size < value.size && value.data[size] != ';' && value.data[size] != ' ') {
        size++;
    }
    return mf_slice_of(value.data, size);
}

static int read_form(const struct mf_request *request, enum run_form *ret_form)
{
    static const struct {
        const char *type;
        enum run_form form;
    } forms[] = {
        {"application/json", FORM_JSON},
        {"application/typescript", FORM_TYPESCRIPT},
        {"text/typescript", FORM_TYPESCRIPT},
        {"text/javascript", FORM_JAVASCRIPT},
        {"application/javascript", FORM_JAVASCRIPT},
        {"application/ecmascript", FORM_JAVASCRIPT},
    };
    struct mf_slice type = media_type(mf_request_header(request, "content-type"));

    for (size_t i = 0; i < MF_COUNT_OF(forms); i++) {
        if (mf_slice_equal_nocase(type, forms[i].type)) {
            *ret_form = forms[i].form;
            return 0;
        }
    }
    return MF_E_API_TYPE;
}

void mf__run_post(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    enum run_form form;
    struct run *run;
    int rc = api->is_draining ? MF_E_DRAINING : read_form(request, &form);

    if (rc < 0) {
        struct mf__problem problem = {.error = rc};
        if (rc == MF_E_API_TYPE) {
            problem.detail = mf_slice_of_cstr("Send TypeScript as application/typescript, JavaScript as "
                                              "text/javascript, or a whole call as application/json.");
        }
        mf__problem_reply(exchange, &problem);
        return;
    }
    run = mf_new(sizeof *run);
    run->api = api;
    run->exchange = exchange;
    run->form = form;
    run->wants_envelope = mf__accept_wants_json(mf_request_header(request, "accept"), form == FORM_JSON);
    mf_random_id("run_", run->id);
    mf_buf_init(&run->source, form == FORM_JSON ? api->config->body_bytes_max : api->config->code_bytes_max);
    mf__call_init(&run->call, api->config);
    mf__call_fault_init(&run->fault);
    mf_buf_init(&run->query, MF_HTTP_TARGET_BYTES_MAX);
    rc = mf_buf_append_slice(&run->query, request->query);
    if (rc < 0) {
        refuse(run, rc);
        return;
    }
    mf_exchange_listen(exchange, &exchange_events, run);
    mf_exchange_read(exchange);
}
