/* Records: what they show, what they hide, what is cut, and which of them are kept. */
#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)
#define LOG(text) "{\"level\":\"log\",\"timestamp\":1,\"message\":\"" text "\"}"
#define LIST(literal) mf_slice_of(literal, sizeof literal - 1)

static struct mf_buf line;
static struct mf_buf headers;
static bool is_cut;

/* ---- the request ------------------------------------------------------------------------------------- */

static void show(const char *url, struct mf_slice list)
{
    mf_buf_done(&line);
    mf_buf_done(&headers);
    mf_buf_init(&line, 65536);
    mf_buf_init(&headers, MF_TRACE_HEADERS_BYTES_MAX);
    MF_CHECK_INT(mf_trace_request(TEXT("GET"), TEXT(url), list, &line, &headers, &is_cut), 0);
}

static void expect_url(const char *url, const char *shown)
{
    char text[512];

    show(url, LIST(""));
    (void)snprintf(text, sizeof text, "\"method\":\"GET\",\"url\":\"%s\"", shown);
    MF_CHECK_TEXT(mf_buf_peek(&line), text);
}

static void urls(void)
{
    expect_url("http://worker.local/", "http://worker.local/");
    expect_url("http://h/a?b=c&d", "http://h/a?b=c&d");
    expect_url("http://h/a?access_token=abc&x=1&API_KEY=2#frag",
               "http://h/a?access_token=REDACTED&x=1&API_KEY=REDACTED");
    expect_url("https://me:secret@h:1/p@q?e=f@g", "https://h:1/p@q?e=f@g");
    expect_url("https://a@b@h/", "https://h/");
    expect_url("http://h?sig=1", "http://h?sig=REDACTED");
    expect_url("http://h/?&&sessionid=1&", "http://h/?&&sessionid=REDACTED&");
    expect_url("no url", "no url");
    expect_url("http://h/\x1b[31m\n\"", "http://h/\\u001b[31m\\n\\\"");
}

static void hidden_headers(void)
{
    show("http://h/", LIST("accept\0*/*\0Authorization\0Bearer "
                           "abc\0x-api-key\0k\0Cookie\0a=b\0accept\0text/html\0x-l\0\xe4\0"));
    MF_CHECK_TEXT(mf_buf_peek(&headers),
                  "{\"accept\":\"*/*, text/html\",\"authorization\":\"REDACTED\",\"x-api-key\":"
                  "\"REDACTED\",\"cookie\":\"REDACTED\",\"x-l\":\"\xc3\xa4\"}");
    MF_CHECK(!is_cut);
}

static void large_headers(void)
{
    struct mf_buf list;
    char value[5000];

    memset(value, '"', sizeof value); /* Twice as long as JSON. */
    mf_buf_init(&list, 1 << 20);
    for (int i = 0; i < 200; i++) {
        MF_CHECK_INT(mf_buf_printf(&list, "h%d%c", i, 0), 0);
        MF_CHECK_INT(mf_buf_append(&list, value, i == 0 ? sizeof value : 3), 0);
        MF_CHECK_INT(mf_buf_append(&list, "", 1), 0);
    }
    show("http://h/", mf_buf_peek(&list));
    MF_CHECK(is_cut && headers.data[headers.size - 1] == '}');
    MF_CHECK(memmem(headers.data, headers.size, "\"h0\"", 4) == NULL);  /* It does not fit; */
    MF_CHECK(memmem(headers.data, headers.size, "\"h63\"", 5) != NULL); /* the small ones behind it do, */
    MF_CHECK(memmem(headers.data, headers.size, "\"h64\"", 5) == NULL); /* as many as may. */
    mf_buf_done(&list);
}

/* ---- records ---------------------------------------------------------------------------------------------- */

static struct mf_trace_context context;

static struct mf_trace *make(const char *id, struct mf_slice logs, size_t bytes_max, uint64_t ended_ms)
{
    struct mf_trace_run run = {
        .id = id,
        .kind = MF_TRACE_WORKER,
        .context = &context,
        .worker = TEXT("w"),
        .outcome = "ok",
        .began_unix_ms = 1,
        .ended_unix_ms = ended_ms,
        .logs = logs,
        .exceptions = TEXT("{\"timestamp\":1,\"name\":\"Error\",\"message\":\"boom }]\\\" {[\"}")};
    struct mf_trace *trace = mf_trace_new(&run, bytes_max);

    MF_CHECK(trace != NULL);
    return trace;
}

static bool matches(const struct mf_trace *trace, struct mf_trace_filter filter)
{
    return mf_trace_matches(trace, &filter);
}

