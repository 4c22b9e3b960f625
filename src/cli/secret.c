#include "secret.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "request.h"
#include "resource.h"

/* Which field the input is, for each kind. */
static const struct {
    const char *kind;
    const char *field;
} kinds[] = {
    {"plain", "value"},
    {"bearer", "token"},
    {"basic", "password"},
    {"header", "value"},
    {"query", "value"},
    {"oauth2_client_credentials", "clientSecret"},
    {"aws_sigv4", "secretAccessKey"},
    {"hmac", "key"},
};

/* Fields that no argument may hold. */
static const char *const hidden[] = {"value",        "token", "password",  "clientSecret", "secretAccessKey",
                                     "sessionToken", "key",   "keyBase64", "keyHex"};

/* ---- put ---------------------------------------------------------------------------------------- */

static int append_field(struct mf_buf *out, struct mf_slice name, struct mf_slice text)
{
    int rc = mf_buf_append_cstr(out, ",");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, name);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ":");
    }
    return rc < 0 ? rc : mf_buf_append_json_string(out, text);
}

static int append_sets(const struct mf_cli_options *options, struct mf_buf *out, char *why)
{
    for (size_t i = 0; i < options->sets_count; i++) {
        const char *equals = strchr(options->sets[i], '=');
        struct mf_slice name = mf_slice_of(options->sets[i], (size_t)(equals - options->sets[i]));
        for (size_t j = 0; j < MF_COUNT_OF(hidden); j++) {
            if (mf_slice_equal_cstr(name, hidden[j])) {
                return mf_cli_refuse(
                    why, "%s may not be an argument, which others can see: put all of the secret as JSON",
                    hidden[j]);
            }
        }
        if (append_field(out, name, mf_slice_of_cstr(equals + 1)) < 0) {
            return mf_cli_refuse(why, "the secret is too large");
        }
    }
    return 0;
}

static int append_hosts(const struct mf_cli_options *options, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, ",\"hosts\":[");

    for (size_t i = 0; rc == 0 && i < options->hosts_count; i++) {
        rc = mf_buf_append_cstr(out, i == 0 ? "" : ",");
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, mf_slice_of_cstr(options->hosts[i]));
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, options->is_http_allowed ? "],\"allowHttp\":true}" : "]}");
}

static const char *field_of(const char *kind)
{
    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return kinds[i].field;
        }
    }
    return NULL;
}

int mf_cli_secret_write(const struct mf_cli_options *options,
                        struct mf_slice value,
                        struct mf_buf *out,
                        char *ret_why)
{
    const char *field;
    int rc;

    if (options->kind == NULL) {
        return mf_buf_append_slice(out, value) < 0 ? mf_cli_refuse(ret_why, "the secret is too large") : 0;
    }
    field = field_of(options->kind);
    if (field == NULL) {
        return mf_cli_refuse(ret_why, "there is no kind \"%.100s\" of secrets", options->kind);
    }
    /* An editor's or echo's line end is not meant. */
    if (value.size > 0 && value.data[value.size - 1] == '\n') {
        value.size -= value.size > 1 && value.data[value.size - 2] == '\r' ? 2 : 1;
    }
    if (value.size == 0 || !mf_slice_is_utf8(value) || memchr(value.data, 0, value.size) != NULL) {
        return mf_cli_refuse(ret_why, value.size == 0 ? "the value is empty" : "the value is not UTF-8 text");
    }
    rc = mf_buf_printf(out, "{\"kind\":\"%s\"", options->kind);
    if (rc == 0) {
        rc = append_field(out, mf_slice_of_cstr(field), value);
    }
    if (rc < 0) {
        return mf_cli_refuse(ret_why, "the secret is too large");
    }
    rc = append_sets(options, out, ret_why);
    if (rc == 0 && append_hosts(options, out) < 0) {
        rc = mf_cli_refuse(ret_why, "the secret is too large");
    }
    return rc;
}

/* Reserved whole, so that it never moves and leaves a copy. */
static int secret_buf(struct mf_buf *buf)
{
    mf_buf_init(buf, MF_SECRET_PUT_BYTES_MAX);
    return mf_buf_reserve(buf, MF_SECRET_PUT_BYTES_MAX);
}

static void secret_buf_done(struct mf_buf *buf)
{
    mf_wipe(buf->data, buf->capacity);
    mf_buf_done(buf);
}

