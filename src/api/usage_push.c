/* usage_push.c - see usage_push.h.
 *
 *   WAITING --timer--> READING --rows have changed--> SENDING --taken--> SAVING --more--> READING
 *      ^                  |                              |                  |
 *      |                  +-- none, or an error          +-- not taken      +-- no more
 *      +------------------+------------------------------+------------------+
 *
 * Rows are sums, not differences, and the cursor moves only after a delivery was taken: whatever is sent twice says the same, or newer. */
#include "usage_push.h"

#include <stdio.h>
#include <time.h>

#include "usage_row.h"
#include "webhook.h"

#define SECRET_FIELD "/usage/pushSecretFile"
#define BODY_BYTES_MAX (MF_USAGE_PUSH_ROWS_MAX * MF__USAGE_ROW_BYTES_MAX + 1024)

enum push_step { PUSH_WAITING, PUSH_READING, PUSH_SENDING, PUSH_SAVING };

struct mf__usage_push {
    struct mf_api *api;
    struct mf_config *config; /* As it was at the start: where to. */
    struct mf_poster *poster;
    struct mf__webhook_keys *keys;
    struct mf__webhook_keys *next_keys; /* After mf__usage_push_reload. */
    uv_timer_t timer;                   /* Active while it waits. */
    enum push_step step;
    struct mf_store_job job;
    struct mf_store_usage_push mark; /* From here on it is the job's while that is under way. */
    struct mf_buf body;
    size_t count;
    uint64_t sequence; /* Of the last row. */
    struct mf_post_headers *headers;
    unsigned tries; /* In a row that were not taken. */
    int refused;    /* The status that was logged as an error. */
    struct mf__usage_push_state state;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

static void timer_due(uv_timer_t *timer);

static void wait_ms(struct mf__usage_push *push, uint64_t ms)
{
    int rc = uv_timer_start(&push->timer, timer_due, ms, 0);

    MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
    push->step = PUSH_WAITING;
}

static void wait_more(struct mf__usage_push *push)
{
    wait_ms(push,
            mf_post_backoff_ms(push->tries++, 0, MF_USAGE_PUSH_RETRY_MS_MIN, MF_USAGE_PUSH_RETRY_MS_MAX));
}

/* ---- what is sent ----------------------------------------------------------------------------------------- */

static int append_head(struct mf_buf *out, const char *id)
{
    time_t seconds = (time_t)(mf_clock_unix_ms() / 1000);
    struct tm utc;
    char text[32];

    if (gmtime_r(&seconds, &utc) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        return MF_E_INTERNAL;
    }
    return mf_buf_printf(
        out, "{\"type\":\"usage.updated\",\"timestamp\":\"%s\",\"data\":{\"store\":\"%s\",\"rows\":[", text,
        id);
}

static int append_name(struct mf_buf *out, const char *name, struct mf_slice value)
{
    int rc = mf_buf_printf(out, ",\"%s\":", name);

    rc = rc < 0            ? rc
         : value.size == 0 ? mf_buf_append_cstr(out, "null")
                           : mf_buf_append_json_string(out, value);
    return rc;
}

/* [worker] */
static int on_row(void *user, const struct mf_store_usage *row)
{
    struct mf__usage_push *push = user;
    struct mf_buf *out = &push->body;
    char date[MF__USAGE_DATE_BYTES];
    int rc = push->count > 0 ? mf_buf_append_cstr(out, ",") : append_head(out, push->mark.id);

    mf__usage_write_date(row->day, date);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "{\"tenant\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->tenant);
    rc = rc < 0 ? rc : mf_buf_printf(out, ",\"day\":\"%s\"", date);
    rc = rc < 0 ? rc : append_name(out, "worker", row->worker);
    rc = rc < 0 ? rc : append_name(out, "code", row->hash);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",");
    rc = rc < 0 ? rc : mf__usage_append_numbers(out, row);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "}");
    push->count++;
    push->sequence = row->changed;
    return rc;
}

/* [worker] The mark is known before the first row comes. */
static int read_rows(struct mf_store *store, struct mf_store_job *job)
{
    struct mf__usage_push *push = MF_CONTAINER_OF(job, struct mf__usage_push, job);
    int rc;

    push->count = 0;
    mf_buf_reset(&push->body);
    rc = mf_store_usage_changed(store, MF_USAGE_PUSH_ROWS_MAX, &push->mark, on_row, push);
    if (rc == 0 && push->count > 0) {
        rc = mf_buf_printf(&push->body, "],\"sequence\":%llu}}", (unsigned long long)push->sequence);
    }
    return rc;
}