static void filters(void)
{
    struct mf_trace *trace = make("run_a", TEXT(LOG("hello \\\"you\\\" }{") "," LOG("second")), 65536, 100);

    MF_CHECK(matches(trace, (struct mf_trace_filter){0}));
    MF_CHECK(matches(
        trace, (struct mf_trace_filter){.worker = TEXT("w"), .outcome = TEXT("ok"), .kind = TEXT("worker")}));
    MF_CHECK(!matches(trace, (struct mf_trace_filter){.worker = TEXT("x")}));
    MF_CHECK(!matches(trace, (struct mf_trace_filter){.outcome = TEXT("failed")}));
    MF_CHECK(!matches(trace, (struct mf_trace_filter){.tenant = TEXT("other")}));
    MF_CHECK(matches(trace, (struct mf_trace_filter){.tenant = TEXT("")}));
    MF_CHECK(matches(trace, (struct mf_trace_filter){.since_unix_ms = 100}));
    MF_CHECK(!matches(trace, (struct mf_trace_filter){.since_unix_ms = 101}));
    MF_CHECK(matches(trace, (struct mf_trace_filter){.search = TEXT("\\\"you\\\"")}));
    MF_CHECK(matches(trace, (struct mf_trace_filter){.search = TEXT("second")}));
    MF_CHECK(matches(trace, (struct mf_trace_filter){.search = TEXT("boom")}));
    MF_CHECK(!matches(
        trace, (struct mf_trace_filter){.search = TEXT("message")})); /* A name of ours is nobody's text. */
    MF_CHECK(!matches(trace, (struct mf_trace_filter){.search = TEXT("third")}));
    mf_trace_unref(trace);
}

static void cut_records(void)
{
    struct mf_buf logs;
    struct mf_buf out;
    struct mf_trace *trace;

    mf_buf_init(&logs, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        MF_CHECK_INT(mf_buf_printf(&logs, "%s" LOG("line %d }"), i == 0 ? "" : ",", i), 0);
    }
    trace = make("run_b", mf_buf_peek(&logs), 16384, 1);
    MF_CHECK(trace->bytes <= 16384 && trace->bytes > 15000);
    MF_CHECK(mf_trace_is_cut(trace));
    MF_CHECK(mf__list_count(trace->run.logs) > 100 && mf__list_count(trace->run.exceptions) == 1);
    MF_CHECK(trace->run.logs.data[trace->run.logs.size - 1] == '}');
    mf_buf_init(&out, mf_trace_write_bytes_max(trace));
    MF_CHECK_INT(mf_trace_write_item(trace, &out), 0);
    MF_CHECK(memmem(out.data, out.size, "\"message\":[\"line 1 }\"]}", 23) != NULL);
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_trace_write_whole(trace, &out), 0);
    MF_CHECK(memmem(out.data, out.size, "\"truncated\":true", 16) != NULL);
    mf_buf_done(&out);
    mf_trace_unref(trace);
    trace = make("run_c", mf_buf_peek(&logs), MF_TRACE_RECORD_BYTES_MIN, 1);
    MF_CHECK(mf_trace_is_cut(trace));
    mf_trace_unref(trace);
    mf_buf_done(&logs);
}

static void add(struct mf_traces *traces, const char *id, uint64_t ended_ms)
{
    struct mf_trace *trace = make(id, TEXT(LOG("x")), 65536, ended_ms);

    mf_traces_add(traces, trace);
    mf_trace_unref(trace);
}

static struct mf_traces_state state_of(const struct mf_traces *traces)
{
    struct mf_traces_state state;

    mf_traces_state(traces, &state);
    return state;
}

static void kept(void)
{
    struct mf_traces_limits limits = {.count_max = 3, .bytes_max = 1 << 20, .age_ms_max = 1000};
    struct mf_traces *traces = mf_traces_new(&limits);
    struct mf_trace *trace;

    add(traces, "run_1", 1);
    add(traces, "run_2", 2);
    add(traces, "run_3", 3);
    add(traces, "run_4", 4);
    MF_CHECK(mf_traces_find(traces, TEXT("run_1"), 4) == NULL);
    MF_CHECK(mf_traces_find(traces, TEXT("run_2"), 4) != NULL);
    trace = mf_traces_newest(traces, UINT64_MAX);
    MF_CHECK(strcmp(trace->id, "run_4") == 0);
    trace = mf_traces_older(traces, trace);
    MF_CHECK(strcmp(trace->id, "run_3") == 0);
    MF_CHECK(strcmp(mf_traces_newest(traces, mf_trace_number(trace))->id, "run_2") == 0);
    MF_CHECK(mf_traces_newest(traces, 1) == NULL);
    MF_CHECK_INT(state_of(traces).dropped, 1);
    MF_CHECK(mf_traces_find(traces, TEXT("run_2"), 1003) == NULL); /* Too old by now, */
    MF_CHECK(mf_traces_find(traces, TEXT("run_3"), 1003) != NULL); /* and this one is not. */
    limits.bytes_max = state_of(traces).bytes / 2;
    mf_traces_configure(traces, &limits);
    MF_CHECK_INT(state_of(traces).count, 1);
    limits.count_max = 0;
    mf_traces_configure(traces, &limits);
    add(traces, "run_5", 5);
    MF_CHECK_INT(state_of(traces).count, 0);
    MF_CHECK_INT(state_of(traces).bytes, 0);
    MF_CHECK_INT(state_of(traces).dropped, 3); /* Whoever keeps none drops none. */
    mf_traces_add(traces, NULL);
    MF_CHECK_INT(state_of(traces).lost, 1);
    mf_traces_free(traces);
}

int main(void)
{
    mf_trace_context_from(mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), &context);
    MF_RUN(urls);
    MF_RUN(hidden_headers);
    MF_RUN(large_headers);
    MF_RUN(filters);
    MF_RUN(cut_records);
    MF_RUN(kept);
    mf_buf_done(&line);
    mf_buf_done(&headers);
    return 0;
}
