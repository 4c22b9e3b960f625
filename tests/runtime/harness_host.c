/* The calls of struct mf_runtime_calls, as a test wants them. */
#include "harness.h"

/* ---- JSON lines ---------------------------------------------------------------------------- */

static struct mf_buf line;

static void must(int error)
{
    if (error < 0) {
        fprintf(stderr, "harness: %s\n", mf_error_message(error));
        exit(3);
    }
}

void print_begin(const char *event)
{
    mf_buf_init(&line, HARNESS_BYTES_MAX);
    must(mf_buf_printf(&line, "{\"event\":\"%s\"", event));
}

void print_text(const char *name, struct mf_slice text)
{
    must(mf_buf_printf(&line, ",\"%s\":", name));
    must(mf_buf_append_json_string(&line, text));
}

void print_number(const char *name, double number)
{
    must(mf_buf_printf(&line, ",\"%s\":%.0f", name, number));
}

void print_bytes(const char *name, struct mf_slice bytes)
{
    must(mf_buf_printf(&line, ",\"%s\":\"", name));
    must(mf_buf_append_base64(&line, bytes));
    must(mf_buf_append_cstr(&line, "\""));
}

void print_end(void)
{
    fwrite(line.data, 1, line.size, stdout);
    fputs("}\n", stdout);
    mf_buf_done(&line);
}

/* ---- events -------------------------------------------------------------------------------- */

static struct harness *harness_of(struct mf_runtime_host *host)
{
    return MF_CONTAINER_OF(host, struct harness, base);
}

static void post(struct harness *harness, uint32_t kind, uint32_t number, struct mf_slice bytes)
{
    struct harness_event *event = mf_new(sizeof(*event));
    event->kind = kind;
    event->number = number;
    event->bytes = bytes;
    mf_list_push_back(&harness->events, &event->list);
}

struct harness_call *harness_call(struct harness *harness, uint32_t fetch)
{
    return mf_map_get(harness->calls, fetch);
}

bool harness_next(struct harness *harness, struct harness_event **ret_event)
{
    struct mf_list *item = mf_list_pop_front(&harness->events);
    if (item != NULL) {
        *ret_event = MF_CONTAINER_OF(item, struct harness_event, list);
        return true;
    }
    struct harness_timer *best = NULL;
    MF_LIST_FOR_EACH(at, &harness->timers)
    {
        struct harness_timer *timer = MF_CONTAINER_OF(at, struct harness_timer, list);
        if (best == NULL || timer->due_ms < best->due_ms ||
            (timer->due_ms == best->due_ms && timer->order < best->order)) {
            best = timer;
        }
    }
    if (best == NULL) {
        return false;
    }
    if (best->due_ms > harness->now_ms) {
        harness->now_ms = best->due_ms;
    }
    struct harness_event *event = mf_new(sizeof(*event));
    event->kind = MF_EVENT_TIMER;
    event->number = best->id;
    mf_list_remove(&best->list);
    mf_free(best);
    *ret_event = event;
    return true;
}

/* ---- calls --------------------------------------------------------------------------------- */

static void on_log(struct mf_runtime_host *host, enum mf_log_method method, struct mf_slice text)
{
    (void)host;
    print_begin("log");
    print_number("method", method);
    print_text("text", text);
    print_end();
}

static void on_exception(struct mf_runtime_host *host, const struct mf_exception *exception)
{
    (void)host;
    print_begin("exception");
    print_text("name", exception->name);
    print_text("message", exception->message);
    print_text("stack", exception->stack);
    print_text("module", exception->module);
    print_number("line", exception->line);
    print_number("column", exception->column);
    print_end();
}

static void on_timer_clear(struct mf_runtime_host *host, uint32_t timer)
{
    MF_LIST_FOR_EACH(at, &harness_of(host)->timers)
    {
        struct harness_timer *one = MF_CONTAINER_OF(at, struct harness_timer, list);
        if (one->id == timer) {
            mf_list_remove(&one->list);
            mf_free(one);
            return;
        }
    }
}

static int on_timer_set(struct mf_runtime_host *host, uint32_t timer, uint64_t delay_ms)
{
    struct harness *harness = harness_of(host);
    on_timer_clear(host, timer);
    struct harness_timer *one = mf_new(sizeof(*one));
    one->id = timer;
    one->due_ms = harness->now_ms + delay_ms;
    one->order = harness->order++;
    mf_list_push_back(&harness->timers, &one->list);
    return 0;
}

static int on_respond(struct mf_runtime_host *host,
                      uint32_t status,
                      struct mf_slice status_text,
                      struct mf_slice headers,
                      bool has_body)
{
    (void)host;
    print_begin("respond");
    print_number("status", status);
    print_bytes("statusText", status_text);
    print_bytes("headers", headers);
    print_number("hasBody", has_body);
    print_end();
    return 0;
}

