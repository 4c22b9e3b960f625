/* pool_fake.h - an executor without V8: the test program itself, started again, speaks the wire on fd 3 and does what the
 * first line of a run's bundle says. How it starts is said by executors.v8Flags. */
#ifndef MAYFLY_TESTS_POOL_FAKE_H
#define MAYFLY_TESTS_POOL_FAKE_H

#include <signal.h>
#include <unistd.h>

#include <mayfly/wire.h>

#include "check.h"

#define FAKE_RUNS_MAX 64
#define FAKE_VERSION "13.6-fake"

struct fake_run {
    uint32_t number; /* 0: free */
    uint64_t bundle_bytes;
    uint32_t flags;
    uint32_t pieces;
    struct mf_buf bundle;
    char verb[32];
    struct mf_window request;
    struct mf_window response;
    uint64_t body_left; /* Of "body" and "relay". */
    uint64_t relayed;   /* Bytes that came back of "relay". */
    struct mf_window fetch_request;
    struct mf_window fetch_response;
    bool is_stopped;
    bool is_spliced;
    bool is_done;
};

static struct fake_run fake_runs[FAKE_RUNS_MAX];
static const char *fake_start = "";
static void (*fake_chaos)(struct fake_run *run); /* What "chaos" does. */

static void fake_send(struct mf_buf *out)
{
    size_t sent = 0;
    while (sent < out->size) {
        ssize_t wrote = write(3, out->data + sent, out->size - sent);
        if (wrote <= 0) {
            _exit(9);
        }
        sent += (size_t)wrote;
    }
    mf_buf_reset(out);
}

/* FAKE_SAY(log, number, .text = ...) encodes and sends one frame. */
#define FAKE_SAY(name, number, ...)                                                                          \
    do {                                                                                                     \
        struct mf_buf fake_out;                                                                              \
        struct mf_msg_##name fake_message = {__VA_ARGS__};                                                   \
        mf_buf_init(&fake_out, 1 << 20);                                                                     \
        if (mf_encode_##name(&fake_out, (number), &fake_message) < 0) {                                      \
            _exit(8);                                                                                        \
        }                                                                                                    \
        fake_send(&fake_out);                                                                                \
        mf_buf_done(&fake_out);                                                                              \
    } while (0)

#define FAKE_TEXT(text) mf_slice_of_cstr(text)

static void fake_done(struct fake_run *run, int error, const char *text)
{
    FAKE_SAY(done, run->number, .error = error, .cpu_ns = 1000, .host_wait_ns = 2000,
             .memory_peak_bytes = 3000, .subrequests = 4, .logs_dropped = 5, .exceptions_dropped = 6,
             .text = FAKE_TEXT(text));
    if (error != MF_E_AGAIN) {
        FAKE_SAY(status, 0, .standby = 4);
    }
    mf_buf_done(&run->bundle);
    memset(run, 0, sizeof *run);
}

static void fake_respond(struct fake_run *run, bool has_body)
{
    struct mf_buf headers;
    mf_buf_init(&headers, 1000);
    mf_ignore(mf_headers_append(&headers, FAKE_TEXT("x-fake"), FAKE_TEXT("yes")));
    FAKE_SAY(response, run->number, .status = 201, .has_body = has_body, .status_text = FAKE_TEXT("Made"),
             .headers = mf_buf_peek(&headers));
    mf_buf_done(&headers);
}

static void fake_pattern(uint8_t *bytes, size_t size, uint64_t from)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)((from + i) * 31 >> 3);
    }
}

/* "body <n>": as much as the window lets. */
static void fake_pump(struct fake_run *run, uint64_t total)
{
    uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
    size_t size;
    while (run->body_left > 0 && (size = mf_window_sendable(&run->response, run->body_left)) > 0) {
        fake_pattern(bytes, size, total - run->body_left);
        mf_ignore(mf_window_use(&run->response, size));
        run->body_left -= size;
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = mf_slice_of(bytes, size));
    }
    if (run->body_left == 0) {
        FAKE_SAY(stream_end, run->number, .stream = MF_STREAM_RESPONSE);
        fake_done(run, 0, "");
    }
}

static uint64_t fake_argument(const struct fake_run *run)
{
    const char *blank = strchr(run->verb, ' ');
    return blank ? strtoull(blank + 1, NULL, 10) : 0;
}

static void fake_flood(struct fake_run *run, size_t total)
{
    static uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
    for (size_t sent = 0; sent < total; sent += sizeof bytes) {
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE,
                 .bytes = mf_slice_of(bytes, sizeof bytes));
    }
}

