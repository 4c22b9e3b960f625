#include "outbound.h"

#include "request.h"
#include "resource.h"

/* ---- what is sent ------------------------------------------------------------------------------- */

/* {"method": ..., "url": ..., "headers": {...}}, from the options of a run's request. */
static int write_explain(const struct mf_cli_options *options, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, "{\"method\":");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, mf_slice_of_cstr(options->method));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"url\":");
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, mf_slice_of_cstr(options->target));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"headers\":{");
    }
    for (size_t i = 0; rc == 0 && i < options->headers_count; i++) {
        const char *colon = strchr(options->headers[i], ':');
        const char *value = colon + 1 + strspn(colon + 1, " ");
        rc = mf_buf_append_cstr(out, i == 0 ? "" : ",");
        if (rc == 0) {
            rc = mf_buf_append_json_string(
                out, mf_slice_of(options->headers[i], (size_t)(colon - options->headers[i])));
        }
        if (rc == 0) {
            rc = mf_buf_append_cstr(out, ":");
        }
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, mf_slice_of_cstr(value));
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}}");
}

static int make_body(const struct mf_cli_options *options, struct mf_buf *out, char *why)
{
    if (options->command == MF_CLI_OUTBOUND_PUT) {
        return mf_cli_file_read(options->file == NULL ? "-" : options->file, out, why);
    }
    if (options->command == MF_CLI_OUTBOUND_EXPLAIN && write_explain(options, out) < 0) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "the request is too large");
        return MF_E_INVALID;
    }
    return 0;
}

static const char *method_of(enum mf_cli_command command)
{
    switch (command) {
    case MF_CLI_OUTBOUND_PUT:
        return "PUT";
    case MF_CLI_OUTBOUND_DELETE:
        return "DELETE";
    case MF_CLI_OUTBOUND_GET:
    case MF_CLI_OUTBOUND_LIST:
    case MF_CLI_OUTBOUND_EXPLAIN:
    case MF_CLI_HELP:
    case MF_CLI_VERSION:
    case MF_CLI_HEALTH:
    case MF_CLI_RUN:
    case MF_CLI_SECRET_PUT:
    case MF_CLI_SECRET_LIST:
    case MF_CLI_SECRET_DELETE:
    case MF_CLI_TOKEN_CREATE:
    case MF_CLI_TOKEN_LIST:
    case MF_CLI_TOKEN_ROTATE:
    case MF_CLI_TOKEN_REVOKE:
    case MF_CLI_TENANT_PUT:
    case MF_CLI_TENANT_GET:
    case MF_CLI_TENANT_LIST:
    case MF_CLI_TENANT_DELETE:
    case MF_CLI_RUNS_LIST:
    case MF_CLI_RUNS_GET:
    case MF_CLI_TAIL:
        break;
    }
    return NULL; /* By the body. */
}

/* ---- what is printed -------------------------------------------------------------------------------- */

static void print_pretty(const cJSON *value, const struct mf_cli_output *output)
{
    char *text = cJSON_Print(value);

    if (text != NULL) {
        mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(text));
        (void)fputc('\n', output->out);
        cJSON_free(text);
    }
}

static void print_list(const cJSON *root, const struct mf_cli_output *output)
{
    const cJSON *outbound;
    char row[256];

    (void)fprintf(output->out, "%-24s %-8s %s\n", "NAME", "VERSION", "UPDATED");
    cJSON_ArrayForEach(outbound, cJSON_GetObjectItemCaseSensitive(root, "outbounds"))
    {
        bool is_default = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(outbound, "isDefault"));
        (void)snprintf(row, sizeof row, "%-24.64s %-8d %.32s%s\n", mf_cli_resource_text(outbound, "name"),
                       mf_cli_resource_number(outbound, "version"),
                       mf_cli_resource_text(outbound, "updatedAt"), is_default ? " (the default)" : "");
        mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(row));
    }
}

static void print_answer(const struct mf_cli_options *options,
                         const struct mf_cli_output *output,
                         const struct mf_cli_json *json,
                         struct mf_slice text)
{
    if (options->is_json) {
        mf_cli_print(output->out, false, text);
    } else if (options->command == MF_CLI_OUTBOUND_PUT) {
        (void)fprintf(output->out, "%s: version %d\n", options->name,
                      mf_cli_resource_number(json->root, "version"));
    } else if (options->command == MF_CLI_OUTBOUND_LIST) {
        print_list(json->root, output);
    } else if (options->command == MF_CLI_OUTBOUND_GET) {
        print_pretty(cJSON_GetObjectItemCaseSensitive(json->root, "policy"), output);
    } else if (options->command == MF_CLI_OUTBOUND_EXPLAIN) {
        print_pretty(json->root, output);
    }
}

/* ---- the call ------------------------------------------------------------------------------------------ */

enum mf_cli_exit mf_cli_outbound(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_buf body;
    enum mf_cli_exit status;
    const char *suffix = options->command == MF_CLI_OUTBOUND_EXPLAIN ? "/explain" : "";
    int rc = mf_cli_resource_path("outbounds", options->name, suffix, path, why);

    mf_buf_init(&body, MF_HTTP_BODY_BYTES_MAX);
    if (rc == 0) {
        rc = make_body(options, &body, why);
    }
    if (rc < 0) {
        mf_buf_done(&body);
        mf_cli_say(output, why, "");
        return MF_CLI_EXIT_USAGE;
    }
    status = mf_cli_resource_call(options, output, method_of(options->command), path, mf_buf_peek(&body),
                                  print_answer);
    mf_buf_done(&body);
    return status;
}
