/* turn.c - what a turn does with V8: makes the guest ready the first time, then tells it what was queued.
 *
 * The thread that runs the turn owns the guest; the session's lock is held only to look at what others share.
 */
#include "program.h"
#include "session.h"

#include <stdio.h>

static uint64_t cpu_left_ns(const struct mf_session *session)
{
    uint64_t used_ns = session->cpu_ns + (mf_clock_thread_cpu_ns() - session->turn_cpu_since_ns);

    return used_ns < session->limits.cpu_ns ? session->limits.cpu_ns - used_ns : 0;
}

/* ---- before the first event ------------------------------------------------------------------------- */

/* CPU that this thread spent for the process, not for the run. */
static void forgive_cpu(struct mf_session *session, uint64_t cpu_ns)
{
    pthread_mutex_lock(&session->mutex);
    session->turn_cpu_since_ns += cpu_ns;
    pthread_mutex_unlock(&session->mutex);
}

/* A module that is no TypeScript becomes what a module that is no JavaScript becomes: an exception with a place. */
static void
report_syntax(struct mf_session *session, struct mf_slice name, const struct mf_strip_error *error)
{
    struct mf_slice message = mf_buf_peek(&error->message);
    struct mf_buf stack;
    struct mf_exception exception = {
        .name = mf_slice_of_cstr("SyntaxError"),
        .message = message,
        .module = name,
        .line = error->line,
        .column = error->column,
    };

    message =
        mf_text_cut(message, MF_RUN_TEXT_BYTES_MAX - 2 * MF_MODULE_NAME_BYTES_MAX); /* The rest is short. */
    mf_buf_init(&stack, MF_RUN_TEXT_BYTES_MAX);
    if (mf_buf_printf(&stack, "SyntaxError: %.*s\n    at %.*s:%u:%u", (int)message.size,
                      (const char *)message.data, (int)name.size, (const char *)name.data, error->line,
                      error->column) == 0) {
        exception.stack = mf_buf_peek(&stack);
    }
    pthread_mutex_lock(&session->mutex);
    mf_session_report(session, &exception);
    mf_buf_reset(&session->finish_text);
    if (mf_buf_printf(&session->finish_text,
                      "Failed to start Worker:\nUncaught SyntaxError: %.*s\n  at %.*s:%u:%u",
                      (int)message.size, (const char *)message.data, (int)name.size, (const char *)name.data,
                      error->line, error->column) < 0) {
        mf_buf_reset(&session->finish_text);
    }
    pthread_mutex_unlock(&session->mutex);
    mf_buf_done(&stack);
}

static int strip_module(struct mf_session *session, struct mf_module *module)
{
    struct mf_guest *guest = session->guest;
    struct mf_strip_error error = {.line = 0};
    struct mf_stripped *stripped = NULL;
    uint64_t idle_cpu_ns = 0;
    int result;

    mf_buf_init(&error.message, MF_RUN_TEXT_BYTES_MAX);
    result = mf_strip_module(&session->executor->strip, module->name, module->body, cpu_left_ns(session),
                             session, &stripped, &error, &idle_cpu_ns);
    forgive_cpu(session, idle_cpu_ns);
    if (result == 0) {
        guest->stripped[guest->stripped_count++] = stripped;
        module->body = stripped->text;
        module->mappings = stripped->mappings;
    } else if (result == MF_E_SYNTAX) {
        report_syntax(session, module->name, &error);
    }
    mf_buf_done(&error.message);
    return result;
}

/* The JavaScript of a program; what cannot be stripped stays as it is, and V8 says what is wrong with it. */
static int prepare_program(struct mf_session *session)
{
    struct mf_guest *guest = session->guest;
    struct mf_module *module = &guest->modules[0];
    struct mf_stripped *stripped = NULL;
    uint64_t idle_cpu_ns = 0;
    int result;

    module->body = mf_program_unfence(module->body, &guest->program_line);
    if (!mf_slice_ends_with(module->name, ".ts") || module->body.size > MF_TYPESCRIPT_BYTES_MAX / 2) {
        return 0;
    }
    result = mf_program_strip(&session->executor->strip, module, &guest->program_line, cpu_left_ns(session),
                              session, &stripped, &idle_cpu_ns);
    forgive_cpu(session, idle_cpu_ns);
    if (stripped != NULL) {
        guest->stripped[guest->stripped_count++] = stripped;
    }
    return result == MF_E_SYNTAX ? 0 : result;
}