/* Frames that are wrong or at the wrong time; true when the verb is one of these. */
static bool fake_attack_frames(struct fake_run *run)
{
    const char *verb = run->verb;
    uint32_t number = run->number;
    if (strcmp(verb, "garbage") == 0) {
        mf_ignore((int)write(3, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12));
    } else if (strcmp(verb, "wrong-way") == 0) {
        FAKE_SAY(cancel, number, .error = -1);
    } else if (strcmp(verb, "short-frame") == 0) {
        mf_ignore((int)write(3, "\0\0\0\0\x05\0\0\0\1\0\0\0", 12)); /* A LOG without a payload. */
    } else if (strcmp(verb, "unknown-run") == 0) {
        FAKE_SAY(log, number + 1000, .text = FAKE_TEXT("x"));
    } else if (strcmp(verb, "ready-again") == 0) {
        FAKE_SAY(ready, 0, .layers = MF_JAIL_ALL);
    } else if (strcmp(verb, "named-status") == 0) {
        FAKE_SAY(status, number, .standby = 1);
    } else if (strcmp(verb, "response-twice") == 0) {
        fake_respond(run, true);
        fake_respond(run, true);
    } else if (strcmp(verb, "no-response") == 0) {
        fake_done(run, 0, "");
    } else if (strcmp(verb, "open-response") == 0) {
        fake_respond(run, true);
        fake_done(run, 0, "");
    } else if (strcmp(verb, "after-done") == 0) {
        fake_respond(run, false);
        fake_done(run, 0, "");
        FAKE_SAY(log, number, .text = FAKE_TEXT("x"));
    } else {
        return false;
    }
    return true;
}

/* Streams that nobody opened, or more than was allowed. */
static bool fake_attack_streams(struct fake_run *run)
{
    const char *verb = run->verb;
    uint32_t number = run->number;
    if (strcmp(verb, "data-before") == 0) {
        FAKE_SAY(stream_data, number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "data-after") == 0) {
        fake_respond(run, true);
        FAKE_SAY(stream_end, number, .stream = MF_STREAM_RESPONSE);
        FAKE_SAY(stream_data, number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "data-unasked") == 0) {
        fake_respond(run, false);
        FAKE_SAY(stream_data, number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "data-empty") == 0) {
        fake_respond(run, true);
        FAKE_SAY(stream_data, number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT(""));
    } else if (strcmp(verb, "data-request") == 0) {
        FAKE_SAY(stream_data, number, .stream = MF_STREAM_REQUEST, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "data-fetch") == 0) {
        FAKE_SAY(stream_data, number, .stream = 2, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "window") == 0) {
        fake_respond(run, true);
        fake_flood(run, MF_STREAM_WINDOW_BYTES + MF_STREAM_CHUNK_BYTES_MAX);
    } else if (strcmp(verb, "overbody") == 0) {
        fake_respond(run, true);
        FAKE_SAY(stream_data, number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("four and more"));
    } else if (strcmp(verb, "credit") == 0) {
        FAKE_SAY(stream_credit, number, .stream = MF_STREAM_REQUEST, .bytes = 1);
    } else if (strcmp(verb, "credit-other") == 0) {
        FAKE_SAY(stream_credit, number, .stream = MF_STREAM_RESPONSE, .bytes = 1);
    } else if (strcmp(verb, "stop-twice") == 0) {
        FAKE_SAY(stream_stop, number, .stream = MF_STREAM_REQUEST);
        FAKE_SAY(stream_stop, number, .stream = MF_STREAM_REQUEST);
    } else if (strcmp(verb, "abort-fine") == 0) {
        fake_respond(run, true);
        FAKE_SAY(stream_abort, number, .stream = MF_STREAM_RESPONSE, .error = 0);
    } else {
        return false;
    }
    return true;
}

/* What no run may say, or not as much of it. */
static bool fake_attack_words(struct fake_run *run)
{
    const char *verb = run->verb;
    uint32_t number = run->number;
    if (strcmp(verb, "overlog") == 0) {
        char text[200];
        memset(text, 'x', sizeof text);
        FAKE_SAY(log, number, .text = mf_slice_of(text, sizeof text));
    } else if (strcmp(verb, "overlines") == 0) {
        for (int i = 0; i <= MF_RUN_LOG_LINES_MAX; i++) {
            FAKE_SAY(log, number, .text = FAKE_TEXT(""));
        }
    } else if (strcmp(verb, "overexceptions") == 0) {
        for (int i = 0; i <= MF_RUN_EXCEPTIONS_MAX; i++) {
            FAKE_SAY(exception, number, .name = FAKE_TEXT("Error"));
        }
    } else if (strcmp(verb, "code-cache") == 0) {
        FAKE_SAY(code_cache, number, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "code-cache-long") == 0) {
        static const uint8_t piece[MF_STREAM_CHUNK_BYTES_MAX];
        for (size_t at = 0; at <= MF_CODE_CACHE_BYTES_MAX; at += sizeof piece) {
            FAKE_SAY(code_cache, number, .bytes = mf_slice_of(piece, sizeof piece));
        }
    } else if (strcmp(verb, "cache-use") == 0) {
        FAKE_SAY(response, number, .status = 200);
        FAKE_SAY(done, number, .cache_use = 3);
    } else if (strcmp(verb, "status-101") == 0) {
        FAKE_SAY(response, number, .status = 101);
    } else if (strcmp(verb, "status-600") == 0) {
        FAKE_SAY(response, number, .status = 600);
    } else if (strcmp(verb, "reason-crlf") == 0) {
        FAKE_SAY(response, number, .status = 200, .status_text = FAKE_TEXT("a\r\nb: c"));
    } else if (strcmp(verb, "header-crlf") == 0) {
        FAKE_SAY(response, number, .status = 200, .headers = mf_slice_of("a\0b\r\nc: d", 10));
    } else if (strcmp(verb, "fetch") == 0) {
        FAKE_SAY(fetch, number, .fetch = 1, .method = FAKE_TEXT("GET"), .url = FAKE_TEXT("https://a/"));
    } else if (strcmp(verb, "fetch-abort") == 0) {
        FAKE_SAY(fetch_abort, number, .fetch = 1);
    } else if (strcmp(verb, "bad-error") == 0) {
        fake_done(run, MF_E_CONFIG, "");
    } else if (strcmp(verb, "good-error") == 0) {
        fake_done(run, 7, "");
    } else {
        return false;
    }
    return true;
}

