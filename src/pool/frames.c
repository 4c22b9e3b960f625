/* frames.c - what an executor may say, and when: one table, as in a monitor of separated privileges. A frame that the
 * table, or its handler, does not expect now is an attack: the executor is killed and its runs end. */
#include "internal.h"

/* What "cut and marked" may add to MF_RUN_TEXT_BYTES_MAX. */
#define TEXT_MARK_BYTES 64

/* Handlers: 0, or MF_E_WIRE after mf__executor_attacked. |run| is NULL for frames that name none. */
typedef int handle_fn(struct executor *executor, struct mf_run *run, struct mf_slice payload);

int mf__frame_attack(struct executor *executor, const struct mf_run *run, const char *what)
{
    mf__executor_attacked(executor, "%s%s%s", what, run ? " in run " : "", run ? run->id : "");
    return MF_E_WIRE;
}

static int attack(struct executor *executor, const struct mf_run *run, const char *what)
{
    return mf__frame_attack(executor, run, what);
}

static int garbled(struct executor *executor, const struct mf_run *run, const char *name)
{
    mf__executor_attacked(executor, "a %s that cannot be read%s%s", name, run ? " in run " : "",
                          run ? run->id : "");
    return MF_E_WIRE;
}

static bool is_ascii_text(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

/* UTF-8 without control characters. */
static bool is_name(struct mf_slice text, size_t bytes_max)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    return text.size > 0 && text.size <= bytes_max && mf_slice_is_utf8(text);
}

