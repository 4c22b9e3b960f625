/* export.c - the thread that sends records to a collector.
 *
 *   add --> queue --a batch is full, or waited long enough--> written --> sent --taken--> counted
 *             |                                                ^   |
 *             +--no room: dropped                              +---+ later: the collector is busy or away */
#include <stdio.h>

#include <uv.h>

#include <mayfly/post.h>
#include <mayfly/trace_otlp.h>

#include "internal.h"

struct mf_otlp {
    char traces_url[MF_POST_URL_BYTES_MAX + 32];
    char logs_url[MF_POST_URL_BYTES_MAX + 32];
    struct mf_post *post;
    struct mf_post_headers *headers;
    uv_thread_t thread;
    uv_mutex_t mutex; /* For all below. */
    uv_cond_t changed;
    struct mf_trace *queue[MF_OTLP_QUEUE_MAX]; /* A ring. */
    size_t first;
    size_t count;
    size_t bytes;
    uint64_t oldest_ns; /* When the first of them came. */
    bool is_logged;
    bool is_closing;
    uint64_t close_ns; /* Then nothing is sent any more. */
    struct mf_otlp_state state;
};

/* ---- the queue -------------------------------------------------------------------------------------------- */

void mf_otlp_add(struct mf_otlp *otlp, struct mf_trace *trace)
{
    size_t bytes = trace->bytes;
    bool is_woken;

    uv_mutex_lock(&otlp->mutex);
    if (otlp->count == MF_OTLP_QUEUE_MAX || otlp->bytes + bytes > MF_OTLP_QUEUE_BYTES_MAX) {
        otlp->state.dropped++;
        uv_mutex_unlock(&otlp->mutex);
        return;
    }
    if (otlp->count == 0) {
        otlp->oldest_ns = mf_clock_now_ns();
    }
    otlp->queue[(otlp->first + otlp->count) % MF_OTLP_QUEUE_MAX] = mf_trace_ref(trace);
    otlp->count++;
    otlp->bytes += bytes;
    /* In between the thread's own wait ends in time. */
    is_woken = otlp->count == 1 || otlp->count == MF_OTLP_BATCH_MAX;
    uv_mutex_unlock(&otlp->mutex);
    if (is_woken) {
        uv_cond_signal(&otlp->changed);
    }
}

/* Waits until there is a batch: how many; 0: it is the end. With the mutex. */
static size_t take_batch(struct mf_otlp *otlp, struct mf_trace *ret_batch[MF_OTLP_BATCH_MAX])
{
    const uint64_t delay_ns = MF_OTLP_DELAY_MS * MF_NS_PER_MS;
    size_t count = 0;
    size_t bytes = 0;

    while (!otlp->is_closing && otlp->count < MF_OTLP_BATCH_MAX && otlp->bytes < MF_OTLP_BATCH_BYTES_MAX) {
        uint64_t now_ns = mf_clock_now_ns();
        if (otlp->count == 0) {
            uv_cond_wait(&otlp->changed, &otlp->mutex);
        } else if (now_ns - otlp->oldest_ns >= delay_ns) {
            break;
        } else {
            (void)uv_cond_timedwait(&otlp->changed, &otlp->mutex, otlp->oldest_ns + delay_ns - now_ns);
        }
    }
    while (otlp->count > 0 && count < MF_OTLP_BATCH_MAX && (count == 0 || bytes < MF_OTLP_BATCH_BYTES_MAX)) {
        ret_batch[count] = otlp->queue[otlp->first];
        bytes += ret_batch[count]->bytes;
        otlp->first = (otlp->first + 1) % MF_OTLP_QUEUE_MAX;
        otlp->count--;
        count++;
    }
    otlp->bytes -= bytes;
    otlp->oldest_ns = mf_clock_now_ns();
    return count;
}

