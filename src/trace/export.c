/* export.c - the thread that sends records to a collector.
 *
 *   add --> queue --a batch is full, or waited long enough--> written --> sent --taken--> counted
 *             |                                                ^   |
 *             +--no room: dropped                              +---+ later: the collector is busy or away */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>
#include <fcntl.h>
#include <uv.h>

#include <mayfly/trace_otlp.h>

#include "internal.h"

struct mf_otlp {
    char traces_url[MF_OTLP_URL_BYTES_MAX + 32];
    char logs_url[MF_OTLP_URL_BYTES_MAX + 32];
    struct curl_slist *headers;
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

static size_t on_answer(char *data, size_t unit, size_t count, void *user)
{
    struct mf_buf *answer = user;
    size_t room = answer->bytes_max - answer->size;

    mf_ignore(mf_buf_append(answer, data, unit * count < room ? unit * count : room));
    return unit * count; /* The rest is of no interest. */
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct mf_otlp *otlp = user;
    bool is_over;

    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    uv_mutex_lock(&otlp->mutex);
    is_over = otlp->is_closing && mf_clock_now_ns() >= otlp->close_ns;
    uv_mutex_unlock(&otlp->mutex);
    return is_over ? 1 : 0;
}

static CURLcode
set_options(CURL *curl, struct mf_otlp *otlp, const char *url, struct mf_slice body, struct mf_buf *answer)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);

#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* Credentials go to the collector that was named. */
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)MF_OTLP_TIMEOUT_MS);
    SET(CURLOPT_HTTPHEADER, otlp->headers);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    SET(CURLOPT_POSTFIELDS, (const char *)body.data);
    SET(CURLOPT_WRITEFUNCTION, on_answer);
    SET(CURLOPT_WRITEDATA, answer);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, otlp);
#undef SET
    return code;
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

struct outcome {
    bool is_taken;
    bool may_retry;
    uint64_t retry_ms; /* What the collector asks for; 0: nothing. */
    uint64_t rejected;
    char why[96];
};

static struct outcome judge(CURL *curl, CURLcode code, struct mf_slice answer)
{
    struct outcome outcome = {.may_retry = true};
    curl_off_t retry_s = 0;
    long status = 0;

    if (code != CURLE_OK) {
        (void)snprintf(outcome.why, sizeof outcome.why, "%.80s", curl_easy_strerror(code));
        return outcome;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_s);
    outcome.is_taken = status >= 200 && status < 300;
    outcome.may_retry = status == 429 || status == 502 || status == 503 || status == 504;
    outcome.retry_ms = retry_s > 0 ? (uint64_t)retry_s * 1000 : 0;
    outcome.rejected = outcome.is_taken ? rejected_of(answer) : 0;
    (void)snprintf(outcome.why, sizeof outcome.why, "it answered %ld", status);
    return outcome;
}

static struct outcome send_once(struct mf_otlp *otlp, CURL *curl, const char *url, struct mf_slice body)
{
    struct outcome outcome;
    struct mf_buf answer;
    CURLcode code;

    mf_buf_init(&answer, MF_OTLP_ANSWER_BYTES_MAX);
    code = set_options(curl, otlp, url, body, &answer);
    code = code == CURLE_OK ? curl_easy_perform(curl) : code;
    outcome = judge(curl, code, mf_buf_peek(&answer));
    mf_buf_done(&answer);
    return outcome;
}

/* ---- until it is taken --------------------------------------------------------------------------------------------- */

/* The |tries|-th wait: what the collector asks for, or twice the one before; and as much again at random, so that many do not come back
 * at once. */
static uint64_t backoff_ms(unsigned tries, uint64_t asked_ms)
{
    uint64_t ms = (uint64_t)MF_OTLP_RETRY_MS_MIN << tries;
    uint64_t random;

    mf_random_bytes(&random, sizeof random);
    ms = ms > MF_OTLP_RETRY_MS_MAX ? MF_OTLP_RETRY_MS_MAX : ms;
    ms += random % ms;
    ms = ms < asked_ms ? asked_ms : ms;
    return ms > MF_OTLP_RETRY_MS_MAX ? MF_OTLP_RETRY_MS_MAX : ms;
}

static void count_retry(struct mf_otlp *otlp)
{
    uv_mutex_lock(&otlp->mutex);
    otlp->state.retries++;
    uv_mutex_unlock(&otlp->mutex);
}

static bool deliver(struct mf_otlp *otlp, CURL *curl, const char *url, struct mf_slice body)
{
    struct outcome outcome = {.may_retry = true};

    for (unsigned tries = 0; tries < MF_OTLP_TRIES_MAX && outcome.may_retry; tries++) {
        if (tries > 0) {
            if (!wait_ms(otlp, backoff_ms(tries - 1, outcome.retry_ms))) {
                break;
            }
            count_retry(otlp);
        }
        outcome = send_once(otlp, curl, url, body);
        if (outcome.is_taken) {
            uv_mutex_lock(&otlp->mutex);
            otlp->state.rejected += outcome.rejected;
            uv_mutex_unlock(&otlp->mutex);
            return true;
        }
    }
    mf_log(MF_LOG_WARN, 0, NULL, "the collector at %s does not take what is sent: %s", url, outcome.why);
    return false;
}

typedef int write_fn(struct mf_trace *const *traces, size_t count, struct mf_buf *out, size_t *ret_count);