/* RFC 9112 section 4: reason-phrase. */
static bool is_reason_phrase(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* What a run may end with by the executor's word: a general error (-60xx), one of runs (-64xx), or what it was canceled
 * with. The rest are the daemon's to say. */
static bool is_end_of_run(const struct mf_run *run, int error)
{
    return error == 0 || error / 100 == -60 || error / 100 == -64 || error == run->error;
}

/* ---- of the executor ------------------------------------------------------------------------ */

static int on_ready(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_ready ready;
    struct mf_pool *pool = executor->pool;
    (void)run;
    if (mf_decode_ready(payload, &ready) < 0) {
        return garbled(executor, NULL, "READY");
    }
    if (ready.v8_version.size >= MF_V8_VERSION_BYTES_MAX || !is_ascii_text(ready.v8_version)) {
        return attack(executor, NULL, "a version that is no version");
    }
    /* What it says of itself counts only so far: namespaces are what mf_jail_spawn made. */
    executor->layers = ready.layers & MF_JAIL_ALL & (executor->layers_spawned | ~JAIL_NAMESPACES);
    uint32_t missing = pool->layers_required & ~executor->layers;
    if (missing != 0) {
        mf__executor_attacked(executor, "it is ready without the jail layer %s, which is required",
                              mf_jail_layer_name((enum mf_jail_layer)__builtin_ctz(missing)));
        return MF_E_WIRE;
    }
    memcpy(pool->v8_version, ready.v8_version.data, ready.v8_version.size);
    pool->v8_version[ready.v8_version.size] = 0;
    mf__pool_executor_ready(executor);
    return 0;
}

static int on_status(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_status status;
    (void)run;
    if (mf_decode_status(payload, &status) < 0 || status.is_condemned > 1) {
        return garbled(executor, NULL, "STATUS");
    }
    executor->standby = status.standby;
    executor->refuses_runs = false;
    if (status.is_condemned && executor->state == MF_EXECUTOR_READY) {
        mf__executor_condemn(executor, executor->pool->times.drain_ms, "V8 died in it for one run");
    }
    return 0;
}

/* ---- what a run says ------------------------------------------------------------------------ */

static int on_log(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_log log;
    if (mf_decode_log(payload, &log) < 0) {
        return garbled(executor, run, "LOG");
    }
    run->log_bytes += log.text.size;
    run->logs_count++;
    if (run->log_bytes > (uint64_t)run->spec.log_bytes + TEXT_MARK_BYTES ||
        run->logs_count > MF_RUN_LOG_LINES_MAX) {
        return attack(executor, run, "more log text than was allowed");
    }
    if (run->events->on_log) {
        run->events->on_log(run, run->user, &log);
    }
    return 0;
}

static int on_exception(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_exception exception;
    if (mf_decode_exception(payload, &exception) < 0) {
        return garbled(executor, run, "EXCEPTION");
    }
    size_t most = MF_RUN_TEXT_BYTES_MAX + TEXT_MARK_BYTES;
    run->exceptions_count++;
    if (run->exceptions_count > MF_RUN_EXCEPTIONS_MAX || exception.name.size > most ||
        exception.message.size > most || exception.stack.size > most || exception.module.size > most) {
        return attack(executor, run, "more exceptions than were allowed");
    }
    if (run->events->on_exception) {
        run->events->on_exception(run, run->user, &exception);
    }
    return 0;
}

static int on_response(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_response response;
    if (mf_decode_response(payload, &response) < 0 || response.has_body > 1) {
        return garbled(executor, run, "RESPONSE");
    }
    if (run->has_response) {
        return attack(executor, run, "a second RESPONSE");
    }
    if (response.status < 200 || response.status > 599 || !is_reason_phrase(response.status_text) ||
        response.headers.size > MF_HEADERS_ENCODED_BYTES_MAX || mf_headers_check(response.headers) < 0) {
        return attack(executor, run, "a RESPONSE that is no HTTP");
    }
    run->has_response = true;
    if (!response.has_body) {
        run->response = STREAM_ENDED;
    } else if (run->response == STREAM_NONE) {
        run->response = STREAM_OPEN;
    } else if (mf__run_is_heard(run)) {
        mf__run_send_stop(run); /* The owner had said so before it began. */
    }
    if (mf__run_is_heard(run) && run->events->on_response) {
        run->events->on_response(run, run->user, &response);
    }
    return 0;
}

/* START crossed its STATUS, or it counts otherwise than we do: the run has not begun, another executor may have it. */
static int on_refused(struct executor *executor, struct mf_run *run)
{
    if (mf__run_may_move(run)) {
        mf__run_move(run);
    } else {
        mf__run_fail(run, MF_E_AGAIN);
    }
    executor->refuses_runs = true;
    if (executor->runs_count == 0) {
        mf__executor_condemn(executor, 0, "it refuses runs though it has none");
    }
    mf__executor_run_left(executor);
    return 0;
}

static int on_done(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_done done;
    if (mf_decode_done(payload, &done) < 0 || done.cache_use > 2 ||
        done.text.size > MF_RUN_TEXT_BYTES_MAX + TEXT_MARK_BYTES) {
        return garbled(executor, run, "DONE");
    }
    if (done.error == MF_E_AGAIN && !run->is_heard_of) {
        return on_refused(executor, run);
    }
    if (!is_end_of_run(run, done.error)) {
        return attack(executor, run, "DONE with an error that is none of a run");
    }
    bool is_answered = run->has_response && run->response != STREAM_OPEN;
    if (done.error == 0 && !(run->phase == RUN_RUNS ? is_answered : run->phase != RUN_SENDS)) {
        return attack(executor, run, "DONE without a whole response");
    }
    mf__run_finish(run, &done);
    return 0;
}

/* ---- fetches (fetch.c) ---------------------------------------------------------------------- */

static int on_fetch(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_fetch fetch;
    if (mf_decode_fetch(payload, &fetch) < 0 || fetch.has_body > 1 || fetch.redirect > 2 ||
        fetch.kind >= MF_FETCH_KINDS_COUNT) {
        return garbled(executor, run, "FETCH");
    }
    if (fetch.kind == MF_FETCH_CALL) {
        if (!is_name(fetch.method, MF_CALL_NAMESPACE_BYTES_MAX) ||
            !is_name(fetch.url, MF_CALL_NAME_BYTES_MAX) || fetch.headers.size > 0 || !fetch.has_body) {
            return attack(executor, run, "a call that names no tool");
        }
        return mf__fetch_on_fetch(executor, run, &fetch);
    }
    if (fetch.method.size == 0 || !is_ascii_text(fetch.method) || fetch.url.size == 0 ||
        !is_ascii_text(fetch.url) || fetch.headers.size > MF_HEADERS_ENCODED_BYTES_MAX ||
        mf_headers_check(fetch.headers) < 0) {
        return attack(executor, run, "a FETCH that is no HTTP");
    }
    return mf__fetch_on_fetch(executor, run, &fetch);
}

static int on_fetch_abort(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_fetch_abort abort;
    if (mf_decode_fetch_abort(payload, &abort) < 0) {
        return garbled(executor, run, "FETCH_ABORT");
    }
    return mf__fetch_on_abort(executor, run, abort.fetch);
}

/* ---- operations on workspaces (files.c) ------------------------------------------------------- */

static int on_files(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_files files;
    if (mf_decode_files(payload, &files) < 0 || files.is_more > 1 || files.mount >= MF_RUN_WORKSPACES_MAX) {
        return garbled(executor, run, "FILES");
    }
    return mf__files_on_files(executor, run, &files);
}

/* ---- code caches ----------------------------------------------------------------------------- */

static int on_code_cache(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_code_cache cache;
    if (mf_decode_code_cache(payload, &cache) < 0 || cache.bytes.size == 0) {
        return garbled(executor, run, "CODE_CACHE");
    }
    run->cache_bytes += cache.bytes.size;
    if (!(run->spec.flags & MF_START_MAKES_CACHE) || run->cache_bytes > MF_CODE_CACHE_BYTES_MAX) {
        return attack(executor, run, "a code cache that nobody asked for");
    }
    if (run->events->on_code_cache) {
        run->events->on_code_cache(run, run->user, cache.bytes);
    }
    return 0;
}

/* ---- splices (splice.c) --------------------------------------------------------------------- */

static int on_splice(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_splice splice;
    if (mf_decode_splice(payload, &splice) < 0) {
        return garbled(executor, run, "SPLICE");
    }
    return mf__splice_on_splice(executor, run, splice.fetch);
}

static int on_splice_rest(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_splice_rest rest;
    if (mf_decode_splice_rest(payload, &rest) < 0) {
        return garbled(executor, run, "SPLICE_REST");
    }
    return mf__splice_on_rest(executor, run, rest.fetch);
}

/* ---- streams: the response comes; credit and stop come for the request ----------------------- */

static int on_data(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_stream_data data;
    if (mf_decode_stream_data(payload, &data) < 0 || data.bytes.size == 0 ||
        data.bytes.size > MF_STREAM_CHUNK_BYTES_MAX) {
        return garbled(executor, run, "STREAM_DATA");
    }
    if (data.stream > MF_STREAM_RESPONSE) {
        return mf__fetch_on_data(executor, run, &data);
    }
    bool may_come =
        (run->response == STREAM_OPEN || run->response == STREAM_STOPPED) && run->splice.state != SPLICE_RUNS;
    if (data.stream != MF_STREAM_RESPONSE || !run->has_response || !may_come) {
        return attack(executor, run, "bytes on a stream that is not open");
    }
    run->response_bytes += data.bytes.size;
    if (mf_window_use(&run->response_window, data.bytes.size) < 0 ||
        run->response_bytes > run->spec.response_bytes) {
        return attack(executor, run, "more bytes of the response than were allowed");
    }
    if (run->response == STREAM_OPEN && mf__run_is_heard(run) && run->events->on_body) {
        run->events->on_body(run, run->user, data.bytes);
    }
    return 0;
}

/* The end of the response, well or not: 1 when the owner is to hear of it. */
static int end_response(struct executor *executor, struct mf_run *run, uint32_t stream)
{
    bool may_come = run->response == STREAM_OPEN || run->response == STREAM_STOPPED;
    if (stream != MF_STREAM_RESPONSE || !run->has_response || !may_come) {
        return attack(executor, run, "the end of a stream that is not open");
    }
    bool is_wanted = run->response == STREAM_OPEN && mf__run_is_heard(run);
    run->response = STREAM_ENDED;
    return is_wanted ? 1 : 0;
}

static int on_end(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_stream_end end;
    if (mf_decode_stream_end(payload, &end) < 0) {
        return garbled(executor, run, "STREAM_END");
    }
    if (end.stream > MF_STREAM_RESPONSE) {
        return mf__fetch_on_end(executor, run, end.stream, 0);
    }
    if (run->splice.state == SPLICE_RUNS) {
        return attack(executor, run, "the end of a response that it does not send");
    }
    int result = end_response(executor, run, end.stream);
    if (result == 1 && run->events->on_body_end) {
        run->events->on_body_end(run, run->user);
    }
    return result < 0 ? result : 0;
}

static int on_abort(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_stream_abort abort;
    if (mf_decode_stream_abort(payload, &abort) < 0 || abort.error == 0 || !is_end_of_run(run, abort.error) ||
        abort.text.size > MF_RUN_TEXT_BYTES_MAX + TEXT_MARK_BYTES) {
        return garbled(executor, run, "STREAM_ABORT");
    }
    if (abort.stream > MF_STREAM_RESPONSE) {
        return mf__fetch_on_end(executor, run, abort.stream, abort.error);
    }
    if (run->splice.state == SPLICE_OVER && run->response == STREAM_ENDED) {
        return 0; /* We ended it, and its run broke down before it heard of that. */
    }
    int result = end_response(executor, run, abort.stream);
    if (result == 1 && run->events->on_body_abort) {
        run->events->on_body_abort(run, run->user, abort.error, abort.text);
    }
    return result < 0 ? result : 0;
}

static int on_credit(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_stream_credit credit;
    if (mf_decode_stream_credit(payload, &credit) < 0) {
        return garbled(executor, run, "STREAM_CREDIT");
    }
    if (credit.stream > MF_STREAM_RESPONSE) {
        return mf__fetch_on_credit(executor, run, &credit);
    }
    bool may_come = run->request == STREAM_OPEN || run->request == STREAM_ENDED;
    if (credit.stream != MF_STREAM_REQUEST || !may_come ||
        mf_window_grant(&run->request_window, credit.bytes) < 0) {
        return attack(executor, run, "credit that was never used");
    }
    mf__run_offer_credit(run);
    return 0;
}

static int on_stop(struct executor *executor, struct mf_run *run, struct mf_slice payload)
{
    struct mf_msg_stream_stop stop;
    if (mf_decode_stream_stop(payload, &stop) < 0) {
        return garbled(executor, run, "STREAM_STOP");
    }
    if (stop.stream > MF_STREAM_RESPONSE) {
        return mf__fetch_on_stop(executor, run, stop.stream);
    }
    bool may_come = run->request == STREAM_OPEN || run->request == STREAM_ENDED;
    if (stop.stream != MF_STREAM_REQUEST || !may_come) {
        return attack(executor, run, "STREAM_STOP of a stream that is not open");
    }
    bool is_news = run->request == STREAM_OPEN && mf__run_is_heard(run);
    run->request = STREAM_STOPPED;
    if (is_news && run->events->on_request_stop) {
        run->events->on_request_stop(run, run->user);
    }
    return 0;
}

/* ---- the table ------------------------------------------------------------------------------ */

#define IN(state) (1u << (state))
#define SERVING (IN(MF_EXECUTOR_READY) | IN(MF_EXECUTOR_CONDEMNED))
#define STARTED (IN(RUN_RUNS) | IN(RUN_CANCELED))

static const struct frame_rule {
    uint16_t type;
    unsigned executor_states;
    unsigned run_phases; /* 0: the frame names no run. */
    handle_fn *handle;
} rules[] = {
    {MF_MESSAGE_READY, IN(MF_EXECUTOR_STARTING), 0, on_ready},
    {MF_MESSAGE_STATUS, SERVING | IN(MF_EXECUTOR_DYING), 0, on_status},
    {MF_MESSAGE_LOG, SERVING, STARTED, on_log},
    {MF_MESSAGE_EXCEPTION, SERVING, STARTED, on_exception},
    {MF_MESSAGE_RESPONSE, SERVING, STARTED, on_response},
    {MF_MESSAGE_FETCH, SERVING, STARTED, on_fetch},
    {MF_MESSAGE_FETCH_ABORT, SERVING, STARTED, on_fetch_abort},
    {MF_MESSAGE_FILES, SERVING, STARTED, on_files},
    {MF_MESSAGE_SPLICE, SERVING, STARTED, on_splice},
    {MF_MESSAGE_SPLICE_REST, SERVING, STARTED, on_splice_rest},
    {MF_MESSAGE_STREAM_DATA, SERVING, STARTED, on_data},
    {MF_MESSAGE_STREAM_END, SERVING, STARTED, on_end},
    {MF_MESSAGE_STREAM_ABORT, SERVING, STARTED, on_abort},
    {MF_MESSAGE_STREAM_CREDIT, SERVING, STARTED, on_credit},
    {MF_MESSAGE_STREAM_STOP, SERVING, STARTED, on_stop},
    {MF_MESSAGE_CODE_CACHE, SERVING, STARTED, on_code_cache},
    /* An executor may give up on a bundle before it has all of it. */
    {MF_MESSAGE_DONE, SERVING, STARTED | IN(RUN_SENDS), on_done},
};

static const struct frame_rule *rule_of(uint16_t type)
{
    for (size_t i = 0; i < MF_COUNT_OF(rules); i++) {
        if (rules[i].type == type) {
            return &rules[i];
        }
    }
    return NULL;
}

/* The run that |frame| names; NULL after an attack, or when the frame is to be ignored (*ret_error 0). */
static struct mf_run *run_of(struct executor *executor, const struct mf_frame *frame, int *ret_error)
{
    struct mf_run *run = mf_map_get(executor->runs_by_number, frame->run);
    if (run == &mf__ghost) {
        if (frame->type == MF_MESSAGE_DONE) {
            (void)mf_map_take(executor->runs_by_number, frame->run);
        }
        *ret_error = 0;
        return NULL;
    }
    if (!run) {
        mf__executor_attacked(executor, "%s for a run that it does not have", mf_message_name(frame->type));
        *ret_error = MF_E_WIRE;
    } else if (frame->type != MF_MESSAGE_DONE && !run->is_heard_of && run->phase == RUN_RUNS) {
        run->is_heard_of = true;
        mf__run_bundle_forget(run);
    }
    return run;
}

int mf__frame_handle(struct executor *executor, const struct mf_frame *frame)
{
    const struct frame_rule *rule = rule_of(frame->type);
    struct mf_run *run = NULL;
    int error = 0;
    if (rule && rule->run_phases != 0 && !(run = run_of(executor, frame, &error))) {
        return error;
    }
    if (!rule || !(rule->executor_states & IN(executor->state))) {
        mf__executor_attacked(executor, "%s while it is %s", mf_message_name(frame->type),
                              mf_executor_state_name(executor->state));
        return MF_E_WIRE;
    }
    if (!run && frame->run != 0) {
        return attack(executor, NULL, "a frame of the executor that names a run");
    }
    if (run && !(rule->run_phases & IN(run->phase))) {
        mf__executor_attacked(executor, "%s before run %s had begun", mf_message_name(frame->type), run->id);
        return MF_E_WIRE;
    }
    return rule->handle(executor, run, frame->payload);
}
