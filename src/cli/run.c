#include "run.h"

#include "request.h"

#define LABEL_BYTES_MAX 128

static enum mf_cli_exit fail(const struct mf_cli_output *output, enum mf_cli_exit status, const char *why)
{
    (void)fputs("mayfly: ", output->err);
    mf_cli_print(output->err, output->is_err_terminal, mf_slice_of_cstr(why));
    (void)fputc('\n', output->err);
    return status;
}

/* The call's body: the file, and what --data names. */
static int make_body(const struct mf_cli_options *options, struct mf_buf *ret_body, char *why)
{
    struct mf_buf code;
    struct mf_buf data;
    int rc;

    mf_buf_init(&code, MF_CODE_BYTES_MAX);
    mf_buf_init(&data, MF_HTTP_BODY_BYTES_MAX);
    rc = mf_cli_file_read(options->file, &code, why);
    if (rc == 0 && options->data != NULL) {
        rc = options->data[0] == '@' ? mf_cli_file_read(options->data + 1, &data, why)
                                     : mf_buf_append_cstr(&data, options->data);
    }
    if (rc == 0) {
        rc = mf_cli_request_write(options, mf_buf_peek(&code), mf_buf_peek(&data), ret_body, why);
    }
    mf_buf_done(&code);
    mf_buf_done(&data);
    return rc;
}

/* The daemon answers within the run's wall time and its wait for a place. */
static uint64_t wait_ms_max(const struct mf_cli_options *options)
{
    uint64_t wall_ms = options->wall_ms == 0 ? MF_RUN_WALL_MS_MAX : options->wall_ms;

    return wall_ms + MF_QUEUE_WAIT_MS_MAX + MF_CLI_SLACK_MS;
}

enum mf_cli_exit mf_cli_run(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    char label[LABEL_BYTES_MAX];
    struct mf_cli_call call = {.url = options->url, .ca_path = options->ca_path, .path = "/v1/run"};
    struct mf_cli_answer answer;
    struct mf_buf body;
    enum mf_cli_exit status;

    mf_buf_init(&body, MF_HTTP_BODY_BYTES_MAX);
    if (make_body(options, &body, why) < 0) {
        mf_buf_done(&body);
        return fail(output, MF_CLI_EXIT_USAGE, why);
    }
    (void)snprintf(label, sizeof label, "running %.100s",
                   strcmp(options->file, "-") == 0 ? "it" : options->file);
    call.body = mf_buf_peek(&body);
    call.wait_ms_max = wait_ms_max(options);
    call.progress = output->is_err_terminal ? label : NULL;
    if (mf_cli_call(&call, &answer, why) < 0) {
        status = fail(output, MF_CLI_EXIT_DAEMON, why);
    } else {
        status = mf_cli_report(&answer, options->is_json, output);
    }
    mf_cli_answer_done(&answer);
    mf_buf_done(&body);
    return status;
}

enum mf_cli_exit mf_cli_health(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    struct mf_cli_call call = {
        .url = options->url, .ca_path = options->ca_path, .path = "/healthz", .wait_ms_max = MF_CLI_SLACK_MS};
    struct mf_cli_answer answer;
    enum mf_cli_exit status;

    if (mf_cli_call(&call, &answer, why) < 0) {
        status = fail(output, MF_CLI_EXIT_DAEMON, why);
    } else {
        mf_cli_print(output->out, output->is_out_terminal, mf_buf_peek(&answer.body));
        status = answer.status == 200 ? MF_CLI_EXIT_OK : MF_CLI_EXIT_DAEMON;
    }
    mf_cli_answer_done(&answer);
    return status;
}
