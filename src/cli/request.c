#include "request.h"

#include <errno.h>
#include <stdio.h>

#define READ_BYTES 65536
#define COMPATIBILITY_DATE "2026-09-01" /* The newest profile that this version knows. */

int mf_cli_file_read(const char *path, struct mf_buf *ret_bytes, char *ret_why)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");
    char *chunk;
    size_t size;
    int rc = 0;

    if (file == NULL) {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "cannot read %.200s: %s", path, strerror(errno));
        return MF_E_INVALID;
    }
    chunk = mf_new(READ_BYTES);
    while (rc == 0 && (size = fread(chunk, 1, READ_BYTES, file)) > 0) {
        rc = mf_buf_append(ret_bytes, chunk, size);
    }
    if (rc < 0) {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "%.200s is larger than %zu bytes", path,
                       ret_bytes->bytes_max);
    } else if (ferror(file)) {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "cannot read %.200s: %s", path, strerror(errno));
        rc = MF_E_INVALID;
    }
    mf_free(chunk);
    if (!is_stdin) {
        (void)fclose(file);
    }
    return rc;
}

/* What the module is called and what it holds, by the file's ending. */
static int name_module(const char *path, struct mf_slice *ret_name, const char **ret_kind, char *why)
{
    const char *slash = strrchr(path, '/');
    struct mf_slice name = mf_slice_of_cstr(slash == NULL ? path : slash + 1);

    if (strcmp(path, "-") == 0) {
        name = mf_slice_of_cstr("main.ts");
    }
    if (mf_slice_ends_with(name, ".ts") || mf_slice_ends_with(name, ".mts")) {
        *ret_kind = "ts";
    } else if (mf_slice_ends_with(name, ".js") || mf_slice_ends_with(name, ".mjs")) {
        *ret_kind = "js";
    } else {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "%.200s does not end in .ts, .mts, .js or .mjs", path);
        return MF_E_INVALID;
    }
    if (!mf_slice_is_utf8(name)) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "the file's name is not UTF-8");
        return MF_E_INVALID;
    }
    *ret_name = name;
    return 0;
}

static bool is_text(struct mf_slice bytes)
{
    return mf_slice_is_utf8(bytes) && (bytes.size == 0 || memchr(bytes.data, 0, bytes.size) == NULL);
}

static int
append_code(const struct mf_cli_options *options, struct mf_slice code, struct mf_buf *out, char *why)
{
    struct mf_slice name;
    const char *kind;
    int rc = name_module(options->file, &name, &kind, why);

    if (rc < 0) {
        return rc;
    }
    if (!is_text(code)) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "%.200s is not UTF-8 text", options->file);
        return MF_E_INVALID;
    }
    rc = mf_buf_append_cstr(out,
                            "{\"code\":{\"compatibilityDate\":\"" COMPATIBILITY_DATE "\",\"mainModule\":");
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, name);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"modules\":{");
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, name);
    }
    if (rc == 0) {
        rc = mf_buf_printf(out, ":{\"%s\":", kind);
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, code);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}}");
}

static int append_pair(struct mf_buf *out,
                       const char *open,
                       struct mf_slice name,
                       const char *between,
                       struct mf_slice value)
{
    int rc = mf_buf_append_cstr(out, open);

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, name);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, between);
    }
    return rc < 0 ? rc : mf_buf_append_json_string(out, value);
}

/* The later of two --env with one name wins, as a later assignment does in a shell. */
static bool is_overridden(const struct mf_cli_options *options, size_t index, size_t name_size)
{
    for (size_t i = index + 1; i < options->env_count; i++) {
        if (strncmp(options->env[i], options->env[index], name_size + 1) == 0) {
            return true;
        }
    }
    return false;
}

static int append_env(const struct mf_cli_options *options, struct mf_buf *out)
{
    const char *open = "";
    int rc = mf_buf_append_cstr(out, ",\"env\":{");

    for (size_t i = 0; rc == 0 && i < options->env_count; i++) {
        const char *text = options->env[i];
        size_t name_size = (size_t)(strchr(text, '=') - text);
        if (!is_overridden(options, i, name_size)) {
            rc = append_pair(out, open, mf_slice_of(text, name_size), ":",
                             mf_slice_of_cstr(text + name_size + 1));
            open = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}}");
}

static int append_headers(const struct mf_cli_options *options, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, ",\"headers\":[");

    for (size_t i = 0; rc == 0 && i < options->headers_count; i++) {
        const char *text = options->headers[i];
        const char *colon = strchr(text, ':');
        rc = append_pair(out, i == 0 ? "[" : ",[", mf_slice_trim(mf_slice_of(text, (size_t)(colon - text))),
                         ",", mf_slice_trim(mf_slice_of_cstr(colon + 1)));
        if (rc == 0) {
            rc = mf_buf_append_cstr(out, "]");
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int append_body(struct mf_slice data, struct mf_buf *out)
{
    int rc;

    if (is_text(data)) {
        rc = mf_buf_append_cstr(out, ",\"body\":");
        return rc < 0 ? rc : mf_buf_append_json_string(out, data);
    }
    rc = mf_buf_append_cstr(out, ",\"bodyBase64\":\"");
    if (rc == 0) {
        rc = mf_buf_append_base64(out, data);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\"");
}

static int append_request(const struct mf_cli_options *options, struct mf_slice data, struct mf_buf *out)
{
    const char *method = options->method != NULL ? options->method : options->data != NULL ? "POST" : "GET";
    int rc = mf_buf_append_cstr(out, ",\"request\":{\"method\":");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, mf_slice_of_cstr(method));
    }
    if (rc == 0 && options->target != NULL) {
        rc = mf_buf_append_cstr(out, ",\"url\":");
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, mf_slice_of_cstr(options->target));
        }
    }
    if (rc == 0 && options->headers_count > 0) {
        rc = append_headers(options, out);
    }
    if (rc == 0 && options->data != NULL) {
        rc = append_body(data, out);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_limits(const struct mf_cli_options *options, struct mf_buf *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } limits[] = {{"cpuMs", options->cpu_ms}, {"wallMs", options->wall_ms}, {"memoryMb", options->memory_mb}};
    const char *comma = "";
    int rc = mf_buf_append_cstr(out, ",\"limits\":{");

    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(limits); i++) {
        if (limits[i].value > 0) {
            rc = mf_buf_printf(out, "%s\"%s\":%llu", comma, limits[i].name,
                               (unsigned long long)limits[i].value);
            comma = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}}");
}

int mf_cli_request_write(const struct mf_cli_options *options,
                         struct mf_slice code,
                         struct mf_slice data,
                         struct mf_buf *out,
                         char *ret_why)
{
    int rc;

    (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "the call is larger than %zu bytes", out->bytes_max);
    rc = append_code(options, code, out, ret_why);
    if (rc == 0) {
        rc = append_env(options, out);
    }
    if (rc == 0) {
        rc = append_request(options, data, out);
    }
    return rc < 0 ? rc : append_limits(options, out);
}