/* "fetches": 1 and 3 go out, 3 with a body, 1 is taken back after its answer may have crossed. */
static void fake_fetches(struct fake_run *run)
{
    FAKE_SAY(fetch, run->number, .fetch = 1, .method = FAKE_TEXT("GET"), .url = FAKE_TEXT("https://a/"));
    FAKE_SAY(fetch, run->number, .fetch = 3, .has_body = 1, .body_bytes = MF_BODY_BYTES_UNKNOWN,
             .method = FAKE_TEXT("PUT"), .url = FAKE_TEXT("https://b/"));
    FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_OF_FETCH_REQUEST(3), .bytes = FAKE_TEXT("body"));
    FAKE_SAY(fetch_abort, run->number, .fetch = 1);
}

static void fake_say_fetch(const struct fake_run *run, bool has_body, uint64_t body_bytes)
{
    FAKE_SAY(fetch, run->number, .fetch = 1, .has_body = has_body, .body_bytes = body_bytes,
             .method = FAKE_TEXT("PUT"), .url = FAKE_TEXT("https://a/"));
}

static void
fake_say_call(const struct fake_run *run, uint32_t call, struct mf_slice space, struct mf_slice name)
{
    FAKE_SAY(fetch, run->number, .fetch = call, .kind = MF_FETCH_CALL, .has_body = 1,
             .body_bytes = MF_BODY_BYTES_UNKNOWN, .method = space, .url = name);
}

/* "call-<what is wrong with it>". */
static bool fake_attack_with_calls(const struct fake_run *run)
{
    static const char long_name[MF_CALL_NAME_BYTES_MAX + 1] = {[0 ... MF_CALL_NAME_BYTES_MAX] = 'a'};
    const struct {
        const char *verb;
        struct mf_slice space, name;
    } names[] = {
        {"call", FAKE_TEXT("codemode"), FAKE_TEXT("add")},
        {"call-no-name", FAKE_TEXT("codemode"), FAKE_TEXT("")},
        {"call-no-space", FAKE_TEXT(""), FAKE_TEXT("add")},
        {"call-line", FAKE_TEXT("codemode"), FAKE_TEXT("add\n{\"type\":\"done\"}")},
        {"call-space-line", FAKE_TEXT("code\rmode"), FAKE_TEXT("add")},
        {"call-utf8", FAKE_TEXT("codemode"), FAKE_TEXT("\xed\xa0\x80")},
        {"call-nul", FAKE_TEXT("codemode"), mf_slice_of("a\0b", 3)},
        {"call-long", FAKE_TEXT("codemode"), mf_slice_of(long_name, sizeof long_name)},
        {"call-space-long", mf_slice_of(long_name, MF_CALL_NAMESPACE_BYTES_MAX + 1), FAKE_TEXT("add")},
    };
    const char *verb = run->verb;
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        if (strcmp(verb, names[i].verb) == 0) {
            fake_say_call(run, 1, names[i].space, names[i].name);
            return true;
        }
    }
    if (strcmp(verb, "call-headers") == 0) {
        FAKE_SAY(fetch, run->number, .fetch = 1, .kind = MF_FETCH_CALL, .has_body = 1,
                 .method = FAKE_TEXT("a"), .url = FAKE_TEXT("b"), .headers = mf_slice_of("a\0b\0", 4));
    } else if (strcmp(verb, "call-no-body") == 0) {
        FAKE_SAY(fetch, run->number, .fetch = 1, .kind = MF_FETCH_CALL, .method = FAKE_TEXT("a"),
                 .url = FAKE_TEXT("b"));
    } else if (strcmp(verb, "call-kind") == 0) {
        FAKE_SAY(fetch, run->number, .fetch = 1, .kind = MF_FETCH_KINDS_COUNT, .has_body = 1,
                 .method = FAKE_TEXT("a"), .url = FAKE_TEXT("b"));
    } else if (strcmp(verb, "call-many") == 0) {
        for (uint32_t i = 1; i <= MF_RUN_CALLS_OPEN_MAX + 1; i++) {
            fake_say_call(run, i, FAKE_TEXT("codemode"), FAKE_TEXT("add"));
        }
    } else if (strcmp(verb, "call-total") == 0) { /* The first is taken back, so that none is open. */
        fake_say_call(run, 1, FAKE_TEXT("codemode"), FAKE_TEXT("add"));
        FAKE_SAY(fetch_abort, run->number, .fetch = 1);
        fake_say_call(run, 2, FAKE_TEXT("codemode"), FAKE_TEXT("add"));
    } else {
        return false;
    }
    return true;
}