/* Waits |ms|, or until it is the end of the end. False: nothing more may be sent. */
static bool wait_ms(struct mf_otlp *otlp, uint64_t ms)
{
    uint64_t until_ns = mf_clock_now_ns() + ms * MF_NS_PER_MS;
    bool may;

    uv_mutex_lock(&otlp->mutex);
    for (;;) {
        uint64_t now_ns = mf_clock_now_ns();
        uint64_t end_ns = otlp->is_closing && otlp->close_ns < until_ns ? otlp->close_ns : until_ns;
        if (now_ns >= end_ns) {
            break;
        }
        (void)uv_cond_timedwait(&otlp->changed, &otlp->mutex, end_ns - now_ns);
    }
    may = !otlp->is_closing || mf_clock_now_ns() < otlp->close_ns;
    uv_mutex_unlock(&otlp->mutex);
    return may;
}

/* ---- one request ------------------------------------------------------------------------------------------------ */

static bool is_over(void *user)
{
    struct mf_otlp *otlp = user;
    bool is_over;

    uv_mutex_lock(&otlp->mutex);
    is_over = otlp->is_closing && mf_clock_now_ns() >= otlp->close_ns;
    uv_mutex_unlock(&otlp->mutex);
    return is_over;
}

/* What a collector said it left out: "rejectedSpans":"3" or 3, within "partialSuccess". */
static uint64_t rejected_of(struct mf_slice answer)
{
    static const char *const names[] = {"\"rejectedSpans\"", "\"rejectedLogRecords\""};
    uint64_t count = 0;

    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        const uint8_t *at =
            answer.size == 0 ? NULL : memmem(answer.data, answer.size, names[i], strlen(names[i]));
        const uint8_t *end = answer.data + answer.size;
        if (at == NULL) {
            continue;
        }
        at += strlen(names[i]);
        while (at < end && (*at == ':' || *at == ' ' || *at == '"')) {
            at++;
        }
        for (; at < end && *at >= '0' && *at <= '9' && count < UINT32_MAX; at++) {
            count = count * 10 + (uint64_t)(*at - '0');
        }
    }
    return count;
}

static struct mf_post_outcome
send_once(struct mf_otlp *otlp, const char *url, struct mf_slice body, uint64_t *ret_rejected)
{
    struct mf_post_outcome outcome;
    struct mf_buf answer;
    const struct mf_post_request request = {.url = url,
                                            .headers = otlp->headers,
                                            .body = body,
                                            .timeout_ms = MF_OTLP_TIMEOUT_MS,
                                            .is_over = is_over,
                                            .user = otlp,
                                            .answer = &answer};

    mf_buf_init(&answer, MF_OTLP_ANSWER_BYTES_MAX);
    mf_post_send(otlp->post, &request, &outcome);
    *ret_rejected = outcome.is_taken ? rejected_of(mf_buf_peek(&answer)) : 0;
    mf_buf_done(&answer);
    return outcome;
}

/* ---- until it is taken --------------------------------------------------------------------------------------------- */