/* A standby isolate; one made now when there is none, at nobody's expense. */
static int take_isolate(struct mf_session *session, struct mf_isolate **ret_isolate)
{
    struct mf_executor *executor = session->executor;
    uint64_t since_ns = mf_clock_thread_cpu_ns();
    int error;

    *ret_isolate = mf_standby_take(&executor->standby);
    if (*ret_isolate != NULL) {
        return 0;
    }
    error = mf_isolate_new(&executor->standby.options, ret_isolate);
    forgive_cpu(session, mf_clock_thread_cpu_ns() - since_ns);
    return error;
}

/* From here on CANCEL reaches it; one that came before is found here. */
static int publish_isolate(struct mf_session *session)
{
    int error;

    pthread_mutex_lock(&session->mutex);
    error = session->cancel_error;
    if (error == 0) {
        session->isolate = session->guest->isolate;
    }
    pthread_mutex_unlock(&session->mutex);
    return error;
}

int mf_session_prepare(struct mf_session *session)
{
    struct mf_guest *guest = session->guest;
    const struct mf_isolate_limits limits = {
        .memory_bytes_max = session->limits.memory_bytes,
        .is_clock_frozen = (session->limits.flags & MF_START_CLOCK_FROZEN) != 0,
    };
    int error = 0;

    if (guest->isolate != NULL) {
        return 0;
    }
    for (size_t i = 0; i < guest->typescript_count && error == 0; i++) {
        error = strip_module(session, &guest->modules[guest->typescript[i]]);
    }
    if (error == 0 && guest->is_program) {
        error = prepare_program(session);
    }
    if (error < 0) {
        return error;
    }
    error = take_isolate(session, &guest->isolate);
    if (error < 0) {
        guest->isolate = NULL;
        return error;
    }
    mf_isolate_attach(guest->isolate, (struct mf_isolate_host *)&session->base, &limits);
    error = publish_isolate(session);
    if (error < 0) {
        return error;
    }
    error = mf_isolate_set_modules(guest->isolate, guest->modules, guest->modules_count, guest->main);
    return error == MF_E_NOT_FOUND || error == MF_E_EXISTS || error == MF_E_TOO_MANY ? MF_E_STARTUP : error;
}

/* ---- events -------------------------------------------------------------------------------------------- */

#define ARGS_MAX 13

struct delivery {
    uint32_t event;
    struct mf_value args[ARGS_MAX];
    size_t count;
    struct mf_buf bytes; /* Args may point into it, */
    struct mf_buf body;  /* and into it. */
};

static void set(struct delivery *delivery, uint32_t event)
{
    delivery->event = event;
    delivery->count = 0;
}

static void add(struct delivery *delivery, struct mf_value value)
{
    MF_ASSERT(delivery->count < ARGS_MAX);
    delivery->args[delivery->count++] = value;
}

static void add_text(struct delivery *delivery, struct mf_slice text)
{
    add(delivery, mf_value_of(MF_VALUE_UTF8, text));
}

static void add_text_or(struct delivery *delivery, struct mf_slice text, const char *instead)
{
    add_text(delivery, text.size > 0 ? text : mf_slice_of_cstr(instead));
}

static void say_start(struct mf_session *session, struct delivery *delivery)
{
    const struct mf_guest *guest = session->guest;

    set(delivery, MF_EVENT_START);
    add_text(delivery, guest->date);
    add_text_or(delivery, guest->flags, "[]");
    add_text_or(delivery, guest->entrypoint, "default");
    add_text_or(delivery, guest->env, "{}");
    add_text_or(delivery, guest->props, "{}");
    add_text(delivery, guest->method);
    add_text(delivery, guest->url);
    add(delivery, mf_value_of(MF_VALUE_LATIN1, guest->headers));
    add(delivery, mf_value_bool(session->request.is_open));
    add_text(delivery,
             guest->is_program && guest->options.size == 0 ? mf_slice_of_cstr("{}") : guest->options);
    add(delivery, mf_value_number(guest->program_line));
    add_text_or(delivery, guest->workspaces, "[]");
    add_text(delivery, guest->tail);
}

static void say_timer(struct mf_session *session, struct delivery *delivery, struct mf_timer *timer)
{
    set(delivery, MF_EVENT_TIMER);
    add(delivery, mf_value_number(timer->id));
    mf_timers_clear(&session->timers, timer->id);
}

