#include "runs.h"

#include "resource.h"

#define QUERY_BYTES_MAX 2048
#define LINE_BYTES_MAX 4096

/* ---- what is asked for --------------------------------------------------------------------------------- */

static int append_escaped(struct mf_buf *out, const char *text)
{
    int rc = 0;

    for (; rc == 0 && *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == '-' || c == '_' || c == '.';
        rc = is_plain ? mf_buf_append(out, &c, 1) : mf_buf_printf(out, "%%%02X", c);
    }
    return rc;
}

int mf_cli_runs_query(const struct mf_cli_options *options, struct mf_buf *out)
{
    const struct {
        const char *name;
        const char *value;
    } parameters[] = {{"worker", options->worker},
                      {"outcome", options->outcome},
                      {"search", options->search},
                      {"since", options->since}};
    char sign = '?';
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(parameters); i++) {
        if (parameters[i].value != NULL) {
            rc = mf_buf_printf(out, "%c%s=", sign, parameters[i].name);
            rc = rc < 0 ? rc : append_escaped(out, parameters[i].value);
            sign = '&';
        }
    }
    if (rc == 0 && options->limit > 0) {
        rc = mf_buf_printf(out, "%climit=%llu", sign, (unsigned long long)options->limit);
    }
    return rc;
}

/* ---- what is printed -------------------------------------------------------------------------------------- */

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void print(const struct mf_cli_output *output, const char *format, ...) MF_PRINTF(2, 3);
static void print(const struct mf_cli_output *output, const char *format, ...)
{
    char text[LINE_BYTES_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(text));
}

/* Its lines below |mark|. */
static void print_block(const struct mf_cli_output *output, const char *mark, const char *text)
{
    print(output, "  %-5s ", mark);
    for (const char *line = text; line != NULL;) {
        const char *end = strchr(line, '\n');
        size_t size = end == NULL ? strlen(line) : (size_t)(end - line);
        mf_cli_print(output->out, output->is_out_terminal, mf_slice_of(line, size));
        (void)fputc('\n', output->out);
        line = end == NULL ? NULL : end + 1;
        if (line != NULL) {
            (void)fputs("        ", output->out);
        }
    }
}

static void print_logs(const struct mf_cli_output *output, const cJSON *logs)
{
    const cJSON *log;

    cJSON_ArrayForEach(log, logs)
    {
        const cJSON *message = get(log, "message"); /* A text, or in an item a list with it. */
        const cJSON *text = cJSON_IsArray(message) ? message->child : message;
        print_block(output, mf_cli_resource_text(log, "level"),
                    cJSON_IsString(text) ? text->valuestring : "");
    }
}

static void print_exceptions(const struct mf_cli_output *output, const cJSON *exceptions)
{
    const cJSON *exception;

    cJSON_ArrayForEach(exception, exceptions)
    {
        const char *stack = mf_cli_resource_text(exception, "stack");
        const char *message = mf_cli_resource_text(exception, "message");
        print_block(output, "throw", stack[0] != '\0' ? stack : message);
    }
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *number = get(object, name);

    return cJSON_IsNumber(number) ? number->valuedouble : 0;
}

/* Name of the worker, or what kind of run it was. */
static const char *name_of(const cJSON *run)
{
    const char *worker = mf_cli_resource_text(run, "worker");
    const char *script = mf_cli_resource_text(run, "scriptName");

    return worker[0] != '\0' ? worker : script[0] != '\0' ? script : mf_cli_resource_text(run, "kind");
}

/* run_x ok 200 GET http://... 3.4 ms (cpu 1.2 ms) */
static void print_row(const struct mf_cli_output *output, const cJSON *run)
{
    const cJSON *event = get(run, "event") != NULL ? get(run, "event") : run;
    const cJSON *request = get(event, "request");
    const cJSON *usage = get(run, "usage");
    int status = mf_cli_resource_number(get(event, "response"), "status");
    char code[16] = "-";

    if (status > 0) {
        (void)snprintf(code, sizeof code, "%d", status);
    }
    print(output, "%s %-16.64s %-10.20s %-3s %s %.1024s %.1f ms (cpu %.1f ms)\n",
          mf_cli_resource_text(run, "id"), name_of(run), mf_cli_resource_text(run, "outcome"), code,
          mf_cli_resource_text(request, "method"), mf_cli_resource_text(request, "url"),
          number_of(usage, "wallMs"), number_of(usage, "cpuMs"));
}

void mf_cli_runs_print(const struct mf_cli_output *output, const cJSON *run)
{
    const cJSON *error = get(run, "error");
    const cJSON *exceptions = get(run, "exceptions");

    print_row(output, run);
    print_logs(output, get(run, "logs"));
    print_exceptions(output, exceptions);
    if (error != NULL && cJSON_GetArraySize(exceptions) == 0) {
        print_block(output, "error", mf_cli_resource_text(error, "message"));
    }
}

/* ---- the call ------------------------------------------------------------------------------------------------ */

static void print_answer(const struct mf_cli_options *options,
                         const struct mf_cli_output *output,
                         const struct mf_cli_json *json,
                         struct mf_slice text)
{
    const cJSON *run;

    if (options->is_json) {
        mf_cli_print(output->out, false, text);
    } else if (options->command == MF_CLI_RUNS_GET) {
        mf_cli_runs_print(output, json->root);
    } else {
        cJSON_ArrayForEach(run, get(json->root, "runs"))
        {
            print_row(output, run);
        }
    }
}

enum mf_cli_exit mf_cli_runs(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    char path[QUERY_BYTES_MAX + MF_CLI_PATH_BYTES_MAX];
    struct mf_buf query;
    int rc = mf_cli_resource_path("runs", options->name, "", path, why);

    mf_buf_init(&query, QUERY_BYTES_MAX);
    if (rc == 0 && mf_cli_runs_query(options, &query) < 0) {
        (void)snprintf(why, sizeof why, "what is asked for is too long");
        rc = MF_E_INVALID;
    }
    if (rc < 0) {
        mf_buf_done(&query);
        mf_cli_say(output, why, "");
        return MF_CLI_EXIT_USAGE;
    }
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "%.*s", (int)query.size,
                   (const char *)query.data);
    mf_buf_done(&query);
    return mf_cli_resource_call(options, output, NULL, path, mf_slice_of(NULL, 0), print_answer);
}
