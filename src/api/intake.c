#include "intake.h"

struct mf_slice mf__intake_type(const struct mf_request *request)
{
    struct mf_slice value = mf_request_header(request, "content-type");
    size_t size = 0;

    while (size < value.size && value.data[size] != ';' && value.data[size] != ' ') {
        size++;
    }
    return mf_slice_of(value.data, size);
}

void mf__intake_done(struct mf__intake *intake)
{
    intake->api->bytes_held -= intake->bytes_held;
    intake->bytes_held = 0;
    mf_buf_done(&intake->body);
    mf_config_unref(intake->config);
    intake->config = NULL;
}

static void request_work(uv_work_t *request)
{
    struct mf__intake *intake = request->data;

    intake->work(intake);
}

static void request_done(uv_work_t *request, int status)
{
    struct mf__intake *intake = request->data;

    intake->done(intake, status < 0 ? MF_E_CANCELED : 0);
}

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct mf__intake *intake = user;
    struct mf_api *api = intake->api;
    int rc = api->bytes_held + bytes.size > MF_API_HELD_BYTES_MAX ? MF_E_OVERLOADED
                                                                  : mf_buf_append_slice(&intake->body, bytes);

    (void)exchange;
    if (rc < 0) {
        intake->done(intake, rc == MF_E_TOO_LARGE ? MF_E_HTTP_BODY : rc);
        return;
    }
    intake->bytes_held += bytes.size;
    api->bytes_held += bytes.size;
}

static void on_body_end(struct mf_exchange *exchange, void *user)
{
    struct mf__intake *intake = user;

    (void)exchange;
    intake->is_whole = true;
    if (intake->body.size > MF_API_INLINE_PARSE_BYTES_MAX) {
        intake->request.data = intake;
        int rc = uv_queue_work(intake->api->loop, &intake->request, request_work, request_done);
        MF_ASSERT(rc == 0); /* Fails only without a callback. */
        return;
    }
    intake->work(intake);
    intake->done(intake, 0);
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct mf__intake *intake = user;

    (void)exchange;
    (void)error;
    intake->exchange = NULL;
    if (!intake->is_whole) {
        intake->done(intake, MF_E_CANCELED);
    }
}

static const struct mf_exchange_events events = {.on_body = on_body,
                                                 .on_body_end = on_body_end,
                                                 .on_abort = on_abort};

void mf__intake_begin(struct mf__intake *intake,
                      struct mf_api *api,
                      struct mf_exchange *exchange,
                      size_t bytes_max,
                      void (*work)(struct mf__intake *intake),
                      void (*done)(struct mf__intake *intake, int error))
{
    memset(intake, 0, sizeof *intake);
    intake->api = api;
    intake->config = mf_config_ref(api->config);
    intake->exchange = exchange;
    intake->work = work;
    intake->done = done;
    mf_buf_init(&intake->body, bytes_max);
    mf_exchange_listen(exchange, &events, intake);
    mf_exchange_read(exchange);
}