/* [worker] */
static int save(struct mf_store *store, struct mf_store_job *job)
{
    struct mf__usage_push *push = MF_CONTAINER_OF(job, struct mf__usage_push, job);

    return mf_store_usage_pushed(store, push->sequence);
}

/* ---- one step after the other --------------------------------------------------------------------------------- */

static void note_taken(struct mf__usage_push *push)
{
    if (push->tries > 0) {
        mf_log(MF_LOG_INFO, 0, NULL, "usage is taken again by %s", push->config->usage_push_url);
    }
    push->tries = 0;
    push->refused = 0;
    push->state.deliveries++;
    push->state.rows += push->count;
    push->state.success_unix_s = mf_clock_unix_ms() / 1000;
}

/* It says that it does not want it, now or ever: somebody has to look. */
static bool is_refusal(int status)
{
    return status != 0 && status < 500 && status != 408 && status != 425 && status != 429;
}

static void note_failed(struct mf__usage_push *push, const struct mf_post_outcome *outcome)
{
    const char *url = push->config->usage_push_url;

    push->state.failures++;
    if (is_refusal(outcome->status)) {
        if (push->refused != outcome->status) {
            mf_log(MF_LOG_ERROR, 0, NULL,
                   "usage is refused by %s: %s; it is kept, and tried again now and then", url, outcome->why);
        }
        push->refused = outcome->status;
    } else if (push->tries == 0) {
        mf_log(MF_LOG_WARN, 0, NULL, "usage is not taken by %s: %s; it is kept, and tried again", url,
               outcome->why);
    }
}

static void submit(struct mf__usage_push *push,
                   enum push_step step,
                   int (*work)(struct mf_store *, struct mf_store_job *),
                   void (*done)(struct mf_store_job *, int))
{
    int rc;

    push->job = (struct mf_store_job){.work = work, .done = done};
    rc = mf_store_queue_submit(push->api->queue, &push->job);
    push->step = step;
    if (rc == MF_E_CLOSED) {
        push->step = PUSH_WAITING; /* For nothing but its end. */
    } else if (rc < 0) {
        wait_more(push);
    }
}

static void read_done(struct mf_store_job *job, int error);

static void save_done(struct mf_store_job *job, int error)
{
    struct mf__usage_push *push = MF_CONTAINER_OF(job, struct mf__usage_push, job);

    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "that usage was pushed could not be stored; it is pushed again");
        wait_more(push);
    } else if (push->count == MF_USAGE_PUSH_ROWS_MAX) {
        submit(push, PUSH_READING, read_rows, read_done);
    } else {
        wait_ms(push, push->api->config->usage_push_interval_ms);
    }
}

static void sent(void *user, const struct mf_post_outcome *outcome)
{
    struct mf__usage_push *push = user;

    mf_post_headers_free(push->headers);
    push->headers = NULL;
    if (outcome->is_taken) {
        note_taken(push);
        submit(push, PUSH_SAVING, save, save_done);
        return;
    }
    note_failed(push, outcome);
    wait_ms(push, is_refusal(outcome->status)
                      ? MF_USAGE_PUSH_RETRY_MS_MAX
                      : mf_post_backoff_ms(push->tries, outcome->retry_ms, MF_USAGE_PUSH_RETRY_MS_MIN,
                                           MF_USAGE_PUSH_RETRY_MS_MAX));
    push->tries++;
}

static int make_headers(struct mf__usage_push *push)
{
    uint64_t unix_s = mf_clock_unix_ms() / 1000;
    struct mf_buf line;
    char id[64];
    char text[64];
    int rc;

    (void)snprintf(id, sizeof id, "usage_%s_%llu", push->mark.id, (unsigned long long)push->sequence);
    mf_buf_init(&line, 256);
    push->headers = mf_post_headers_new();
    rc = mf_post_headers_add(push->headers, "content-type: application/json");
    rc = rc < 0 ? rc : mf_post_headers_add(push->headers, "user-agent: mayfly/" MF_VERSION);
    rc = rc < 0 ? rc : mf_post_headers_add(push->headers, "expect:"); /* It need not be asked first. */
    rc = rc < 0 ? rc : mf_buf_printf(&line, "webhook-id: %s", id);
    rc = rc < 0 ? rc : mf_buf_append(&line, "", 1);
    rc = rc < 0 ? rc : mf_post_headers_add(push->headers, (const char *)line.data);
    (void)snprintf(text, sizeof text, "webhook-timestamp: %llu", (unsigned long long)unix_s);
    rc = rc < 0 ? rc : mf_post_headers_add(push->headers, text);
    mf_buf_reset(&line);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&line, "webhook-signature: ");
    rc = rc < 0 ? rc : mf__webhook_sign(push->keys, id, unix_s, mf_buf_peek(&push->body), &line);
    rc = rc < 0 ? rc : mf_buf_append(&line, "", 1);
    rc = rc < 0 ? rc : mf_post_headers_add(push->headers, (const char *)line.data);
    mf_buf_done(&line);
    return rc;
}