/* "calls": 1, with what it is called with, and a fetch between two calls: one row of numbers. */
static void fake_calls(const struct fake_run *run)
{
    fake_say_call(run, 1, FAKE_TEXT("codemode"), FAKE_TEXT("add-\xc3\xa4"));
    FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_OF_FETCH_REQUEST(1), .bytes = FAKE_TEXT("[1,2]"));
    FAKE_SAY(stream_end, run->number, .stream = MF_STREAM_OF_FETCH_REQUEST(1));
    FAKE_SAY(fetch, run->number, .fetch = 2, .method = FAKE_TEXT("GET"), .url = FAKE_TEXT("https://a/"));
    fake_say_call(run, 3, FAKE_TEXT("gh"), FAKE_TEXT("list"));
}

/* "relay <n>" and "relay-stop <n>": so many bytes go out with a fetch, and come back. */
static void fake_relay(struct fake_run *run)
{
    uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
    size_t size;
    while (run->body_left > 0 && (size = mf_window_sendable(&run->fetch_request, run->body_left)) > 0) {
        fake_pattern(bytes, size, fake_argument(run) - run->body_left);
        mf_ignore(mf_window_use(&run->fetch_request, size));
        run->body_left -= size;
        FAKE_SAY(stream_data, run->number, .stream = 2, .bytes = mf_slice_of(bytes, size));
        if (run->body_left == 0) {
            FAKE_SAY(stream_end, run->number, .stream = 2);
        }
    }
}

static void fake_relayed(struct fake_run *run, const char *how, int error)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%s %" PRIu64 " %s", how, run->relayed, mf_error_code(error));
    FAKE_SAY(log, run->number, .text = FAKE_TEXT(text));
    fake_respond(run, false);
    fake_done(run, 0, "");
}

static void fake_on_relay(struct fake_run *run, struct mf_slice bytes)
{
    uint8_t expected[MF_STREAM_CHUNK_BYTES_MAX];
    fake_pattern(expected, bytes.size, run->relayed);
    if (mf_window_use(&run->fetch_response, bytes.size) < 0 ||
        memcmp(expected, bytes.data, bytes.size) != 0) {
        _exit(7);
    }
    run->relayed += bytes.size;
    uint32_t credit = mf_window_consume(&run->fetch_response, bytes.size);
    if (strncmp(run->verb, "relay-stop", 10) == 0) {
        FAKE_SAY(stream_stop, run->number, .stream = 3);
        fake_relayed(run, "stopped", 0);
    } else if (credit > 0) {
        FAKE_SAY(stream_credit, run->number, .stream = 3, .bytes = credit);
    }
}

/* What "relay" hears; true when it was for it. */
static bool fake_hears_relay(struct fake_run *run, const struct mf_frame *frame)
{
    struct mf_msg_stream_data data;
    struct mf_msg_stream_credit credit;
    struct mf_msg_stream_abort abort;
    struct mf_msg_stream_stop stop;
    if (strncmp(run->verb, "relay", 5) != 0 || frame->type == MF_MESSAGE_BUNDLE) {
        return false;
    }
    if (frame->type == MF_MESSAGE_STREAM_DATA && mf_decode_stream_data(frame->payload, &data) == 0) {
        fake_on_relay(run, data.bytes);
    } else if (frame->type == MF_MESSAGE_STREAM_CREDIT &&
               mf_decode_stream_credit(frame->payload, &credit) == 0) {
        if (credit.stream != 2 || mf_window_grant(&run->fetch_request, credit.bytes) < 0) {
            _exit(3);
        }
        fake_relay(run);
    } else if (frame->type == MF_MESSAGE_STREAM_END) {
        fake_relayed(run, "relayed", 0);
    } else if (frame->type == MF_MESSAGE_STREAM_ABORT &&
               mf_decode_stream_abort(frame->payload, &abort) == 0) {
        fake_relayed(run, "aborted", abort.error);
    } else if (frame->type == MF_MESSAGE_STREAM_STOP && mf_decode_stream_stop(frame->payload, &stop) == 0) {
        run->body_left = 0;
        FAKE_SAY(log, run->number, .text = FAKE_TEXT("told to stop"));
    } else if (frame->type == MF_MESSAGE_CANCEL) {
        fake_done(run, MF_E_CANCELED, "");
    }
    return true;
}

/* "files...": operations on workspaces that are not allowed, too many, too large, or out of order. */
static bool fake_attack_with_files(const struct fake_run *run)
{
    static uint8_t bytes[MF_FRAME_PAYLOAD_BYTES_MAX - 64];
    const char *verb = run->verb;
    uint32_t number = run->number;
    struct mf_slice piece = mf_slice_of(bytes, sizeof bytes);

    if (strcmp(verb, "files") == 0) {
        FAKE_SAY(files, number, .op = 1, .bytes = piece);
    } else if (strcmp(verb, "files-mount") == 0) {
        FAKE_SAY(files, number, .op = 1, .mount = MF_RUN_WORKSPACES_MAX, .bytes = piece);
    } else if (strcmp(verb, "files-order") == 0) {
        FAKE_SAY(files, number, .op = 2, .bytes = piece);
    } else if (strcmp(verb, "files-zero") == 0) {
        FAKE_SAY(files, number, .op = 0, .bytes = piece);
    } else if (strcmp(verb, "files-again") == 0) {
        FAKE_SAY(files, number, .op = 1, .bytes = piece);
        FAKE_SAY(files, number, .op = 1, .bytes = piece);
    } else if (strcmp(verb, "files-between") == 0) {
        FAKE_SAY(files, number, .op = 1, .is_more = 1, .bytes = piece);
        FAKE_SAY(files, number, .op = 2, .bytes = piece);
    } else if (strcmp(verb, "files-large") == 0) {
        for (size_t sent = 0; sent <= MF_RUN_FILE_OP_BYTES_MAX; sent += sizeof bytes) {
            FAKE_SAY(files, number, .op = 1, .is_more = 1, .bytes = piece);
        }
    } else if (strcmp(verb, "files-many") == 0) {
        for (uint32_t i = 1; i <= MF_RUN_FILE_OPS_OPEN_MAX + 1; i++) {
            FAKE_SAY(files, number, .op = i, .bytes = FAKE_TEXT("x"));
        }
    } else {
        return false;
    }
    return true;
}

