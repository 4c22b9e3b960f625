/* run.c - POST /v1/run, until its call is read; serve.c has the rest of its life.
 *
 *   READING --body is whole--> PARSING --valid--> mf__serve
 *      |                          |
 *      +--------------------------+--> a problem
 *
 * The client may leave at any time; a call that a worker thread reads is freed when that is done. */
#include "accept.h"
#include "intake.h"
#include "mounts.h"
#include "outbounds.h"
#include "serve.h"

enum run_form { FORM_TYPESCRIPT, FORM_JAVASCRIPT, FORM_JSON };

struct run {
    struct mf_api *api;
    struct mf__intake intake;
    enum run_form form;
    bool wants_envelope;
    char id[MF_ID_BYTES_MAX];
    struct mf_buf query; /* Of the call's target: the curl form hands it on to the worker. */
    struct mf__call call;
    int parse_error;
    struct mf__call_fault fault;
    struct mf__look look;
};

/* Nothing else refers to it. */
static void free_run(struct run *run)
{
    mf__call_done(&run->call);
    mf__call_fault_done(&run->fault);
    mf__intake_done(&run->intake);
    mf_buf_done(&run->query);
    mf_free(run);
}

/* The end of it, unless it is served: the client is told, if it is there. */
static void refuse(struct run *run, int error)
{
    if (run->intake.exchange != NULL) {
        mf__serve_refuse(run->api, run->intake.exchange, run->id, error, &run->fault);
    }
    free_run(run);
}

static void serve(struct run *run)
{
    struct mf__serve_spec spec = {
        .id = run->id, .wants_envelope = run->wants_envelope, .bytes_held = run->intake.bytes_held};

    run->intake.bytes_held = 0; /* Whoever serves it gives them back. */
    mf__serve(run->api, run->intake.exchange, &run->call, &spec);
    free_run(run);
}

/* [any] */
static void parse(struct mf__intake *intake)
{
    struct run *run = MF_CONTAINER_OF(intake, struct run, intake);
    const struct mf_config *config = intake->config;
    struct mf_slice body = mf_buf_peek(&intake->body);

    if (run->form == FORM_JSON) {
        run->parse_error = mf__call_read_json(&run->call, config, body, &run->fault);
    } else {
        run->parse_error = mf__call_read_source(&run->call, config, body, run->form == FORM_TYPESCRIPT,
                                                mf_buf_peek(&run->query), &run->fault);
    }
    mf_buf_done(&intake->body);
}

static void resolved(struct run *run, int error)
{
    if (error < 0 || run->intake.exchange == NULL) {
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

static void parsed(struct mf__intake *intake, int error)
{
    struct run *run = MF_CONTAINER_OF(intake, struct run, intake);

    if (error == MF_E_HTTP_BODY) {
        mf_ignore(
            mf_buf_printf(&run->fault.why, "The body is larger than %zu bytes.", intake->body.bytes_max));
    }
    error = error < 0 ? error : run->parse_error;
    error = error < 0 ? error : mf__mounts_check_form(&run->call, run->wants_envelope, &run->fault);
    if (error == 0) {
        error = mf__outbounds_resolve(run->api, &run->call, &run->fault, &run->look, looked);
    }
    if (error != MF_E_AGAIN) {
        resolved(run, error);
    }
}

/* ---- the beginning ----------------------------------------------------------------------------- */

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
    struct mf_slice type = mf__intake_type(request);

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
    run->form = form;
    run->wants_envelope = mf__accept_wants_json(mf_request_header(request, "accept"), form == FORM_JSON);
    mf_random_id("run_", run->id);
    mf__call_init(&run->call, api->config);
    mf__caller_sign(mf__caller(exchange), &run->call);
    mf__call_fault_init(&run->fault);
    mf_buf_init(&run->query, request->query.size);
    rc = mf_buf_append_slice(&run->query, request->query);
    MF_ASSERT(rc == 0);
    mf__intake_begin(&run->intake, api, exchange,
                     form == FORM_JSON ? api->config->body_bytes_max : api->config->code_bytes_max, parse,
                     parsed);
}