static void read_done(struct mf_store_job *job, int error)
{
    struct mf__usage_push *push = MF_CONTAINER_OF(job, struct mf__usage_push, job);

    if (error == 0 && push->count == 0) {
        wait_ms(push, push->api->config->usage_push_interval_ms);
        return;
    }
    error = error < 0 ? error : make_headers(push);
    if (error < 0) {
        mf_post_headers_free(push->headers);
        push->headers = NULL;
        if (push->tries == 0) {
            mf_log(MF_LOG_ERROR, error, NULL, "usage could not be read to be pushed; it is tried again");
        }
        wait_more(push);
        return;
    }
    const struct mf_post_request request = {.url = push->config->usage_push_url,
                                            .headers = push->headers,
                                            .body = mf_buf_peek(&push->body),
                                            .ca_path = push->config->outbound_ca_path,
                                            .timeout_ms = MF_USAGE_PUSH_TIMEOUT_MS};
    push->step = PUSH_SENDING;
    mf_poster_send(push->poster, &request, sent, push);
}

static void timer_due(uv_timer_t *timer)
{
    submit(timer->data, PUSH_READING, read_rows, read_done);
}

/* ---- beginning and end -------------------------------------------------------------------------------------------- */

int mf__usage_push_check(const struct mf_config *config, char *ret_why)
{
    struct mf__webhook_keys *keys = NULL;
    int rc = config->usage_push_url == NULL
                 ? 0
                 : mf__webhook_keys_read(config->usage_push_secret_path, SECRET_FIELD, &keys, ret_why);

    mf__webhook_keys_free(keys);
    return rc;
}

int mf__usage_push_open(struct mf_api *api, MF_OWN struct mf__usage_push **ret_push, char *ret_why)
{
    struct mf__usage_push *push = mf_new(sizeof *push);
    int rc = mf__webhook_keys_read(api->config->usage_push_secret_path, SECRET_FIELD, &push->keys, ret_why);

    rc = rc < 0 ? rc : mf_poster_open(api->loop, &push->poster);
    if (rc < 0) {
        mf__webhook_keys_free(push->keys);
        mf_free(push);
        return rc;
    }
    rc = uv_timer_init(api->loop, &push->timer);
    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    push->timer.data = push;
    push->api = api;
    push->config = mf_config_ref(api->config);
    mf_buf_init(&push->body, BODY_BYTES_MAX);
    wait_ms(push, 0);
    *ret_push = push;
    return 0;
}

int mf__usage_push_reload(struct mf__usage_push *push, char *ret_why)
{
    struct mf__webhook_keys *keys = NULL;
    int rc = mf__webhook_keys_read(push->config->usage_push_secret_path, SECRET_FIELD, &keys, ret_why);

    if (rc == 0) {
        mf__webhook_keys_free(push->next_keys);
        push->next_keys = keys;
    }
    return rc;
}

void mf__usage_push_take(struct mf__usage_push *push)
{
    if (push->next_keys != NULL) {
        mf__webhook_keys_free(push->keys);
        push->keys = push->next_keys;
        push->next_keys = NULL;
    }
    push->refused = 0;
    if (uv_is_active((uv_handle_t *)&push->timer)) {
        wait_ms(push, 0);
    }
}

void mf__usage_push_state(const struct mf__usage_push *push, struct mf__usage_push_state *ret_state)
{
    *ret_state = push->state;
}

static void poster_closed(void *user)
{
    struct mf__usage_push *push = user;
    void (*on_closed)(void *user) = push->on_closed;
    void *on_closed_user = push->on_closed_user;

    mf_post_headers_free(push->headers);
    mf__webhook_keys_free(push->keys);
    mf__webhook_keys_free(push->next_keys);
    mf_buf_done(&push->body);
    mf_config_unref(push->config);
    mf_free(push);
    on_closed(on_closed_user);
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf__usage_push *push = handle->data;

    mf_poster_close(push->poster, poster_closed, push);
}

void mf__usage_push_close(MF_OWN struct mf__usage_push *push, void (*on_closed)(void *user), void *user)
{
    push->on_closed = on_closed;
    push->on_closed_user = user;
    uv_close((uv_handle_t *)&push->timer, timer_closed);
}