static int on_body_write(struct mf_runtime_host *host, uint32_t stream, struct mf_slice bytes, bool *ret_full)
{
    struct harness *harness = harness_of(host);
    if (stream != 1) {
        struct harness_call *call = harness_call(harness, stream / 2);
        must(mf_buf_append_slice(call != NULL ? &call->body : &harness->echo, bytes));
        *ret_full = false;
        return 0;
    }
    print_begin("write");
    print_number("stream", stream);
    print_bytes("bytes", bytes);
    print_end();
    harness->writes++;
    if (harness->test->stop_after > 0 && harness->writes == harness->test->stop_after) {
        post(harness, MF_EVENT_BODY_STOP, stream, mf_slice_of(NULL, 0));
        *ret_full = true;
        return 0;
    }
    *ret_full = harness->test->is_slow;
    if (*ret_full) {
        post(harness, MF_EVENT_BODY_DRAIN, stream, mf_slice_of(NULL, 0));
    }
    return 0;
}

/* What it was called with is whole. */
static void answer_call(struct harness *harness, uint32_t number)
{
    struct harness_call *call = harness_call(harness, number);
    const struct harness_case *test = harness->test;
    struct mf_buf answer;
    print_begin("args");
    print_number("number", number);
    print_text("text", mf_buf_peek(&call->body));
    print_end();
    if (mf_slice_equal_cstr(test->fetch, "never")) {
        return;
    }
    mf_buf_init(&answer, HARNESS_BYTES_MAX);
    if (test->answer.size > 0) {
        must(mf_buf_append_slice(&answer, test->answer));
    } else {
        must(mf_buf_append_cstr(&answer, "{\"ok\":"));
        must(mf_buf_append_slice(&answer, mf_buf_peek(&call->body)));
        must(mf_buf_append_cstr(&answer, "}"));
    }
    mf_buf_done(&call->body);
    call->body = answer;
    post(harness, MF_EVENT_FETCH_HEAD, number, mf_slice_of(NULL, 0));
}

static int on_body_end(struct mf_runtime_host *host, uint32_t stream)
{
    struct harness *harness = harness_of(host);
    if (harness_call(harness, stream / 2) != NULL) {
        answer_call(harness, stream / 2);
        return 0;
    }
    if (stream != 1) { /* The request of a fetch is whole: echo it. */
        post(harness, MF_EVENT_FETCH_HEAD, stream / 2, mf_slice_of(NULL, 0));
        return 0;
    }
    print_begin("end");
    print_number("stream", stream);
    print_end();
    return 0;
}

static void on_body_abort(struct mf_runtime_host *host, uint32_t stream, struct mf_slice text)
{
    (void)host;
    print_begin("abort");
    print_number("stream", stream);
    print_text("text", text);
    print_end();
}

static int on_body_pull(struct mf_runtime_host *host, uint32_t stream)
{
    struct harness *harness = harness_of(host);
    const struct harness_case *test = harness->test;
    struct harness_call *call = harness_call(harness, stream / 2);
    if (call != NULL) {
        post(harness, call->is_answered ? MF_EVENT_BODY_END : MF_EVENT_BODY_DATA, stream,
             mf_buf_peek(&call->body));
        call->is_answered = true;
        return 0;
    }
    if (stream != 0) {
        bool is_first = harness->echo_pulls++ == 0;
        post(harness, is_first ? MF_EVENT_BODY_DATA : MF_EVENT_BODY_END, stream, mf_buf_peek(&harness->echo));
        return 0;
    }
    if (harness->piece < test->pieces_count) {
        post(harness, MF_EVENT_BODY_DATA, stream, test->pieces[harness->piece++]);
    } else if (test->body_error.size > 0) {
        post(harness, MF_EVENT_BODY_ERROR, stream, test->body_error);
    } else {
        post(harness, MF_EVENT_BODY_END, stream, mf_slice_of(NULL, 0));
    }
    return 0;
}

static int on_body_copy(struct mf_runtime_host *host, uint32_t from, uint32_t to)
{
    (void)host;
    print_begin("copy");
    print_number("from", from);
    print_number("to", to);
    print_end();
    return 0; /* The script goes on by itself. */
}

static void on_body_cancel(struct mf_runtime_host *host, uint32_t stream)
{
    (void)host;
    print_begin("cancel");
    print_number("stream", stream);
    print_end();
}

static int on_call(struct harness *harness, const struct mf_runtime_fetch *fetch)
{
    struct harness_call *call = mf_new(sizeof(*call));
    MF_ASSERT(fetch->has_body && fetch->headers.size == 0);
    mf_buf_init(&call->body, HARNESS_BYTES_MAX);
    must(mf_map_put(harness->calls, fetch->number, call));
    print_begin("called");
    print_number("number", fetch->number);
    print_text("namespace", fetch->method);
    print_text("name", fetch->url);
    print_end();
    return mf_slice_equal_cstr(harness->test->fetch, "limit") ? MF_E_LIMIT_CALLS : 0;
}