/* Frames about a fetch that are out of turn. */
static bool fake_attack_fetches(struct fake_run *run)
{
    const char *verb = run->verb;
    uint32_t number = run->number;
    if (strcmp(verb, "fetch-over") == 0) {
        fake_say_fetch(run, true, 4);
        FAKE_SAY(stream_data, number, .stream = 2, .bytes = FAKE_TEXT("12345"));
    } else if (strcmp(verb, "fetch-short") == 0) {
        fake_say_fetch(run, true, 4);
        FAKE_SAY(stream_data, number, .stream = 2, .bytes = FAKE_TEXT("123"));
        FAKE_SAY(stream_end, number, .stream = 2);
    } else if (strcmp(verb, "fetch-unasked") == 0) {
        fake_say_fetch(run, false, 0);
        FAKE_SAY(stream_data, number, .stream = 2, .bytes = FAKE_TEXT("1"));
    } else if (strcmp(verb, "fetch-end-twice") == 0) {
        fake_say_fetch(run, true, 0);
        FAKE_SAY(stream_end, number, .stream = 2);
        FAKE_SAY(stream_end, number, .stream = 2);
    } else if (strcmp(verb, "fetch-window") == 0) {
        static const uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
        fake_say_fetch(run, true, MF_BODY_BYTES_UNKNOWN);
        for (int i = 0; i <= MF_STREAM_WINDOW_BYTES / MF_STREAM_CHUNK_BYTES_MAX; i++) {
            FAKE_SAY(stream_data, number, .stream = 2, .bytes = mf_slice_of(bytes, sizeof bytes));
        }
    } else if (strcmp(verb, "fetch-credit") == 0) {
        fake_say_fetch(run, false, 0);
        FAKE_SAY(stream_credit, number, .stream = 3, .bytes = 1);
    } else if (strcmp(verb, "fetch-credit-other") == 0) {
        fake_say_fetch(run, true, 1);
        FAKE_SAY(stream_credit, number, .stream = 2, .bytes = 1);
    } else if (strcmp(verb, "fetch-stop") == 0) {
        fake_say_fetch(run, false, 0);
        FAKE_SAY(stream_stop, number, .stream = 3);
    } else if (strcmp(verb, "fetch-data-other") == 0) {
        fake_say_fetch(run, true, 9);
        FAKE_SAY(stream_data, number, .stream = 3, .bytes = FAKE_TEXT("1"));
    } else if (strcmp(verb, "fetch-again") == 0) {
        fake_say_fetch(run, false, 0);
        fake_say_fetch(run, false, 0);
    } else if (strcmp(verb, "fetch-many") == 0) {
        for (uint32_t i = 1; i <= MF_RUN_FETCHES_OPEN_MAX + 1; i++) {
            FAKE_SAY(fetch, number, .fetch = i, .method = FAKE_TEXT("GET"), .url = FAKE_TEXT("https://a/"));
        }
    } else {
        return fake_attack_with_files(run) || fake_attack_with_calls(run);
    }
    return true;
}

/* "splice...": the answer of fetch 1 becomes the response. These break the rules before there is an answer. */
static void fake_splice(struct fake_run *run)
{
    fake_say_fetch(run, false, 0);
    if (strcmp(run->verb, "splice-early") == 0) {
        FAKE_SAY(splice, run->number, .fetch = 1);
    } else if (strcmp(run->verb, "splice-unanswered") == 0) {
        fake_respond(run, true);
        FAKE_SAY(splice, run->number, .fetch = 1);
    } else if (strcmp(run->verb, "splice-rest") == 0) {
        fake_respond(run, true);
        FAKE_SAY(splice_rest, run->number, .fetch = 1);
    }
}

static void fake_splice_answered(struct fake_run *run)
{
    if (strcmp(run->verb, "splice-unanswered") == 0 || strcmp(run->verb, "splice-early") == 0) {
        return;
    }
    fake_respond(run, true);
    if (strcmp(run->verb, "splice-late") == 0) {
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("x"));
    }
    FAKE_SAY(splice, run->number, .fetch = strcmp(run->verb, "splice-other") == 0 ? 2 : 1);
    if (strcmp(run->verb, "splice-twice") == 0) {
        FAKE_SAY(splice, run->number, .fetch = 1);
    }
}

