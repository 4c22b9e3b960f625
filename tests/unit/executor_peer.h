/* executor_peer.h - mayflyd's end of the channel, for tests of the executor: sends frames, waits for frames, checks order. */
#ifndef MAYFLY_TESTS_EXECUTOR_PEER_H
#define MAYFLY_TESTS_EXECUTOR_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mayfly/runtime.h>
#include <mayfly/wire.h>

#include "check.h"

#define PEER_WAIT_MS 60000 /* A test that waits longer has failed; sanitizers and full machines are slow. */

/* What is remembered of one run. */
struct peer_run {
    uint32_t number;
    unsigned responses;
    unsigned status;
    bool has_body;
    bool body_ended;
    bool body_aborted;
    int abort_error;
    bool request_stopped;
    bool response_stopped; /* The test's to set: it sent STREAM_STOP. */
    uint32_t request_credit;
    unsigned logs;
    unsigned exceptions;
    unsigned fetches;
    unsigned fetch_aborts;
    unsigned splices;
    uint32_t spliced_fetch;
    unsigned splice_rests;
    unsigned files;     /* Operations on workspaces that came whole. */
    uint32_t files_op;  /* The last one, */
    size_t files_bytes; /* and how much of it came. */
    unsigned dones;
    uint64_t response_ns; /* When RESPONSE was seen. */
    uint64_t done_ns;
    struct mf_msg_done done;
    struct mf_msg_exception exception; /* The last; its slices point into |texts|. */
    struct mf_msg_fetch fetch;
    struct mf_buf body;
    struct mf_buf log; /* Lines, each with a newline. */
    struct mf_buf headers;
    struct mf_buf texts[8];
    struct mf_window window; /* Of the response, as its receiver. */
    bool holds_credit;       /* No credit is given back. */
    unsigned stream_ends;    /* On streams that are not the response's. */
    struct mf_buf upload;    /* Bytes on those. */
};

#define PEER_RUNS_MAX 2048

struct peer {
    int fd;
    struct mf_frame_reader reader;
    struct mf_buf out;
    struct peer_run *runs[PEER_RUNS_MAX];
    bool is_ready;
    bool is_condemned;
    uint32_t standby;
    uint32_t layers;
    bool is_closed;
};

static void peer_init(struct peer *peer, int fd)
{
    memset(peer, 0, sizeof(*peer));
    peer->fd = fd;
    mf_frame_reader_init(&peer->reader, MF_TO_DAEMON);
    mf_buf_init(&peer->out, (size_t)1 << 30);
}

static void peer_run_free(struct peer_run *run)
{
    mf_buf_done(&run->body);
    mf_buf_done(&run->log);
    mf_buf_done(&run->headers);
    mf_buf_done(&run->upload);
    for (size_t i = 0; i < MF_COUNT_OF(run->texts); i++) {
        mf_buf_done(&run->texts[i]);
    }
    free(run);
}

static void peer_done(struct peer *peer)
{
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    for (size_t i = 0; i < PEER_RUNS_MAX; i++) {
        if (peer->runs[i] != NULL) {
            peer_run_free(peer->runs[i]);
        }
    }
    mf_frame_reader_done(&peer->reader);
    mf_buf_done(&peer->out);
}

static struct peer_run *peer_run(struct peer *peer, uint32_t number)
{
    struct peer_run *run;

    MF_CHECK(number > 0 && number < PEER_RUNS_MAX);
    if (peer->runs[number] == NULL) {
        run = calloc(1, sizeof(*run));
        run->number = number;
        mf_buf_init(&run->body, (size_t)1 << 30);
        mf_buf_init(&run->log, (size_t)1 << 30);
        mf_buf_init(&run->headers, (size_t)1 << 30);
        mf_buf_init(&run->upload, (size_t)1 << 30);
        for (size_t i = 0; i < MF_COUNT_OF(run->texts); i++) {
            mf_buf_init(&run->texts[i], 1 << 20);
        }
        mf_window_init(&run->window);
        peer->runs[number] = run;
    }
    return peer->runs[number];
}

static inline void peer_forget(struct peer *peer, uint32_t number)
{
    if (peer->runs[number] != NULL) {
        peer_run_free(peer->runs[number]);
        peer->runs[number] = NULL;
    }
}

/* ---- out --------------------------------------------------------------------------------------- */

static void peer_flush(struct peer *peer)
{
    size_t at = 0;

    while (at < peer->out.size) {
        ssize_t size = send(peer->fd, peer->out.data + at, peer->out.size - at, MSG_NOSIGNAL);
        if (size < 0 && errno == EPIPE) {
            break; /* The test sees it on reading. */
        }
        MF_CHECK(size > 0);
        at += (size_t)size;
    }
    mf_buf_reset(&peer->out);
}