static int make_body(const struct mf_cli_options *options, struct mf_buf *out, char *why)
{
    struct mf_buf value;
    int rc;

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* A wish: the value is in this process for a moment. */
    mf_buf_init(&value, 0);
    if ((options->file == NULL || strcmp(options->file, "-") == 0) && isatty(STDIN_FILENO) == 1) {
        return mf_cli_refuse(why, "the value comes from a file or a pipe, not from a terminal that shows it");
    }
    rc = secret_buf(&value) < 0 || secret_buf(out) < 0 ? mf_cli_refuse(why, "no memory") : 0;
    if (rc == 0) {
        rc = mf_cli_file_read(options->file == NULL ? "-" : options->file, &value, why);
    }
    if (rc == 0) {
        rc = mf_cli_secret_write(options, mf_buf_peek(&value), out, why);
    }
    secret_buf_done(&value);
    return rc;
}

/* ---- what is printed -------------------------------------------------------------------------------- */

/* A row in columns; the last one is as long as it likes. */
static void print_row(const struct mf_cli_output *output,
                      const char *name,
                      const char *kind,
                      const char *version,
                      const char *updated,
                      const char *used,
                      struct mf_slice hosts)
{
    char row[512];
    int size = snprintf(row, sizeof row, "%-24.64s %-26.32s %-8.16s %-25.32s %-25.32s ", name, kind, version,
                        updated, used);

    mf_cli_print(output->out, output->is_out_terminal, mf_slice_of(row, size > 0 ? (size_t)size : 0));
    mf_cli_print(output->out, output->is_out_terminal, hosts);
    (void)fputc('\n', output->out);
}

static void print_secret(const cJSON *secret, const struct mf_cli_output *output)
{
    const char *used = mf_cli_resource_text(secret, "lastUsedAt");
    char version[16];
    struct mf_buf hosts;
    const cJSON *host;

    (void)snprintf(version, sizeof version, "%d", mf_cli_resource_number(secret, "version"));
    mf_buf_init(&hosts, MF_CLI_ANSWER_BYTES_MAX);
    cJSON_ArrayForEach(host, cJSON_GetObjectItemCaseSensitive(secret, "hosts"))
    {
        mf_ignore(
            mf_buf_printf(&hosts, "%s%s", hosts.size == 0 ? "" : " ",
                          cJSON_IsString(host) ? host->valuestring : "")); /* A shorter list is still one. */
    }
    print_row(output, mf_cli_resource_text(secret, "name"), mf_cli_resource_text(secret, "kind"), version,
              mf_cli_resource_text(secret, "updatedAt"), *used == '\0' ? "never" : used, mf_buf_peek(&hosts));
    mf_buf_done(&hosts);
}

static void print_list(const cJSON *root, const struct mf_cli_output *output)
{
    const cJSON *secret;

    print_row(output, "NAME", "KIND", "VERSION", "UPDATED", "LAST USED", mf_slice_of_cstr("HOSTS"));
    cJSON_ArrayForEach(secret, cJSON_GetObjectItemCaseSensitive(root, "secrets"))
    {
        print_secret(secret, output);
    }
}

static void print_answer(const struct mf_cli_options *options,
                         const struct mf_cli_output *output,
                         const struct mf_cli_json *json,
                         struct mf_slice text)
{
    if (options->command == MF_CLI_SECRET_PUT) {
        (void)fprintf(output->out, "%s: version %d\n", options->name,
                      mf_cli_resource_number(json->root, "version"));
    } else if (options->command == MF_CLI_SECRET_LIST && options->is_json) {
        mf_cli_print(output->out, false, text);
    } else if (options->command == MF_CLI_SECRET_LIST) {
        print_list(json->root, output);
    }
}

/* ---- the call ------------------------------------------------------------------------------------------ */

enum mf_cli_exit mf_cli_secret(const struct mf_cli_options *options, const struct mf_cli_output *output)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_buf body = {NULL, 0, 0, 0};
    const char *method = options->command == MF_CLI_SECRET_PUT      ? "PUT"
                         : options->command == MF_CLI_SECRET_DELETE ? "DELETE"
                                                                    : NULL;
    enum mf_cli_exit status;
    int rc = mf_cli_resource_path("secrets", options->name, "", path, why);

    if (rc == 0 && options->command == MF_CLI_SECRET_PUT) {
        rc = make_body(options, &body, why);
    }
    if (rc < 0) {
        secret_buf_done(&body);
        mf_cli_say(output, why, "");
        return MF_CLI_EXIT_USAGE;
    }
    status = mf_cli_resource_call(options, output, method, path, mf_buf_peek(&body), print_answer);
    secret_buf_done(&body);
    return status;
}