static void fake_spliced(struct fake_run *run)
{
    const char *verb = run->verb;
    FAKE_SAY(splice_rest, run->number, .fetch = 1);
    if (strcmp(verb, "splice-data") == 0) {
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("x"));
    } else if (strcmp(verb, "splice-end") == 0) {
        FAKE_SAY(stream_end, run->number, .stream = MF_STREAM_RESPONSE);
    } else if (strcmp(verb, "splice-rest-twice") == 0) {
        FAKE_SAY(splice_rest, run->number, .fetch = 1);
    } else if (strcmp(verb, "splice-abort") == 0) {
        FAKE_SAY(fetch_abort, run->number, .fetch = 1);
        fake_done(run, MF_E_EXCEPTION, "broke");
    } else if (strcmp(verb, "splice-stop") == 0) {
        FAKE_SAY(stream_stop, run->number, .stream = 3);
        fake_done(run, MF_E_EXCEPTION, "broke");
    } else if (strcmp(verb, "splice-break") == 0) {
        FAKE_SAY(stream_abort, run->number, .stream = MF_STREAM_RESPONSE, .error = MF_E_EXCEPTION,
                 .text = FAKE_TEXT("broke"));
        fake_done(run, MF_E_EXCEPTION, "broke");
    }
}

/* True when it was for a splice. */
static bool fake_hears_splice(struct fake_run *run, const struct mf_frame *frame)
{
    struct mf_msg_stream_data data;
    struct mf_msg_stream_abort abort;
    if (strncmp(run->verb, "splice", 6) != 0 || frame->type == MF_MESSAGE_BUNDLE) {
        return false;
    }
    if (frame->type == MF_MESSAGE_FETCH_HEAD) {
        fake_splice_answered(run);
    } else if (frame->type == MF_MESSAGE_SPLICED) {
        run->is_spliced = true;
        fake_spliced(run);
    } else if (frame->type == MF_MESSAGE_STREAM_DATA && mf_decode_stream_data(frame->payload, &data) == 0) {
        if (run->is_spliced || mf_window_sendable(&run->response, data.bytes.size) < data.bytes.size) {
            _exit(7);
        }
        mf_ignore(mf_window_use(&run->response, data.bytes.size));
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = data.bytes);
    } else if (frame->type == MF_MESSAGE_STREAM_END) {
        if (!run->is_spliced) {
            FAKE_SAY(stream_end, run->number, .stream = MF_STREAM_RESPONSE);
        }
        FAKE_SAY(log, run->number, .text = run->is_spliced ? FAKE_TEXT("spliced") : FAKE_TEXT("copied"));
        fake_done(run, 0, "");
    } else if (frame->type == MF_MESSAGE_STREAM_ABORT &&
               mf_decode_stream_abort(frame->payload, &abort) == 0) {
        fake_done(run, MF_E_EXCEPTION, mf_error_code(abort.error));
    } else if (frame->type == MF_MESSAGE_STREAM_STOP) {
        FAKE_SAY(stream_stop, run->number, .stream = 3);
        fake_done(run, 0, "");
    } else if (frame->type == MF_MESSAGE_CANCEL) {
        fake_done(run, MF_E_CANCELED, "");
    }
    return true;
}

/* Ends of the process, or of its good manners. */
static bool fake_die(struct fake_run *run)
{
    if (strcmp(run->verb, "crash") == 0) {
        FAKE_SAY(log, run->number, .text = FAKE_TEXT("last words"));
        (void)raise(SIGKILL);
    } else if (strcmp(run->verb, "exit") == 0) {
        mf_ignore((int)write(2, "one\ntwo \x1b[31m\"three\"\n", 21));
        _exit(5);
    } else if (strcmp(run->verb, "close") == 0) {
        (void)close(3);
        (void)pause();
    } else if (strncmp(run->verb, "condemn", 7) == 0) {
        FAKE_SAY(status, 0, .standby = 0, .is_condemned = 1);
        if (strcmp(run->verb, "condemn") == 0) {
            fake_done(run, MF_E_LIMIT_MEMORY, "");
        }
    } else if (strcmp(run->verb, "deaf") == 0) {
        for (;;) {
            (void)pause();
        }
    } else if (strcmp(run->verb, "chatter") == 0) {
        for (int i = 0; i < 2000; i++) {
            char line[MF_EXECUTOR_LOG_LINE_BYTES_MAX + 100];
            memset(line, 'a' + i % 26, sizeof line);
            line[sizeof line - 1] = '\n';
            mf_ignore((int)write(2, line, sizeof line));
        }
        fake_respond(run, false);
        fake_done(run, 0, "");
    } else {
        return false;
    }
    return true;
}