static bool send_as(struct mf_otlp *otlp,
                    CURL *curl,
                    const char *url,
                    write_fn *write_them,
                    struct mf_trace **batch,
                    size_t count)
{
    struct mf_buf body;
    size_t written = 0;
    bool is_taken = true;

    mf_buf_init(&body, MF_OTLP_BODY_BYTES_MAX);
    if (write_them(batch, count, &body, &written) < 0) {
        mf_log(MF_LOG_WARN, MF_E_TOO_LARGE, NULL, "what is sent to the collector is too large");
        is_taken = false;
    } else if (written > 0) {
        is_taken = deliver(otlp, curl, url, mf_buf_peek(&body));
    }
    mf_buf_done(&body);
    return is_taken;
}

static void send_batch(struct mf_otlp *otlp, CURL *curl, struct mf_trace **batch, size_t count)
{
    bool is_logged;
    bool is_taken;

    uv_mutex_lock(&otlp->mutex);
    is_logged = otlp->is_logged;
    uv_mutex_unlock(&otlp->mutex);
    is_taken = send_as(otlp, curl, otlp->traces_url, mf_otlp_write_spans, batch, count);
    if (is_logged) {
        is_taken = send_as(otlp, curl, otlp->logs_url, mf_otlp_write_logs, batch, count) && is_taken;
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
    CURL *curl = curl_easy_init();
    size_t count;

    MF_ASSERT(curl != NULL); /* No memory at the very start. */
    do {
        uv_mutex_lock(&otlp->mutex);
        count = take_batch(otlp, batch);
        uv_mutex_unlock(&otlp->mutex);
        if (count > 0) {
            send_batch(otlp, curl, batch, count);
        }
    } while (count > 0);
    curl_easy_cleanup(curl);
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

static int add_header(struct mf_otlp *otlp, const char *line)
{
    struct curl_slist *longer = curl_slist_append(otlp->headers, line);

    if (longer == NULL) {
        return MF_E_NO_MEMORY;
    }
    otlp->headers = longer;
    return 0;
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
        if (add_header(otlp, line) < 0) {
            return MF_E_NO_MEMORY;
        }
    }
    return 0;
}

static ssize_t read_file(const char *path, char text[MF_OTLP_HEADERS_BYTES_MAX + 1], char *ret_why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    ssize_t size = fd < 0 || fstat(fd, &stat) < 0 ? -1 : read(fd, text, MF_OTLP_HEADERS_BYTES_MAX + 1);

    if (size < 0) {
        (void)snprintf(ret_why, MF_OTLP_WHY_BYTES_MAX, "/tracing/otlpHeadersFile: %.300s cannot be read: %s",
                       path, strerror(errno));
    } else if (!S_ISREG(stat.st_mode) || (stat.st_mode & S_IRWXO) != 0) {
        (void)snprintf(ret_why, MF_OTLP_WHY_BYTES_MAX,
                       "/tracing/otlpHeadersFile: %.300s must be a file that not everybody may read", path);
        size = -1;
    } else if (size > MF_OTLP_HEADERS_BYTES_MAX) {
        (void)snprintf(ret_why, MF_OTLP_WHY_BYTES_MAX,
                       "/tracing/otlpHeadersFile: %.300s has more than %d bytes", path,
                       MF_OTLP_HEADERS_BYTES_MAX);
        size = -1;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return size;
}

static int read_headers(struct mf_otlp *otlp, const char *path, char *ret_why)
{
    char text[MF_OTLP_HEADERS_BYTES_MAX + 1];
    ssize_t size;
    int rc = add_header(otlp, "Content-Type: application/json");

    rc = rc < 0 ? rc : add_header(otlp, "User-Agent: mayfly/" MF_VERSION);
    rc = rc < 0 ? rc : add_header(otlp, "Expect:"); /* A collector need not be asked first. */
    if (rc < 0 || path == NULL) {
        return rc;
    }
    size = read_file(path, text, ret_why);
    if (size < 0) {
        mf_wipe(text, sizeof text);
        return MF_E_CONFIG;
    }
    text[size] = '\0';
    rc = strlen(text) == (size_t)size ? add_lines(otlp, text, path, ret_why) : MF_E_CONFIG;
    if (rc == MF_E_CONFIG && ret_why[0] == '\0') {
        (void)snprintf(ret_why, MF_OTLP_WHY_BYTES_MAX, "/tracing/otlpHeadersFile: %.300s has a NUL", path);
    }
    mf_wipe(text, sizeof text);
    return rc;
}

static void free_headers(struct mf_otlp *otlp)
{
    for (struct curl_slist *one = otlp->headers; one != NULL; one = one->next) {
        mf_wipe(one->data, strlen(one->data));
    }
    curl_slist_free_all(otlp->headers);
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
    rc = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : MF_E_NO_MEMORY;
    rc = rc < 0 ? rc : read_headers(otlp, options->headers_path, ret_why);
    if (rc == 0 && (uv_mutex_init(&otlp->mutex) < 0 || uv_cond_init(&otlp->changed) < 0 ||
                    uv_thread_create(&otlp->thread, run, otlp) < 0)) {
        rc = MF_E_NO_MEMORY; /* The daemon cannot start: what was made ends with it. */
    }
    if (rc < 0) {
        free_headers(otlp);
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
    rc = read_headers(otlp, options->headers_path, ret_why);
    free_headers(otlp);
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
    free_headers(otlp);
    mf_free(otlp);
}
