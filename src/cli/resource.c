#include "resource.h"

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

int mf_cli_resource_path(const char *collection,
                         const char *name,
                         const char *suffix,
                         char ret_path[MF_CLI_PATH_BYTES_MAX],
                         char *ret_why)
{
    size_t size = name == NULL ? 0 : strlen(name);

    if (name == NULL) {
        (void)snprintf(ret_path, MF_CLI_PATH_BYTES_MAX, "/v1/%s", collection);
        return 0;
    }
    if (size == 0 || size > MF_STORE_NAME_BYTES_MAX || strspn(name, name_chars) != size || *name == '.') {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX,
                       "\"%.100s\" cannot be a name: letters, digits, '.', '_' and '-', at most %d", name,
                       MF_STORE_NAME_BYTES_MAX);
        return MF_E_INVALID;
    }
    (void)snprintf(ret_path, MF_CLI_PATH_BYTES_MAX, "/v1/%s/%s%s", collection, name, suffix);
    return 0;
}

static enum mf_cli_exit read_answer(const struct mf_cli_answer *answer,
                                    const struct mf_cli_output *output,
                                    struct mf_cli_json *ret_json,
                                    struct mf_buf *ret_text)
{
    struct mf_slice body = mf_buf_peek(&answer->body);

    if (answer->status < 200 || answer->status > 299) {
        return mf_cli_report_refusal(answer, output);
    }
    if (body.size > 0 && (mf_cli_json_read(body, ret_json) < 0 || mf_buf_append_slice(ret_text, body) < 0)) {
        mf_cli_say(output, "this is not the answer of a mayflyd", "");
        return MF_CLI_EXIT_DAEMON;
    }
    return MF_CLI_EXIT_OK;
}

enum mf_cli_exit mf_cli_resource_end(const struct mf_cli_output *output)
{
    if (fflush(output->out) != 0 || ferror(output->out)) {
        mf_cli_say(output, "standard output could not be written", "");
        return MF_CLI_EXIT_OTHER;
    }
    return MF_CLI_EXIT_OK;
}

enum mf_cli_exit mf_cli_resource_call(const struct mf_cli_options *options,
                                      const struct mf_cli_output *output,
                                      const char *method,
                                      const char *path,
                                      struct mf_slice body,
                                      mf_cli_resource_print *print)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    struct mf_cli_call call = {.url = options->url,
                               .ca_path = options->ca_path,
                               .path = path,
                               .method = method,
                               .body = body,
                               .wait_ms_max = MF_CLI_SLACK_MS};
    struct mf_cli_answer answer;
    struct mf_cli_json json = {0};
    struct mf_buf text;
    enum mf_cli_exit status = MF_CLI_EXIT_DAEMON;

    mf_buf_init(&text, MF_CLI_ANSWER_BYTES_MAX);
    if (mf_cli_call(&call, &answer, why) < 0) {
        mf_cli_say(output, why, "");
    } else {
        status = read_answer(&answer, output, &json, &text);
    }
    mf_cli_answer_done(&answer);
    if (status == MF_CLI_EXIT_OK) {
        print(options, output, &json, mf_buf_peek(&text));
        status = mf_cli_resource_end(output);
    }
    mf_cli_json_done(&json);
    mf_buf_done(&text);
    return status;
}

const char *mf_cli_resource_text(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(member) ? member->valuestring : "";
}

int mf_cli_resource_number(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(member) ? member->valueint : 0;
}