static void fake_begin(struct fake_run *run)
{
    if (strstr(fake_start, "picky") && strcmp(run->verb, "hang") != 0) {
        fake_done(run, MF_E_AGAIN, "");
        return;
    }
    if (strstr(fake_start, "quit")) { /* Condemned by another run, and gone before this one could begin. */
        FAKE_SAY(status, 0, .is_condemned = 1);
        _exit(0);
    }
    if (fake_chaos && strncmp(run->verb, "chaos ", 6) == 0) {
        fake_chaos(run);
    } else if (strcmp(run->verb, "ok") == 0) {
        FAKE_SAY(log, run->number, .method = 1, .unix_ms = 2, .text = FAKE_TEXT("hello"));
        fake_respond(run, false);
        fake_done(run, 0, "");
    } else if (strncmp(run->verb, "body ", 5) == 0) {
        run->body_left = fake_argument(run);
        fake_respond(run, true);
        fake_pump(run, run->body_left);
    } else if (strcmp(run->verb, "sum") == 0) {
        char text[64];
        uint64_t sum = 0;
        for (size_t i = 0; i < run->bundle.size; i++) {
            sum = sum * 31 + run->bundle.data[i];
        }
        (void)snprintf(text, sizeof text, "%" PRIu64, sum);
        fake_respond(run, true);
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT(text));
        FAKE_SAY(stream_end, run->number, .stream = MF_STREAM_RESPONSE);
        fake_done(run, 0, "");
    } else if (strcmp(run->verb, "empty") == 0) {
        FAKE_SAY(status, 0, .standby = 0);
        FAKE_SAY(log, run->number, .text = FAKE_TEXT("no isolate stands by"));
    } else if (strcmp(run->verb, "echo") == 0) {
        fake_respond(run, true);
    } else if (strcmp(run->verb, "stop") == 0) {
        FAKE_SAY(stream_stop, run->number, .stream = MF_STREAM_REQUEST);
    } else if (strcmp(run->verb, "abort") == 0) {
        fake_respond(run, true);
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = FAKE_TEXT("half"));
        FAKE_SAY(stream_abort, run->number, .stream = MF_STREAM_RESPONSE, .error = MF_E_EXCEPTION,
                 .text = FAKE_TEXT("broke"));
        fake_done(run, MF_E_EXCEPTION, "broke");
    } else if (strcmp(run->verb, "exception") == 0) {
        FAKE_SAY(exception, run->number, .line = 3, .column = 4, .name = FAKE_TEXT("Error"),
                 .message = FAKE_TEXT("boom"));
        fake_done(run, MF_E_EXCEPTION, "Error: boom");
    } else if (strcmp(run->verb, "fetches") == 0) {
        fake_fetches(run);
    } else if (strcmp(run->verb, "calls") == 0) {
        fake_calls(run);
    } else if (strncmp(run->verb, "splice", 6) == 0) {
        fake_splice(run);
    } else if (strncmp(run->verb, "relay", 5) == 0) {
        run->body_left = fake_argument(run);
        fake_say_fetch(run, true, run->body_left);
        fake_relay(run);
    } else if (!fake_die(run) && !fake_attack_fetches(run) && !fake_attack_frames(run) &&
               !fake_attack_streams(run) && !fake_attack_words(run)) {
        /* "hang", "stuck", ...: a parked run. */
    }
}
static struct fake_run *fake_find(uint32_t number)
{
    for (size_t i = 0; i < FAKE_RUNS_MAX; i++) {
        if (fake_runs[i].number == number) {
            return &fake_runs[i];
        }
    }
    return NULL;
}

static void fake_on_bundle(struct fake_run *run, struct mf_slice bytes)
{
    mf_ignore(mf_buf_append_slice(&run->bundle, bytes));
    run->pieces++;
    if (run->pieces == 1) {
        for (size_t i = 0; i < bytes.size && bytes.data[i] != '\n' && i + 1 < sizeof run->verb; i++) {
            run->verb[i] = (char)bytes.data[i];
        }
        if (strcmp(run->verb, "early") == 0) {
            FAKE_SAY(log, run->number, .text = FAKE_TEXT("x"));
        } else if (strcmp(run->verb, "give-up") == 0) {
            fake_done(run, MF_E_NO_MEMORY, "no room");
            return;
        }
    }
    if (run->bundle.size == run->bundle_bytes) {
        fake_begin(run);
    }
}

static void fake_on_data(struct fake_run *run, struct mf_slice bytes)
{
    if (strcmp(run->verb, "refuse-fed") == 0) {
        fake_done(run, MF_E_AGAIN, "");
        return;
    }
    if (mf_window_use(&run->request, bytes.size) < 0) {
        _exit(7);
    }
    if (strcmp(run->verb, "echo") == 0 && !run->is_stopped) {
        if (mf_window_use(&run->response, bytes.size) < 0) {
            _exit(6); /* The test consumes at once: it cannot happen. */
        }
        FAKE_SAY(stream_data, run->number, .stream = MF_STREAM_RESPONSE, .bytes = bytes);
    }
    uint32_t credit = mf_window_consume(&run->request, bytes.size);
    if (credit > 0) {
        FAKE_SAY(stream_credit, run->number, .stream = MF_STREAM_REQUEST, .bytes = credit);
    }
}

static void fake_on_cancel(struct fake_run *run, int error)
{
    if (strcmp(run->verb, "stuck") == 0 || strcmp(run->verb, "condemn-stuck") == 0) {
        return;
    }
    FAKE_SAY(log, run->number, .text = FAKE_TEXT("canceled"));
    fake_done(run, error, "by the fake");
}

static void fake_on_drain(void)
{
    for (size_t i = 0; i < FAKE_RUNS_MAX; i++) {
        if (fake_runs[i].number != 0) { /* Only those that were given up there: late words and a late DONE. */
            FAKE_SAY(log, fake_runs[i].number, .text = FAKE_TEXT("late"));
            fake_done(&fake_runs[i], MF_E_CANCELED, "late");
        }
    }
    if (strstr(fake_start, "stay")) {
        return;
    }
    _exit(0);
}

