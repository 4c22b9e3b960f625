#include "report.h"

#include "json.h"

static bool is_harmless(uint8_t c, uint8_t next)
{
    return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t' || (c == '\r' && next == '\n');
}

void mf_cli_print(FILE *file, bool is_terminal, struct mf_slice text)
{
    size_t from = 0;

    for (size_t i = 0; is_terminal && i < text.size; i++) {
        uint8_t c = text.data[i];
        uint8_t next = i + 1 < text.size ? text.data[i + 1] : 0;
        bool is_c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f; /* U+0080 to U+009F steer terminals too. */
        if (is_harmless(c, next) && !is_c1) {
            continue;
        }
        (void)fwrite(text.data + from, 1, i - from, file);
        (void)fprintf(file, "\\x%02x", is_c1 ? next : c);
        i += is_c1 ? 1 : 0;
        from = i + 1;
    }
    if (text.size > from) {
        (void)fwrite(text.data + from, 1, text.size - from, file);
    }
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(member) ? member->valuestring : "";
}

/* One string of the answer as a line on standard error. */
static void
print_line(const struct mf_cli_json *json, const cJSON *string, const struct mf_cli_output *output)
{
    struct mf_buf line;

    mf_buf_init(&line, MF_CLI_ANSWER_BYTES_MAX);
    if (mf_cli_json_append(json, string, &line) == 0 && mf_buf_append(&line, "\n", 1) == 0) {
        mf_cli_print(output->err, output->is_err_terminal, mf_buf_peek(&line));
    }
    mf_buf_done(&line);
}

void mf_cli_say(const struct mf_cli_output *output, const char *first, const char *second)
{
    (void)fputs("mayfly: ", output->err);
    mf_cli_print(output->err, output->is_err_terminal, mf_slice_of_cstr(first));
    if (*second != '\0') {
        (void)fputs(": ", output->err);
        mf_cli_print(output->err, output->is_err_terminal, mf_slice_of_cstr(second));
    }
    (void)fputc('\n', output->err);
}

static void print_logs(const struct mf_cli_json *json, const struct mf_cli_output *output)
{
    const cJSON *dropped = cJSON_GetObjectItemCaseSensitive(json->root, "logsDropped");
    const cJSON *log;

    cJSON_ArrayForEach(log, cJSON_GetObjectItemCaseSensitive(json->root, "logs"))
    {
        print_line(json, cJSON_GetObjectItemCaseSensitive(log, "message"), output);
    }
    if (cJSON_IsNumber(dropped) && dropped->valuedouble > 0) {
        (void)fprintf(output->err, "mayfly: %.0f log lines are missing here: past the limit\n",
                      dropped->valuedouble);
    }
}

/* "    at hello.ts:3:9" unless the stack names the place already. */
static void print_place(const cJSON *exception, const char *stack, const struct mf_cli_output *output)
{
    const cJSON *line = cJSON_GetObjectItemCaseSensitive(exception, "line");
    const cJSON *column = cJSON_GetObjectItemCaseSensitive(exception, "column");
    char place[MF_MODULE_NAME_BYTES_MAX + 64];

    if (!cJSON_IsNumber(line) || !cJSON_IsNumber(column)) {
        return;
    }
    (void)snprintf(place, sizeof place, "%s:%.0f:%.0f", text_of(exception, "module"), line->valuedouble,
                   column->valuedouble);
    if (strstr(stack, place) == NULL) {
        (void)fputs("    at ", output->err);
        mf_cli_print(output->err, output->is_err_terminal, mf_slice_of_cstr(place));
        (void)fputc('\n', output->err);
    }
}

static size_t print_exceptions(const struct mf_cli_json *json, const struct mf_cli_output *output)
{
    const cJSON *exception;
    size_t count = 0;

    cJSON_ArrayForEach(exception, cJSON_GetObjectItemCaseSensitive(json->root, "exceptions"))
    {
        const char *stack = text_of(exception, "stack");
        const char *name = text_of(exception, "name");
        if (*stack != '\0') {
            print_line(json, cJSON_GetObjectItemCaseSensitive(exception, "stack"), output);
        } else {
            mf_cli_print(output->err, output->is_err_terminal,
                         mf_slice_of_cstr(*name == '\0' ? "Error" : name));
            (void)fputs(": ", output->err);
            print_line(json, cJSON_GetObjectItemCaseSensitive(exception, "message"), output);
        }
        print_place(exception, stack, output);
        count++;
    }
    return count;
}

static int print_body(const struct mf_cli_json *json, const struct mf_cli_output *output)
{
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(json->root, "response");
    const cJSON *base64 = cJSON_GetObjectItemCaseSensitive(response, "bodyBase64");
    struct mf_buf body;
    int rc;

    mf_buf_init(&body, MF_CLI_ANSWER_BYTES_MAX);
    if (base64 != NULL) {
        rc = mf_buf_append_base64_decoded(&body, mf_slice_of_cstr(text_of(response, "bodyBase64")));
    } else {
        rc = mf_cli_json_append(json, cJSON_GetObjectItemCaseSensitive(response, "body"), &body);
    }
    if (rc == 0) {
        mf_cli_print(output->out, output->is_out_terminal, mf_buf_peek(&body));
    }
    mf_buf_done(&body);
    return rc;
}

