#include "tenancy.h"

#include "resource.h"

/* ---- what is sent ------------------------------------------------------------------------------- */

static int append_scopes(struct mf_buf *out, const struct mf_cli_options *options)
{
    int rc = mf_buf_append_cstr(out, ",\"scopes\":[");

    for (size_t i = 0; rc == 0 && i < options->scopes_count; i++) {
        rc = mf_buf_append_cstr(out, i == 0 ? "" : ",");
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(options->scopes[i]));
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int write_create(struct mf_buf *out, const struct mf_cli_options *options)
{
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(options->name));
    rc = rc < 0 ? rc : append_scopes(out, options);
    if (rc == 0 && options->expires_s > 0) {
        rc = mf_buf_printf(out, ",\"expiresInSeconds\":%llu", (unsigned long long)options->expires_s);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* "concurrentRuns=5": which quotas there are is the daemon's to say. */
static int write_quotas(struct mf_buf *out, const struct mf_cli_options *options, char *why)
{
    int rc = mf_buf_append_cstr(out, "{\"quotas\":{");

    for (size_t i = 0; rc == 0 && i < options->quotas_count; i++) {
        const char *equals = strchr(options->quotas[i], '=');
        uint64_t number;
        if (mf_slice_parse_u64(mf_slice_of_cstr(equals + 1), UINT64_C(1) << 53, &number) < 0) {
            (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "--quota wants NAME=NUMBER, not \"%.100s\"",
                           options->quotas[i]);
            return MF_E_INVALID;
        }
        rc = mf_buf_append_cstr(out, i == 0 ? "" : ",");
        rc = rc < 0 ? rc
                    : mf_buf_append_json_string(
                          out, mf_slice_of(options->quotas[i], (size_t)(equals - options->quotas[i])));
        rc = rc < 0 ? rc : mf_buf_printf(out, ":%llu", (unsigned long long)number);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}}");
}

int mf_cli_tenancy_write(const struct mf_cli_options *options, struct mf_buf *out, char *ret_why)
{
    int rc = 0;

    (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "that is too much for one call");
    if (options->command == MF_CLI_TOKEN_CREATE) {
        rc = write_create(out, options);
    } else if (options->command == MF_CLI_TOKEN_ROTATE && options->has_overlap) {
        rc = mf_buf_printf(out, "{\"overlapSeconds\":%llu}", (unsigned long long)options->overlap_s);
    } else if (options->command == MF_CLI_TENANT_PUT) {
        rc = write_quotas(out, options, ret_why);
    }
    return rc;
}

struct place {
    const char *collection;
    const char *suffix;
    const char *method;
};

static struct place place_of(enum mf_cli_command command)
{
    switch ((int)command) {
    case MF_CLI_TOKEN_CREATE:
        return (struct place){"tokens", "", "POST"};
    case MF_CLI_TOKEN_ROTATE:
        return (struct place){"tokens", "/rotate", "POST"};
    case MF_CLI_TOKEN_REVOKE:
        return (struct place){"tokens", "", "DELETE"};
    case MF_CLI_TENANT_PUT:
        return (struct place){"tenants", "", "PUT"};
    case MF_CLI_TENANT_LIST:
        return (struct place){"tenants?limit=1000", "", "GET"};
    case MF_CLI_TOKEN_LIST:
        return (struct place){"tokens?limit=1000", "", "GET"};
    case MF_CLI_TENANT_GET:
        return (struct place){"tenants", "", "GET"};
    case MF_CLI_TENANT_DELETE:
    case MF_CLI_RUNS_LIST:
    case MF_CLI_RUNS_GET:
    case MF_CLI_TAIL:
        return (struct place){"tenants", "", "DELETE"};
    default:
        return (struct place){"tokens", "", "GET"};
    }
}

/* ---- what is printed -------------------------------------------------------------------------------- */

static void print_row(const struct mf_cli_output *output, const char *row)
{
    mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(row));
}

static const char *text_or(const cJSON *object, const char *name, const char *otherwise)
{
    const char *text = mf_cli_resource_text(object, name);

    return text[0] == '\0' ? otherwise : text;
}