static int on_fetch(struct mf_runtime_host *host, const struct mf_runtime_fetch *call)
{
    uint32_t fetch = call->number;
    struct harness *harness = harness_of(host);
    struct mf_slice mode = harness->test->fetch;
    if (call->kind != 0) {
        return on_call(harness, call);
    }
    print_begin("fetch");
    print_number("fetch", fetch);
    print_text("method", call->method);
    print_text("url", call->url);
    print_bytes("headers", call->headers);
    print_number("hasBody", call->has_body);
    if (call->has_body && call->body_bytes != MF_RUNTIME_BODY_BYTES_UNKNOWN) {
        print_number("bodyBytes", (double)call->body_bytes);
    }
    print_number("redirect", call->redirect);
    print_number("isAgain", call->is_again);
    print_end();
    if (mf_slice_equal_cstr(mode, "echo")) {
        mf_buf_reset(&harness->echo);
        harness->echo_pulls = 0;
        if (!call->has_body) {
            post(harness, MF_EVENT_FETCH_HEAD, fetch, mf_slice_of(NULL, 0));
        }
        return 0;
    }
    if (mf_slice_equal_cstr(mode, "pairs") && harness->fetches_open++ == 2) {
        harness->fetches_open = 2;
        return MF_RUNTIME_FETCH_LATER;
    }
    if (mf_slice_equal_cstr(mode, "fail") || mf_slice_equal_cstr(mode, "limit") ||
        mf_slice_equal_cstr(mode, "pairs")) {
        post(harness, MF_EVENT_FETCH_FAIL, fetch, mf_slice_of_cstr("Network connection lost."));
        return 0;
    }
    return mf_slice_equal_cstr(mode, "never") ? 0 : MF_E_OUTBOUND_BLOCKED;
}

static void on_fetch_abort(struct mf_runtime_host *host, uint32_t fetch)
{
    (void)host;
    print_begin("fetchAbort");
    print_number("fetch", fetch);
    print_end();
}

static void on_wait_until(struct mf_runtime_host *host, uint32_t open_count)
{
    harness_of(host)->wait_until = open_count;
    print_begin("waitUntil");
    print_number("count", open_count);
    print_end();
}

static void on_finish(struct mf_runtime_host *host, int error, struct mf_slice text)
{
    harness_of(host)->is_finished = true;
    print_begin("finish");
    print_text("code", mf_slice_of_cstr(error == 0 ? "" : mf_error_code(error)));
    print_text("text", text);
    print_end();
}

static void on_stripped(struct mf_runtime_host *host, const struct mf_runtime_stripped *stripped)
{
    harness_of(host)->is_finished = true;
    print_begin("stripped");
    print_text("code", mf_slice_of_cstr(stripped->error == 0 ? "" : mf_error_code(stripped->error)));
    print_text("text", stripped->text);
    print_text("mappings", stripped->mappings);
    print_number("line", stripped->line);
    print_number("column", stripped->column);
    print_end();
}

static const struct mf_runtime_calls calls = {
    .log = on_log,
    .exception = on_exception,
    .timer_set = on_timer_set,
    .timer_clear = on_timer_clear,
    .respond = on_respond,
    .body_write = on_body_write,
    .body_end = on_body_end,
    .body_abort = on_body_abort,
    .body_pull = on_body_pull,
    .body_copy = on_body_copy,
    .body_cancel = on_body_cancel,
    .fetch = on_fetch,
    .fetch_abort = on_fetch_abort,
    .wait_until = on_wait_until,
    .finish = on_finish,
    .stripped = on_stripped,
};

void harness_init(struct harness *harness, struct harness_case *test)
{
    memset(harness, 0, sizeof(*harness));
    harness->base.calls = &calls;
    harness->test = test;
    mf_list_init(&harness->events);
    mf_list_init(&harness->timers);
    mf_buf_init(&harness->echo, HARNESS_BYTES_MAX);
    harness->calls = mf_map_new(MF_RUN_CALLS_MAX + 1);
}

void harness_done(struct harness *harness)
{
    struct mf_list *item;
    while ((item = mf_list_pop_front(&harness->events)) != NULL) {
        mf_free(MF_CONTAINER_OF(item, struct harness_event, list));
    }
    while ((item = mf_list_pop_front(&harness->timers)) != NULL) {
        mf_free(MF_CONTAINER_OF(item, struct harness_timer, list));
    }
    mf_buf_done(&harness->echo);
    struct harness_call *call;
    size_t cursor = 0;
    while ((call = mf_map_next(harness->calls, &cursor)) != NULL) {
        mf_buf_done(&call->body);
        mf_free(call);
    }
    mf_map_free(harness->calls);
}
