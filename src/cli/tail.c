/* tail.c - mayfly tail: the events of /v1/tail as they come; when the stream breaks, the next one. */
#include <time.h>

#include <cjson/cJSON.h>

#include "resource.h"
#include "runs.h"

#define EVENT_BYTES_MAX ((size_t)MF_TRACE_RECORD_BYTES_MAX * 8)
#define PATH_BYTES_MAX 4096
#define AGAIN_MS 1000

static volatile sig_atomic_t is_stopped;

struct tail {
    const struct mf_cli_options *options;
    const struct mf_cli_output *output;
    struct mf_buf rest; /* Of the stream, up to the end of its next event. */
    bool is_there;      /* The stream began. */
    bool is_broken;     /* Standard output, or the stream itself. */
};

static void on_signal(int number)
{
    (void)number;
    is_stopped = 1;
}

/* ---- events ------------------------------------------------------------------------------------------------ */

/* The value of the line "|name|: value". */
static struct mf_slice line_of(struct mf_slice event, const char *name)
{
    size_t at = 0;

    while (at < event.size) {
        const uint8_t *end = memchr(event.data + at, '\n', event.size - at);
        size_t size = end == NULL ? event.size - at : (size_t)(end - event.data) - at;
        struct mf_slice line = mf_slice_of(event.data + at, size);
        size_t name_size = strlen(name);
        if (mf_slice_starts_with(line, name) && line.size >= name_size + 2 && line.data[name_size] == ':') {
            return mf_slice_of(line.data + name_size + 2, line.size - name_size - 2);
        }
        at += size + 1;
    }
    return mf_slice_of(NULL, 0);
}

static void on_run(struct tail *tail, struct mf_slice data)
{
    cJSON *run;

    if (tail->options->is_json) {
        mf_cli_print(tail->output->out, false, data);
        (void)fputc('\n', tail->output->out);
        return;
    }
    run = cJSON_ParseWithLength((const char *)data.data, data.size);
    if (run != NULL) {
        mf_cli_runs_print(tail->output, run);
    }
    cJSON_Delete(run);
}

static void on_dropped(const struct tail *tail, struct mf_slice data)
{
    cJSON *said = cJSON_ParseWithLength((const char *)data.data, data.size);
    char text[96];

    (void)snprintf(text, sizeof text, "%d runs were left out: this reader was too slow",
                   mf_cli_resource_number(said, "dropped"));
    mf_cli_say(tail->output, text, "");
    cJSON_Delete(said);
}

static void on_event(struct tail *tail, struct mf_slice event)
{
    struct mf_slice kind = line_of(event, "event");
    struct mf_slice data = line_of(event, "data");

    if (mf_slice_equal_cstr(kind, "run")) {
        on_run(tail, data);
    } else if (mf_slice_equal_cstr(kind, "dropped")) {
        on_dropped(tail, data);
    }
}

static bool on_bytes(void *user, struct mf_slice bytes)
{
    struct tail *tail = user;
    const uint8_t *end;

    tail->is_there = true;
    if (mf_buf_append_slice(&tail->rest, bytes) < 0) {
        tail->is_broken = true;
        return false;
    }
    while (tail->rest.size > 0 && (end = memmem(tail->rest.data, tail->rest.size, "\n\n", 2)) != NULL) {
        size_t size = (size_t)(end - tail->rest.data);
        on_event(tail, mf_slice_of(tail->rest.data, size));
        mf_buf_consume(&tail->rest, size + 2);
    }
    tail->is_broken = fflush(tail->output->out) != 0;
    return !tail->is_broken;
}

/* ---- streams -------------------------------------------------------------------------------------------------- */

static void wait_a_little(void)
{
    struct timespec pause = {AGAIN_MS / 1000, AGAIN_MS % 1000 * 1000000L};

    if (is_stopped == 0) {
        (void)nanosleep(&pause, NULL); /* A signal ends it early. */
    }
}

/* One stream, to its end. True: another may be tried. */
static bool follow(struct tail *tail, const char *path, enum mf_cli_exit *ret_status)
{
    const struct mf_cli_call call = {.url = tail->options->url,
                                     .ca_path = tail->options->ca_path,
                                     .path = path,
                                     .on_bytes = on_bytes,
                                     .user = tail,
                                     .is_stopped = &is_stopped};
    struct mf_cli_answer answer;
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    bool was_there = tail->is_there;
    int rc = mf_cli_call(&call, &answer, why);
    bool may = !tail->is_broken && is_stopped == 0 && (was_there || answer.status == 200);

    mf_buf_reset(&tail->rest);
    *ret_status = tail->is_broken ? MF_CLI_EXIT_OTHER : MF_CLI_EXIT_OK;
    if (is_stopped != 0 || tail->is_broken) {
        may = false;
    } else if (answer.status != 200 && !answer.is_unreachable && answer.status != 503) {
        *ret_status = mf_cli_report_refusal(&answer, tail->output);
        may = false;
    } else if (!may) {
        *ret_status = MF_CLI_EXIT_DAEMON;
        if (rc < 0) {
            mf_cli_say(tail->output, why, "");
        } else {
            *ret_status = mf_cli_report_refusal(&answer, tail->output);
        }
    } else if (answer.status == 200) {
        mf_cli_say(tail->output, "the stream ended; what comes until the next one begins is not shown", "");
    }
    mf_cli_answer_done(&answer);
    return may;
}

enum mf_cli_exit mf_cli_tail(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    struct tail tail = {.options = options, .output = output};
    struct sigaction action = {.sa_handler = on_signal};
    struct mf_buf path;
    enum mf_cli_exit status = MF_CLI_EXIT_OK;

    mf_buf_init(&path, PATH_BYTES_MAX);
    if (mf_buf_append_cstr(&path, "/v1/tail") < 0 || mf_cli_runs_query(options, &path) < 0 ||
        mf_buf_append(&path, "", 1) < 0) {
        mf_buf_done(&path);
        mf_cli_say(output, "what is asked for is too long", "");
        return MF_CLI_EXIT_USAGE;
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    mf_buf_init(&tail.rest, EVENT_BYTES_MAX);
    while (follow(&tail, (const char *)path.data, &status)) {
        wait_a_little();
        if (is_stopped != 0) {
            break;
        }
    }
    mf_buf_done(&tail.rest);
    mf_buf_done(&path);
    return status;
}