static void say_incoming(struct mf_session *session, struct delivery *delivery, struct mf_incoming *in)
{
    uint32_t stream = in->id;
    uint32_t grant = mf_incoming_take(in, &delivery->bytes);
    struct mf_fetch *fetch = stream > MF_STREAM_RESPONSE ? mf_session_fetch_get(session, stream / 2) : NULL;

    session->unread_bytes -= delivery->bytes.size;
    if (grant > 0) {
        mf_session_send_credit(session, stream, grant);
    }
    if (delivery->bytes.size > 0) {
        set(delivery, MF_EVENT_BODY_DATA);
        add(delivery, mf_value_number(stream));
        add(delivery, mf_value_of(MF_VALUE_BYTES, mf_buf_peek(&delivery->bytes)));
        return;
    }
    set(delivery, in->error == 0 ? MF_EVENT_BODY_END : MF_EVENT_BODY_ERROR);
    add(delivery, mf_value_number(stream));
    if (in->error != 0) {
        mf_buf_done(&delivery->bytes);
        delivery->bytes = in->error_text;
        mf_buf_init(&in->error_text, 0);
        add_text(delivery, mf_buf_peek(&delivery->bytes));
    }
    if (fetch != NULL) {
        mf_session_fetch_settle(session, fetch);
    }
}

static void say_outgoing(struct mf_session *session, struct delivery *delivery, struct mf_outgoing *out)
{
    set(delivery, out->has_stop ? MF_EVENT_BODY_STOP : MF_EVENT_BODY_DRAIN);
    add(delivery, mf_value_number(out->id));
    out->has_stop = false;
    out->has_room = false;
    (void)session;
}

/* The answer of a call is read to its end in any case: one event in place of three. */
static void add_whole_body(struct mf_session *session, struct delivery *delivery, struct mf_fetch *fetch)
{
    if (fetch->kind == MF_FETCH_CALL && fetch->response.is_open &&
        mf_incoming_take_whole(&fetch->response, &delivery->body)) {
        session->unread_bytes -= delivery->body.size;
        add(delivery, mf_value_of(MF_VALUE_BYTES, mf_buf_peek(&delivery->body)));
    }
}

static void say_fetch(struct mf_session *session, struct delivery *delivery, struct mf_fetch *fetch)
{
    /* The script may abort the fetch while it hears of it: the text moves out. */
    delivery->bytes = fetch->payload;
    mf_buf_init(&fetch->payload, 0);
    fetch->is_told = true;
    set(delivery, fetch->is_head ? MF_EVENT_FETCH_HEAD : MF_EVENT_FETCH_FAIL);
    add(delivery, mf_value_number(fetch->number));
    if (fetch->is_head) {
        add(delivery, mf_value_number(fetch->head.status));
        add_text(delivery, fetch->head.status_text);
        add(delivery, mf_value_of(MF_VALUE_LATIN1, fetch->head.headers));
        add_text(delivery, fetch->head.url);
        add(delivery, mf_value_bool(fetch->head.redirected != 0));
        add(delivery, mf_value_bool(fetch->head.has_body != 0));
        add_whole_body(session, delivery, fetch);
    } else {
        int error = fetch->fail.error;
        add_text_or(delivery, fetch->fail.text, mf_error_message(error));
        add(delivery, mf_value_bool(error != MF_E_LIMIT_SUBREQUESTS && error != MF_E_OUTBOUND_BLOCKED));
    }
    mf_session_fetch_settle(session, fetch);
}

static void say_files(struct mf_session *session, struct delivery *delivery, struct mf_file_op *op)
{
    delivery->bytes = op->bytes;
    mf_buf_init(&op->bytes, 0);
    set(delivery, MF_EVENT_FILES);
    add(delivery, mf_value_number(op->number));
    add(delivery, mf_value_of(op->is_error ? MF_VALUE_UTF8 : MF_VALUE_BYTES, mf_buf_peek(&delivery->bytes)));
    mf_session_files_forget(session, op);
}