/* "run,workers" */
static void join_scopes(const cJSON *token, char *ret_text, size_t size)
{
    const cJSON *scope;
    size_t used = 0;

    ret_text[0] = '\0';
    cJSON_ArrayForEach(scope, cJSON_GetObjectItemCaseSensitive(token, "scopes"))
    {
        if (cJSON_IsString(scope) && used < size) {
            used += (size_t)snprintf(ret_text + used, size - used, "%s%.32s", used == 0 ? "" : ",",
                                     scope->valuestring);
        }
    }
}

static void print_tokens(const cJSON *root, const struct mf_cli_output *output)
{
    const cJSON *token;
    char scopes[256];
    char row[640];

    (void)fprintf(output->out, "%-11s %-16s %-20s %-25s %-25s %s\n", "ID", "TENANT", "NAME", "LAST USED",
                  "EXPIRES", "SCOPES");
    cJSON_ArrayForEach(token, cJSON_GetObjectItemCaseSensitive(root, "tokens"))
    {
        join_scopes(token, scopes, sizeof scopes);
        (void)snprintf(row, sizeof row, "%-11.16s %-16.64s %-20.64s %-25.32s %-25.32s %s\n",
                       mf_cli_resource_text(token, "id"), text_or(token, "tenant", "-"),
                       mf_cli_resource_text(token, "name"), text_or(token, "lastUsedAt", "never"),
                       text_or(token, "expiresAt", "never"), scopes);
        print_row(output, row);
    }
}

static void print_quotas(const cJSON *tenant, const struct mf_cli_output *output)
{
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(tenant, "quotas");
    const cJSON *quota;
    char row[160];

    cJSON_ArrayForEach(quota, cJSON_GetObjectItemCaseSensitive(tenant, "effective"))
    {
        bool is_own = cJSON_HasObjectItem(own, quota->string);
        (void)snprintf(row, sizeof row, "%-20.40s %.0f%s\n", quota->string, quota->valuedouble,
                       is_own ? "" : " (the config's)");
        print_row(output, row);
    }
}

static void print_tenants(const cJSON *root, const struct mf_cli_output *output)
{
    const cJSON *tenant;
    char row[256];

    (void)fprintf(output->out, "%-24s %s\n", "NAME", "CREATED");
    cJSON_ArrayForEach(tenant, cJSON_GetObjectItemCaseSensitive(root, "tenants"))
    {
        (void)snprintf(row, sizeof row, "%-24.64s %.32s\n", mf_cli_resource_text(tenant, "name"),
                       mf_cli_resource_text(tenant, "createdAt"));
        print_row(output, row);
    }
}

static void print_answer(const struct mf_cli_options *options,
                         const struct mf_cli_output *output,
                         const struct mf_cli_json *json,
                         struct mf_slice text)
{
    if (options->is_json) {
        mf_cli_print(output->out, false, text);
        return;
    }
    switch ((int)options->command) {
    case MF_CLI_TOKEN_CREATE:
    case MF_CLI_TOKEN_ROTATE: /* Alone, so that a script can keep it. */
        (void)fprintf(output->out, "%s\n", mf_cli_resource_text(json->root, "token"));
        break;
    case MF_CLI_TOKEN_LIST:
        print_tokens(json->root, output);
        break;
    case MF_CLI_TENANT_LIST:
        print_tenants(json->root, output);
        break;
    case MF_CLI_TENANT_GET:
    case MF_CLI_TENANT_PUT:
        print_quotas(json->root, output);
        break;
    default:
        break;
    }
    /* A page is a thousand. */
    if (mf_cli_resource_text(json->root, "next")[0] != '\0') {
        mf_cli_say(output, "there are more; the API's ?after= has them", "");
    }
}

/* ---- the call ------------------------------------------------------------------------------------------ */

enum mf_cli_exit mf_cli_tenancy(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    struct place place = place_of(options->command);
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_buf body;
    enum mf_cli_exit status;
    int rc =
        mf_cli_resource_path(place.collection, options->command == MF_CLI_TOKEN_CREATE ? NULL : options->name,
                             place.suffix, path, why);

    mf_buf_init(&body, MF_TOKEN_PUT_BYTES_MAX);
    if (rc == 0) {
        rc = mf_cli_tenancy_write(options, &body, why);
    }
    if (rc < 0) {
        mf_buf_done(&body);
        mf_cli_say(output, why, "");
        return MF_CLI_EXIT_USAGE;
    }
    status = mf_cli_resource_call(options, output, place.method, path, mf_buf_peek(&body), print_answer);
    mf_buf_done(&body);
    return status;
}