/* A collector that is away or busy; any other answer is a no. */
static bool may_retry(const struct mf_post_outcome *outcome)
{
    int status = outcome->status;

    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static void count_retry(struct mf_otlp *otlp)
{
    uv_mutex_lock(&otlp->mutex);
    otlp->state.retries++;
    uv_mutex_unlock(&otlp->mutex);
}

static bool deliver(struct mf_otlp *otlp, const char *url, struct mf_slice body)
{
    struct mf_post_outcome outcome = {.status = 0};
    uint64_t rejected;

    for (unsigned tries = 0; tries < MF_OTLP_TRIES_MAX && may_retry(&outcome); tries++) {
        if (tries > 0) {
            if (!wait_ms(otlp, mf_post_backoff_ms(tries - 1, outcome.retry_ms, MF_OTLP_RETRY_MS_MIN,
                                                  MF_OTLP_RETRY_MS_MAX))) {
                break;
            }
            count_retry(otlp);
        }
        outcome = send_once(otlp, url, body, &rejected);
        if (outcome.is_taken) {
            uv_mutex_lock(&otlp->mutex);
            otlp->state.rejected += rejected;
            uv_mutex_unlock(&otlp->mutex);
            return true;
        }
    }
    mf_log(MF_LOG_WARN, 0, NULL, "the collector at %s does not take what is sent: %s", url, outcome.why);
    return false;
}

typedef int write_fn(struct mf_trace *const *traces, size_t count, struct mf_buf *out, size_t *ret_count);

static bool
send_as(struct mf_otlp *otlp, const char *url, write_fn *write_them, struct mf_trace **batch, size_t count)
{
    struct mf_buf body;
    size_t written = 0;
    bool is_taken = true;

    mf_buf_init(&body, MF_OTLP_BODY_BYTES_MAX);
    if (write_them(batch, count, &body, &written) < 0) {
        mf_log(MF_LOG_WARN, MF_E_TOO_LARGE, NULL, "what is sent to the collector is too large");
        is_taken = false;
    } else if (written > 0) {
        is_taken = deliver(otlp, url, mf_buf_peek(&body));
    }
    mf_buf_done(&body);
    return is_taken;
}

static void send_batch(struct mf_otlp *otlp, struct mf_trace **batch, size_t count)
{
    bool is_logged;
    bool is_taken;

    uv_mutex_lock(&otlp->mutex);
    is_logged = otlp->is_logged;
    uv_mutex_unlock(&otlp->mutex);
    is_taken = send_as(otlp, otlp->traces_url, mf_otlp_write_spans, batch, count);
    if (is_logged) {
        is_taken = send_as(otlp, otlp->logs_url, mf_otlp_write_logs, batch, count) && is_taken;
    }
    for (size_t i = 0; i < count; i++) {
        mf_trace_unref(batch[i]);
    }
    uv_mutex_lock(&otlp->mutex);
    *(is_taken ? &otlp->state.sent : &otlp->state.dropped) += count;
    uv_mutex_unlock(&otlp->mutex);
}

static void run(void *user)
{
    struct mf_otlp *otlp = user;
    struct mf_trace *batch[MF_OTLP_BATCH_MAX];
    size_t count;

    do {
        uv_mutex_lock(&otlp->mutex);
        count = take_batch(otlp, batch);
        uv_mutex_unlock(&otlp->mutex);
        if (count > 0) {
            send_batch(otlp, batch, count);
        }
    } while (count > 0);
}

/* ---- headers ------------------------------------------------------------------------------------------------------------- */

static bool is_header(const char *line)
{
    size_t name =
        strspn(line, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (name == 0 || line[name] != ':') {
        return false;
    }
    for (const char *at = line + name; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* |text| is cut into lines. */
static int add_lines(struct mf_otlp *otlp, char *text, const char *path, char *ret_why)
{
    unsigned number = 0;
    unsigned count = 0;
    char *rest = text;
    char *line;

    while ((line = strsep(&rest, "\n")) != NULL) {
        size_t size = strlen(line);
        number++;
        if (size > 0 && line[size - 1] == '\r') {
            line[--size] = '\0';
        }
        if (size == 0) {
            continue;
        }
        if (!is_header(line) || ++count > MF_OTLP_HEADERS_MAX) {
            (void)snprintf(
                ret_why, MF_OTLP_WHY_BYTES_MAX,
                "/tracing/otlpHeadersFile: line %u of %.300s is no header \"Name: value\", or one too many",
                number, path);
            return MF_E_CONFIG;
        }
        if (mf_post_headers_add(otlp->headers, line) < 0) {
            return MF_E_NO_MEMORY;
        }
    }
    return 0;
}

static int read_headers(struct mf_otlp *otlp, const char *path, char *ret_why)
{
    char text[MF_OTLP_HEADERS_BYTES_MAX + 1];
    ssize_t size;
    int rc = mf_post_headers_add(otlp->headers, "Content-Type: application/json");

    rc = rc < 0 ? rc : mf_post_headers_add(otlp->headers, "User-Agent: mayfly/" MF_VERSION);
    rc = rc < 0 ? rc
                : mf_post_headers_add(otlp->headers, "Expect:"); /* A collector need not be asked first. */
    if (rc < 0 || path == NULL) {
        return rc;
    }
    size = mf_post_read_secret(path, "/tracing/otlpHeadersFile", MF_OTLP_HEADERS_BYTES_MAX, text, ret_why);
    rc = size < 0 ? (int)size : add_lines(otlp, text, path, ret_why);
    mf_wipe(text, sizeof text);
    return rc;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

int mf_otlp_open(const struct mf_otlp_options *options, MF_OWN struct mf_otlp **ret_otlp, char *ret_why)
{
    struct mf_otlp *otlp = mf_new(sizeof *otlp);
    size_t size = strlen(options->url);
    int rc;

    ret_why[0] = '\0';
    while (size > 0 && options->url[size - 1] == '/') {
        size--;
    }
    (void)snprintf(otlp->traces_url, sizeof otlp->traces_url, "%.*s/v1/traces", (int)size, options->url);
    (void)snprintf(otlp->logs_url, sizeof otlp->logs_url, "%.*s/v1/logs", (int)size, options->url);
    otlp->is_logged = options->is_logged;
    otlp->post = mf_post_new();
    otlp->headers = mf_post_headers_new();
    rc = otlp->post == NULL ? MF_E_NO_MEMORY : 0;
    rc = rc < 0 ? rc : read_headers(otlp, options->headers_path, ret_why);
    if (rc == 0 && (uv_mutex_init(&otlp->mutex) < 0 || uv_cond_init(&otlp->changed) < 0 ||
                    uv_thread_create(&otlp->thread, run, otlp) < 0)) {
        rc = MF_E_NO_MEMORY; /* The daemon cannot start: what was made ends with it. */
    }
    if (rc < 0) {
        mf_post_free(otlp->post);
        mf_post_headers_free(otlp->headers);
        mf_free(otlp);
        return rc;
    }
    *ret_otlp = otlp;
    return 0;
}

int mf_otlp_check(const struct mf_otlp_options *options, char *ret_why)
{
    struct mf_otlp *otlp = mf_new(sizeof *otlp);
    int rc;

    ret_why[0] = '\0';
    otlp->headers = mf_post_headers_new();
    rc = read_headers(otlp, options->headers_path, ret_why);
    mf_post_headers_free(otlp->headers);
    mf_free(otlp);
    return rc;
}

void mf_otlp_set_logged(struct mf_otlp *otlp, bool is_logged)
{
    uv_mutex_lock(&otlp->mutex);
    otlp->is_logged = is_logged;
    uv_mutex_unlock(&otlp->mutex);
}

void mf_otlp_state(struct mf_otlp *otlp, struct mf_otlp_state *ret_state)
{
    uv_mutex_lock(&otlp->mutex);
    *ret_state = otlp->state;
    ret_state->queued = otlp->count;
    uv_mutex_unlock(&otlp->mutex);
}

void mf_otlp_close(MF_OWN struct mf_otlp *otlp)
{
    if (otlp == NULL) {
        return;
    }
    uv_mutex_lock(&otlp->mutex);
    otlp->is_closing = true;
    otlp->close_ns = mf_clock_now_ns() + MF_OTLP_CLOSE_MS * MF_NS_PER_MS;
    uv_mutex_unlock(&otlp->mutex);
    uv_cond_signal(&otlp->changed);
    (void)uv_thread_join(&otlp->thread);
    uv_mutex_destroy(&otlp->mutex);
    uv_cond_destroy(&otlp->changed);
    mf_post_free(otlp->post);
    mf_post_headers_free(otlp->headers);
    mf_free(otlp);
}