/* Locked. Takes the next event and says it; false: there is none, or none is wanted. */
static bool next_delivery(struct mf_session *session, struct delivery *delivery)
{
    struct mf_list *item = session->is_finished ? NULL : mf_list_pop_front(&session->due);
    struct mf_notice *event;

    if (item == NULL) {
        return false;
    }
    *delivery = (struct delivery){.count = 0};
    event = MF_CONTAINER_OF(item, struct mf_notice, list);
    switch (event->source) {
    case MF_SOURCE_START:
        say_start(session, delivery);
        break;
    case MF_SOURCE_TIMER:
        say_timer(session, delivery, MF_CONTAINER_OF(event, struct mf_timer, event));
        break;
    case MF_SOURCE_INCOMING:
        say_incoming(session, delivery, MF_CONTAINER_OF(event, struct mf_incoming, event));
        break;
    case MF_SOURCE_OUTGOING:
        say_outgoing(session, delivery, MF_CONTAINER_OF(event, struct mf_outgoing, event));
        break;
    case MF_SOURCE_FETCH:
        say_fetch(session, delivery, MF_CONTAINER_OF(event, struct mf_fetch, event));
        break;
    case MF_SOURCE_FILES:
        say_files(session, delivery, MF_CONTAINER_OF(event, struct mf_file_op, event));
        break;
    }
    return true;
}

static int deliver_all(struct mf_session *session, struct mf_isolate *isolate)
{
    struct delivery delivery;
    bool is_more = true;
    int error = 0;

    while (error == 0 && is_more) {
        pthread_mutex_lock(&session->mutex);
        is_more = next_delivery(session, &delivery);
        pthread_mutex_unlock(&session->mutex);
        if (is_more) {
            error = mf_isolate_deliver(isolate, delivery.event, delivery.args, delivery.count);
            mf_buf_done(&delivery.bytes);
            mf_buf_done(&delivery.body);
        }
    }
    return error;
}

/* Of all modules that V8 has compiled by now, as parts of a bundle. What does not fit is left out: it is only slower. */
static void send_code_cache(struct mf_session *session)
{
    const struct mf_guest *guest = session->guest;
    struct mf_buf parts;

    mf_buf_init(&parts, MF_CODE_CACHE_BYTES_MAX);
    for (size_t i = 0, typescript = 0; i < guest->modules_count; i++) {
        struct mf_buf cache;
        if (typescript < guest->typescript_count && guest->typescript[typescript] == i) {
            typescript++; /* What it is stripped to is no part of the code. */
            continue;
        }
        mf_buf_init(&cache, MF_CODE_CACHE_BYTES_MAX);
        if (mf_isolate_code_cache(guest->isolate, i, &cache) == 0 && cache.size > 0) {
            mf_ignore(mf_bundle_append(&parts, MF_PART_CACHE, guest->modules[i].name, mf_buf_peek(&cache)));
        }
        mf_buf_done(&cache);
    }
    for (size_t at = 0; at < parts.size;) {
        size_t left = parts.size - at;
        size_t size = left < MF_STREAM_CHUNK_BYTES_MAX ? left : MF_STREAM_CHUNK_BYTES_MAX;
        mf_session_send_code_cache(session, mf_slice_of(parts.data + at, size));
        at += size;
    }
    mf_buf_done(&parts);
}

/* Between enter and leave, of a run that makes one. */
static void send_code_cache_at_end(struct mf_session *session)
{
    bool is_over;

    pthread_mutex_lock(&session->mutex);
    is_over = session->is_finished && session->state == MF_SESSION_RUNNING;
    pthread_mutex_unlock(&session->mutex);
    if (is_over) {
        send_code_cache(session);
    }
}

int mf_session_deliver(struct mf_session *session)
{
    struct mf_isolate *isolate = session->guest->isolate;
    struct mf_isolate_memory memory = {0};
    struct mf_watch watch;
    int error;

    mf_isolate_enter(isolate, MF_EXECUTOR_STACK_BYTES);
    mf_watchdog_begin(&session->executor->watchdog, &watch, isolate, cpu_left_ns(session), session);
    session->watch = &watch;
    error = deliver_all(session, isolate);
    if (error == 0 && (session->limits.flags & MF_START_MAKES_CACHE) != 0) {
        send_code_cache_at_end(session); /* A turn that V8 ended early leaves an isolate that is not to be asked. */
    }
    mf_watchdog_end(&session->executor->watchdog, &watch);
    mf_isolate_leave(isolate);
    mf_isolate_memory(isolate, &memory);
    pthread_mutex_lock(&session->mutex);
    session->watch = NULL;
    session->cache_use = mf_isolate_code_cache_use(isolate);
    session->memory_peak_bytes = memory.peak_bytes;
    pthread_mutex_unlock(&session->mutex);
    return error;
}