static void fake_on_frame(const struct mf_frame *frame)
{
    struct fake_run *run = fake_find(frame->run);
    union {
        struct mf_msg_start start;
        struct mf_msg_bundle bundle;
        struct mf_msg_cancel cancel;
        struct mf_msg_stream_data data;
        struct mf_msg_stream_credit credit;
        struct mf_msg_fetch_fail fail;
    } m;
    if (frame->type == MF_MESSAGE_START && mf_decode_start(frame->payload, &m.start) == 0) {
        run = fake_find(0);
        run->number = frame->run;
        run->bundle_bytes = m.start.bundle_bytes;
        run->flags = m.start.flags;
        mf_buf_init(&run->bundle, MF_BUNDLE_BYTES_MAX);
        mf_window_init(&run->request);
        mf_window_init(&run->response);
        mf_window_init(&run->fetch_request);
        mf_window_init(&run->fetch_response);
    } else if (frame->type == MF_MESSAGE_DRAIN) {
        fake_on_drain();
    } else if (!run || fake_hears_relay(run, frame) || fake_hears_splice(run, frame)) {
        return; /* It crossed our DONE. */
    } else if (frame->type == MF_MESSAGE_BUNDLE && mf_decode_bundle(frame->payload, &m.bundle) == 0) {
        fake_on_bundle(run, m.bundle.bytes);
    } else if (frame->type == MF_MESSAGE_CANCEL && mf_decode_cancel(frame->payload, &m.cancel) == 0) {
        fake_on_cancel(run, m.cancel.error);
    } else if (frame->type == MF_MESSAGE_STREAM_DATA && mf_decode_stream_data(frame->payload, &m.data) == 0) {
        fake_on_data(run, m.data.bytes);
    } else if (frame->type == MF_MESSAGE_STREAM_END && strcmp(run->verb, "echo") == 0) {
        FAKE_SAY(stream_end, run->number, .stream = MF_STREAM_RESPONSE);
        fake_done(run, 0, "");
    } else if (frame->type == MF_MESSAGE_STREAM_END && strcmp(run->verb, "stop") == 0) {
        _exit(4); /* Nobody ends what was stopped. */
    } else if (frame->type == MF_MESSAGE_STREAM_ABORT) {
        fake_done(run, MF_E_EXCEPTION, "request aborted");
    } else if (frame->type == MF_MESSAGE_STREAM_CREDIT &&
               mf_decode_stream_credit(frame->payload, &m.credit) == 0) {
        if (mf_window_grant(&run->response, m.credit.bytes) < 0) {
            _exit(3);
        }
        if (strncmp(run->verb, "body ", 5) == 0) {
            fake_pump(run, fake_argument(run));
        }
    } else if (frame->type == MF_MESSAGE_STREAM_STOP) {
        run->is_stopped = true;
        FAKE_SAY(log, run->number, .text = FAKE_TEXT("stopped"));
        fake_done(run, 0, "");
    } else if (frame->type == MF_MESSAGE_FETCH_FAIL && mf_decode_fetch_fail(frame->payload, &m.fail) == 0) {
        char text[64];
        (void)snprintf(text, sizeof text, "fetch %u: %s", m.fail.fetch, mf_error_code(m.fail.error));
        FAKE_SAY(log, run->number, .text = FAKE_TEXT(text));
        if (m.fail.fetch == 3) {
            fake_respond(run, false);
            fake_done(run, 0, "");
        }
    }
}

static void fake_say_ready(void)
{
    if (strstr(fake_start, "never")) {
        (void)pause();
    } else if (strstr(fake_start, "exit3")) {
        mf_ignore((int)write(2, "no luck\nthe kernel refuses it", 29));
        _exit(3);
    } else if (strstr(fake_start, "jail")) {
        mf_log(MF_LOG_ERROR, MF_E_JAIL, NULL, "no landlock: \"upgrade\"");
        _exit(2);
    } else if (strstr(fake_start, "log-first")) {
        FAKE_SAY(log, 1, .text = FAKE_TEXT("x"));
    } else if (strstr(fake_start, "no-layers")) {
        FAKE_SAY(ready, 0, .layers = 1u << MF_JAIL_SECCOMP, .v8_version = FAKE_TEXT("x"));
        (void)pause();
    } else if (strstr(fake_start, "bad-version")) {
        FAKE_SAY(ready, 0, .layers = MF_JAIL_ALL, .v8_version = FAKE_TEXT("1\n2"));
        (void)pause();
    }
    FAKE_SAY(ready, 0, .layers = MF_JAIL_ALL, .v8_version = FAKE_TEXT(FAKE_VERSION));
    FAKE_SAY(status, 0, .standby = 4);
}

static int fake_main(int argc, char **argv)
{
    struct mf_frame_reader reader;
    struct mf_frame frame;
    for (int i = 1; i + 1 < argc; i++) {
        fake_start = strcmp(argv[i], "--v8-flags") == 0 ? argv[i + 1] : fake_start;
    }
    fake_say_ready();
    mf_frame_reader_init(&reader, MF_TO_EXECUTOR);
    for (;;) {
        uint8_t *space;
        mf_ignore(mf_frame_reader_reserve(&reader, 65536, &space));
        ssize_t got = read(3, space, 65536);
        if (got <= 0) {
            _exit(0);
        }
        mf_frame_reader_commit(&reader, (size_t)got);
        int result;
        while ((result = mf_frame_reader_next(&reader, &frame)) == 1) {
            fake_on_frame(&frame);
        }
        if (result < 0) {
            _exit(2);
        }
    }
}

#endif