static enum mf_cli_exit exit_of(const char *outcome)
{
    static const struct {
        const char *outcome;
        enum mf_cli_exit status;
    } table[] = {
        {"ok", MF_CLI_EXIT_OK},
        {"exception", MF_CLI_EXIT_EXCEPTION},
        {"exceededCpu", MF_CLI_EXIT_CPU},
        {"exceededMemory", MF_CLI_EXIT_MEMORY},
        {"exceededWallTime", MF_CLI_EXIT_WALL},
    };

    for (size_t i = 0; i < MF_COUNT_OF(table); i++) {
        if (strcmp(table[i].outcome, outcome) == 0) {
            return table[i].status;
        }
    }
    return MF_CLI_EXIT_OTHER;
}

/* "mayfly: /hosts/0: must be ..." for each fault but the one that was said, and who uses what could not be deleted. */
static void print_faults(const struct mf_cli_json *json, const char *said, const struct mf_cli_output *output)
{
    const cJSON *users = cJSON_GetObjectItemCaseSensitive(json->root, "usedBy");
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json->root, "errors"))
    {
        const char *pointer = text_of(item, "pointer");
        const char *detail = text_of(item, "detail");
        if (strcmp(detail, said) == 0) {
            continue;
        }
        if (*pointer != '\0' && strstr(detail, pointer) != NULL) {
            mf_cli_say(output, detail, "");
        } else {
            mf_cli_say(output, *pointer == '\0' ? "the whole" : pointer, detail);
        }
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(users, "outbounds"))
    {
        mf_cli_say(output, "used by the outbound", cJSON_IsString(item) ? item->valuestring : "");
    }
}

static enum mf_cli_exit report_problem(const struct mf_cli_json *json, const struct mf_cli_output *output)
{
    const char *detail = text_of(json->root, "detail");
    const char *param = text_of(json->root, "param");

    print_logs(json, output);
    (void)print_exceptions(json, output);
    mf_cli_say(output, text_of(json->root, "code"), *detail == '\0' ? text_of(json->root, "title") : detail);
    if (*param != '\0' && strstr(detail, param) == NULL) {
        mf_cli_say(output, "in", param);
    }
    print_faults(json, detail, output);
    return MF_CLI_EXIT_DAEMON;
}

enum mf_cli_exit mf_cli_report_refusal(const struct mf_cli_answer *answer, const struct mf_cli_output *output)
{
    struct mf_cli_json json;
    char code[64];

    (void)snprintf(code, sizeof code, "HTTP %d", answer->status);
    if (!answer->is_problem || mf_cli_json_read(mf_buf_peek(&answer->body), &json) < 0) {
        mf_cli_say(output, "the daemon refused the call", code);
        return MF_CLI_EXIT_DAEMON;
    }
    (void)report_problem(&json, output);
    mf_cli_json_done(&json);
    return MF_CLI_EXIT_DAEMON;
}

static enum mf_cli_exit report_envelope(const struct mf_cli_json *json, const struct mf_cli_output *output)
{
    const char *outcome = text_of(json->root, "outcome");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json->root, "error");
    enum mf_cli_exit status = exit_of(outcome);
    size_t exceptions;

    print_logs(json, output);
    exceptions = print_exceptions(json, output);
    if (status == MF_CLI_EXIT_EXCEPTION && exceptions > 0) {
        mf_cli_say(output, outcome, text_of(error, "code"));
    } else if (status != MF_CLI_EXIT_OK) {
        mf_cli_say(output, outcome, text_of(error, "message"));
    }
    (void)fflush(output->err);
    if (print_body(json, output) < 0) {
        mf_cli_say(output, "the response's body could not be read", "");
        return MF_CLI_EXIT_OTHER;
    }
    return status;
}

enum mf_cli_exit
mf_cli_report(const struct mf_cli_answer *answer, bool is_json, const struct mf_cli_output *output)
{
    struct mf_slice body = mf_buf_peek(&answer->body);
    struct mf_cli_json json;
    enum mf_cli_exit status;
    char code[64];

    if (mf_cli_json_read(body, &json) < 0) {
        (void)snprintf(code, sizeof code, "HTTP %d, and no JSON", answer->status);
        mf_cli_say(output, "this is not the answer of a mayflyd", code);
        return MF_CLI_EXIT_DAEMON;
    }
    if (answer->is_problem) {
        status = report_problem(&json, output);
    } else if (answer->status != 200) {
        (void)snprintf(code, sizeof code, "HTTP %d", answer->status);
        mf_cli_say(output, "the daemon refused the call", code);
        status = MF_CLI_EXIT_DAEMON;
    } else if (is_json) {
        status = exit_of(text_of(json.root, "outcome"));
    } else {
        status = report_envelope(&json, output);
    }
    if (is_json) {
        mf_cli_print(output->out, false, body);
    }
    mf_cli_json_done(&json);
    if (fflush(output->out) != 0 || ferror(output->out)) {
        mf_cli_say(output, "standard output could not be written", "");
        return MF_CLI_EXIT_OTHER;
    }
    return status;
}
