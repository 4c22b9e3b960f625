/* What is sent to a collector: bounded in every direction, and gone in time when nobody takes it. */
#include <mayfly/trace_otlp.h>

#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)
#define REQUEST "{\"fetch\":1,\"host\":\"h\",\"method\":\"GET\",\"status\":200,\"startMs\":1.5,\"ms\":2,\"spanId\":\"00f067aa0ba902b7\"}"

static struct mf_trace *make(struct mf_slice requests, bool is_sampled)
{
    struct mf_trace_context context;
    struct mf_trace_run run = {.id = "run_a",
                               .context = &context,
                               .outcome = "ok",
                               .began_unix_ms = 1000,
                               .ended_unix_ms = 1010,
                               .wait_ns = 3 * MF_NS_PER_MS,
                               .queue_ns = 2 * MF_NS_PER_MS,
                               .wall_ns = 5 * MF_NS_PER_MS,
                               .requests = requests};
    struct mf_trace *trace;

    mf_trace_context_from(mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), &context);
    context.is_sampled = is_sampled;
    trace = mf_trace_new(&run, MF_TRACE_RECORD_BYTES_MAX);
    MF_CHECK(trace != NULL);
    return trace;
}

static size_t spans_of(struct mf_trace *trace, struct mf_buf *out)
{
    size_t count = 0;

    mf_buf_init(out, MF_OTLP_BODY_BYTES_MAX);
    MF_CHECK_INT(mf_otlp_write_spans(&trace, 1, out, &count), 0);
    return count;
}

static bool has(const struct mf_buf *out, const char *text)
{
    return memmem(out->data, out->size, text, strlen(text)) != NULL;
}

static void times_and_parents(void)
{
    struct mf_trace *trace = make(TEXT(REQUEST), true);
    struct mf_buf out;

    MF_CHECK_INT(spans_of(trace, &out), 4);
    /* Asked at 997 ms, an executor began at 1002 ms, it ended at 1007 ms; its request went out at 1001.5 ms. */
    MF_CHECK(has(&out, "\"kind\":2,\"startTimeUnixNano\":\"997000000\",\"endTimeUnixNano\":\"1007000000\""));
    MF_CHECK(has(&out, "\"startTimeUnixNano\":\"997000000\",\"endTimeUnixNano\":\"1002000000\",\"name\":\"wait\""));
    MF_CHECK(has(&out, "\"startTimeUnixNano\":\"1002000000\",\"endTimeUnixNano\":\"1007000000\",\"name\":\"run\""));
    MF_CHECK(has(&out, "\"spanId\":\"00f067aa0ba902b7\",\"parentSpanId\":"));
    MF_CHECK(has(&out, "\"kind\":3,\"startTimeUnixNano\":\"1001500000\",\"endTimeUnixNano\":\"1003500000\""));
    mf_buf_done(&out);
    mf_trace_unref(trace);
    trace = make(TEXT(REQUEST), false);
    MF_CHECK_INT(spans_of(trace, &out), 0);
    mf_buf_done(&out);
    mf_trace_unref(trace);
}

static void many_requests(void)
{
    struct mf_buf requests;
    struct mf_buf out;
    struct mf_trace *trace;

    mf_buf_init(&requests, 1 << 20);
    for (int i = 0; i < 2000; i++) {
        MF_CHECK_INT(mf_buf_append_cstr(&requests, i == 0 ? REQUEST : "," REQUEST), 0);
    }
    trace = make(mf_buf_peek(&requests), true);
    MF_CHECK_INT(spans_of(trace, &out), MF_OTLP_SPANS_MAX);
    mf_buf_done(&out);
    mf_buf_done(&requests);
    mf_trace_unref(trace);
}

static void nobody_there(void)
{
    const struct mf_otlp_options options = {.url = "http://127.0.0.1:1", .is_logged = true};
    char why[MF_OTLP_WHY_BYTES_MAX] = "";
    struct mf_otlp_state state;
    struct mf_trace *trace = make(TEXT(REQUEST), true);
    struct mf_otlp *otlp;
    uint64_t begin_ns;

    MF_CHECK_INT(mf_otlp_open(&options, &otlp, why), 0);
    for (int i = 0; i < MF_OTLP_QUEUE_MAX + MF_OTLP_BATCH_MAX + 100; i++) {
        mf_otlp_add(otlp, trace);
    }
    mf_otlp_state(otlp, &state);
    MF_CHECK(state.dropped >= 100 && state.queued <= MF_OTLP_QUEUE_MAX && state.sent == 0);
    begin_ns = mf_clock_now_ns();
    mf_otlp_close(otlp);
    MF_CHECK(mf_clock_now_ns() - begin_ns < 10 * MF_OTLP_CLOSE_MS * MF_NS_PER_MS);
    MF_CHECK_INT(atomic_load(&trace->refs), 1); /* None is held any more. */
    mf_trace_unref(trace);
}

int main(void)
{
    MF_RUN(times_and_parents);
    MF_RUN(many_requests);
    MF_RUN(nobody_there);
    return 0;
}