#define PEER_SEND(peer, name, number, ...)                                                                   \
    do {                                                                                                     \
        const struct mf_msg_##name peer_message = {__VA_ARGS__};                                             \
        MF_CHECK_INT(mf_encode_##name(&(peer)->out, (number), &peer_message), 0);                            \
        peer_flush(peer);                                                                                    \
    } while (0)

static inline struct mf_msg_start peer_limits(void)
{
    const struct mf_msg_start start = {
        .cpu_ns = 30 * MF_NS_PER_S,
        .memory_bytes = (uint64_t)128 << 20,
        .response_bytes = MF_RUN_RESPONSE_BYTES_DEFAULT,
        .log_bytes = MF_RUN_LOG_BYTES_DEFAULT,
        .subrequests = 50,
    };
    return start;
}

static void peer_part(struct mf_buf *bundle, enum mf_part_kind kind, const char *name, struct mf_slice body)
{
    MF_CHECK_INT(mf_bundle_append(bundle, kind, mf_slice_of_cstr(name), body), 0);
}

/* One module and a GET; |kind| is MF_PART_ESM or MF_PART_TYPESCRIPT. */
static void
peer_bundle(struct mf_buf *bundle, enum mf_part_kind kind, const char *name, struct mf_slice source)
{
    peer_part(bundle, MF_PART_MAIN, "", mf_slice_of_cstr(name));
    peer_part(bundle, kind, name, source);
    peer_part(bundle, MF_PART_METHOD, "", mf_slice_of_cstr("POST"));
    peer_part(bundle, MF_PART_URL, "", mf_slice_of_cstr("https://example.com/a"));
    peer_part(bundle, MF_PART_HEADERS, "", mf_slice_of("content-type\0text/plain\0", 24));
    peer_part(bundle, MF_PART_ENV, "", mf_slice_of_cstr("{\"NAME\":\"x\"}"));
}

/* START and BUNDLE in one write, as the pool does it. */
static void
peer_start_bundle(struct peer *peer, uint32_t number, struct mf_msg_start start, struct mf_slice bundle)
{
    size_t at = 0;

    start.bundle_bytes = bundle.size;
    MF_CHECK_INT(mf_encode_start(&peer->out, number, &start), 0);
    while (at < bundle.size) {
        size_t size =
            bundle.size - at < MF_POOL_BUNDLE_PIECE_BYTES ? bundle.size - at : MF_POOL_BUNDLE_PIECE_BYTES;
        const struct mf_msg_bundle message = {.bytes = mf_slice_of(bundle.data + at, size)};
        MF_CHECK_INT(mf_encode_bundle(&peer->out, number, &message), 0);
        at += size;
    }
    peer_flush(peer);
}

static void peer_start_kind(struct peer *peer,
                            uint32_t number,
                            struct mf_msg_start start,
                            enum mf_part_kind kind,
                            const char *source)
{
    struct mf_buf bundle;

    mf_buf_init(&bundle, MF_BUNDLE_BYTES_MAX);
    peer_bundle(&bundle, kind, kind == MF_PART_TYPESCRIPT ? "main.ts" : "main.js", mf_slice_of_cstr(source));
    peer_start_bundle(peer, number, start, mf_buf_peek(&bundle));
    mf_buf_done(&bundle);
}

static inline void peer_start(struct peer *peer, uint32_t number, const char *source)
{
    peer_start_kind(peer, number, peer_limits(), MF_PART_ESM, source);
}

/* ---- in ----------------------------------------------------------------------------------------- */

static struct mf_slice peer_keep(struct mf_buf *buf, struct mf_slice text)
{
    mf_buf_reset(buf);
    MF_CHECK_INT(mf_buf_append_slice(buf, text), 0);
    return mf_buf_peek(buf);
}

static void peer_on_data(struct peer *peer, struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_stream_data message;
    uint32_t grant;

    MF_CHECK_INT(mf_decode_stream_data(frame->payload, &message), 0);
    MF_CHECK(message.bytes.size > 0 && message.bytes.size <= MF_STREAM_CHUNK_BYTES_MAX);
    if (message.stream != MF_STREAM_RESPONSE) {
        MF_CHECK_INT(mf_buf_append_slice(&run->upload, message.bytes), 0);
        return;
    }
    MF_CHECK(run->responses == 1 && run->has_body && !run->body_ended && !run->body_aborted);
    MF_CHECK_INT(mf_window_use(&run->window, message.bytes.size), 0);
    MF_CHECK_INT(mf_buf_append_slice(&run->body, message.bytes), 0);
    if (!run->holds_credit) {
        grant = mf_window_consume(&run->window, message.bytes.size);
        if (grant > 0) {
            PEER_SEND(peer, stream_credit, run->number, .stream = MF_STREAM_RESPONSE, .bytes = grant);
        }
    }
}

static void peer_on_exception(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_exception *e = &run->exception;

    MF_CHECK_INT(mf_decode_exception(frame->payload, e), 0);
    run->exceptions++;
    e->name = peer_keep(&run->texts[0], e->name);
    e->message = peer_keep(&run->texts[1], e->message);
    e->stack = peer_keep(&run->texts[2], e->stack);
    e->module = peer_keep(&run->texts[3], e->module);
}

static void peer_on_fetch(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_fetch *f = &run->fetch;

    MF_CHECK_INT(mf_decode_fetch(frame->payload, f), 0);
    run->fetches++;
    f->method = peer_keep(&run->texts[4], f->method);
    f->url = peer_keep(&run->texts[5], f->url);
    f->headers = peer_keep(&run->texts[6], f->headers);
}

static void peer_on_log(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_log message;

    MF_CHECK_INT(mf_decode_log(frame->payload, &message), 0);
    run->logs++;
    MF_CHECK_INT(mf_buf_append_slice(&run->log, message.text), 0);
    MF_CHECK_INT(mf_buf_append_cstr(&run->log, "\n"), 0);
}

static void peer_on_response(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_response message;

    MF_CHECK_INT(mf_decode_response(frame->payload, &message), 0);
    MF_CHECK_INT(run->responses++, 0);
    run->status = message.status;
    run->has_body = message.has_body != 0;
    run->response_ns = mf_clock_now_ns();
    peer_keep(&run->headers, message.headers);
}

static void peer_on_stream_end(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_stream_end message;

    MF_CHECK_INT(mf_decode_stream_end(frame->payload, &message), 0);
    if (message.stream == MF_STREAM_RESPONSE) {
        MF_CHECK(run->has_body && !run->body_ended && !run->body_aborted);
        run->body_ended = true;
    } else {
        run->stream_ends++;
    }
}

static void peer_on_stream_abort(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_stream_abort message;

    MF_CHECK_INT(mf_decode_stream_abort(frame->payload, &message), 0);
    MF_CHECK(!run->body_ended && !run->body_aborted);
    run->body_aborted = true;
    run->abort_error = message.error;
}

static void peer_on_stream_credit(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_stream_credit message;

    MF_CHECK_INT(mf_decode_stream_credit(frame->payload, &message), 0);
    run->request_credit += message.bytes;
}

static void peer_on_splice(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_splice message;

    MF_CHECK_INT(mf_decode_splice(frame->payload, &message), 0);
    run->splices++;
    run->spliced_fetch = message.fetch;
}

static void peer_on_files(struct peer_run *run, const struct mf_frame *frame)
{
    struct mf_msg_files message;

    MF_CHECK_INT(mf_decode_files(frame->payload, &message), 0);
    MF_CHECK(message.op == run->files + 1 && message.mount == 0);
    run->files_bytes = (message.op == run->files_op ? run->files_bytes : 0) + message.bytes.size;
    run->files_op = message.op;
    run->files += message.is_more ? 0 : 1;
    MF_CHECK(run->files_bytes <= MF_RUN_FILE_OP_BYTES_MAX);
}

static void peer_on_done(struct peer_run *run, const struct mf_frame *frame)
{
    MF_CHECK_INT(mf_decode_done(frame->payload, &run->done), 0);
    run->done.text = peer_keep(&run->texts[7], run->done.text);
    run->dones++;
    run->done_ns = mf_clock_now_ns();
    /* A body is whole or broken off before its run is done, unless that is the daemon's to say. */
    MF_CHECK(!run->has_body || run->body_ended || run->body_aborted || run->response_stopped ||
             run->splice_rests > 0 || run->done.error == 0);
}

static void peer_on_run_frame(struct peer *peer, const struct mf_frame *frame)
{
    struct peer_run *run = peer_run(peer, frame->run);

    MF_CHECK_INT(run->dones, 0); /* DONE is the last frame of a run, once. */
    switch ((enum mf_message_type)frame->type) {
    case MF_MESSAGE_LOG:
        peer_on_log(run, frame);
        break;
    case MF_MESSAGE_EXCEPTION:
        peer_on_exception(run, frame);
        break;
    case MF_MESSAGE_RESPONSE:
        peer_on_response(run, frame);
        break;
    case MF_MESSAGE_STREAM_DATA:
        peer_on_data(peer, run, frame);
        break;
    case MF_MESSAGE_STREAM_END:
        peer_on_stream_end(run, frame);
        break;
    case MF_MESSAGE_STREAM_ABORT:
        peer_on_stream_abort(run, frame);
        break;
    case MF_MESSAGE_STREAM_CREDIT:
        peer_on_stream_credit(run, frame);
        break;
    case MF_MESSAGE_STREAM_STOP:
        run->request_stopped = true;
        break;
    case MF_MESSAGE_FETCH:
        peer_on_fetch(run, frame);
        break;
    case MF_MESSAGE_FETCH_ABORT:
        run->fetch_aborts++;
        break;
    case MF_MESSAGE_SPLICE:
        peer_on_splice(run, frame);
        break;
    case MF_MESSAGE_CODE_CACHE:
        MF_CHECK(false); /* None was asked for. */
        break;
    case MF_MESSAGE_SPLICE_REST:
        MF_CHECK_INT(run->splices, 1);
        run->splice_rests++;
        break;
    case MF_MESSAGE_FILES:
        peer_on_files(run, frame);
        break;
    case MF_MESSAGE_DONE:
        peer_on_done(run, frame);
        break;
    case MF_MESSAGE_FILES_ANSWER:
    case MF_MESSAGE_SPLICED:
    case MF_MESSAGE_START:
    case MF_MESSAGE_BUNDLE:
    case MF_MESSAGE_CANCEL:
    case MF_MESSAGE_FETCH_HEAD:
    case MF_MESSAGE_FETCH_FAIL:
    case MF_MESSAGE_DRAIN:
    case MF_MESSAGE_READY:
    case MF_MESSAGE_STATUS:
        MF_CHECK(!"a frame of this run");
    }
}

static void peer_on_frame(struct peer *peer, const struct mf_frame *frame)
{
    if (frame->type == MF_MESSAGE_READY) {
        struct mf_msg_ready message;
        MF_CHECK_INT(mf_decode_ready(frame->payload, &message), 0);
        MF_CHECK(!peer->is_ready && message.v8_version.size > 0);
        peer->is_ready = true;
        peer->layers = message.layers;
    } else if (frame->type == MF_MESSAGE_STATUS) {
        struct mf_msg_status message;
        MF_CHECK_INT(mf_decode_status(frame->payload, &message), 0);
        peer->standby = message.standby;
        peer->is_condemned = peer->is_condemned || message.is_condemned != 0;
    } else {
        peer_on_run_frame(peer, frame);
    }
}

/* Reads once, at most |wait_ms|; false: nothing came. */
static bool peer_read(struct peer *peer, int wait_ms)
{
    struct pollfd fd = {.fd = peer->fd, .events = POLLIN};
    static uint8_t bytes[65536];
    struct mf_frame frame;
    ssize_t size;
    int result;

    if (peer->is_closed || poll(&fd, 1, wait_ms) <= 0) {
        return false;
    }
    size = read(peer->fd, bytes, sizeof(bytes));
    if (size <= 0) {
        peer->is_closed = true;
        return true;
    }
    MF_CHECK_INT(mf_frame_reader_feed(&peer->reader, bytes, (size_t)size), 0);
    while ((result = mf_frame_reader_next(&peer->reader, &frame)) == 1) {
        peer_on_frame(peer, &frame);
    }
    MF_CHECK_INT(result, 0);
    return true;
}

/* Reads until |condition|; the test fails when it does not come true in time, or the executor leaves. */
#define PEER_WAIT(peer, condition)                                                                           \
    do {                                                                                                     \
        uint64_t peer_until_ns = mf_clock_now_ns() + (uint64_t)PEER_WAIT_MS * MF_NS_PER_MS;                  \
        while (!(condition)) {                                                                               \
            if ((peer)->is_closed || mf_clock_now_ns() > peer_until_ns) {                                    \
                fprintf(stderr, "%s:%d: waited in vain for: %s\n", __FILE__, __LINE__, #condition);          \
                exit(1);                                                                                     \
            }                                                                                                \
            peer_read(peer, 100);                                                                            \
        }                                                                                                    \
    } while (0)

/* Waits for DONE of one run. */
static inline struct peer_run *peer_wait_done(struct peer *peer, uint32_t number)
{
    struct peer_run *run = peer_run(peer, number);

    PEER_WAIT(peer, run->dones == 1);
    return run;
}

#endif
