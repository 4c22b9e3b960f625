#include "call.h"

#include <stdio.h>

#include <mayfly/wire.h>

#include "json.h"
#include "modules.h"
#include "mounts.h"
#include "request.h"

void mf__call_fault_init(struct mf__call_fault *fault)
{
    fault->at = "/code";
    mf_buf_init(&fault->param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&fault->why, MF_API_FAULT_BYTES_MAX);
    mf_policy_faults_init(&fault->policy);
}

void mf__call_fault_done(struct mf__call_fault *fault)
{
    mf_buf_done(&fault->param);
    mf_buf_done(&fault->why);
    mf_policy_faults_done(&fault->policy);
}

int mf__call_refuse(struct mf__call_fault *fault, const char *name, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mf_buf_reset(&fault->param);
    mf_buf_reset(&fault->why);
    mf_ignore(mf_buf_printf(&fault->param, "%s%s", fault->at, name));
    mf_ignore(mf_buf_printf(&fault->why, "%s%s %s", fault->at, name, text));
    return MF_E_API_FIELD;
}

void mf__call_outbound_pointer(const struct mf__call_fault *fault, char *ret_pointer)
{
    (void)snprintf(ret_pointer, MF__OUTBOUND_POINTER_BYTES_MAX, "%s/globalOutbound", fault->at);
}

/* The code's field |name| is at fault, and |fault->why| says why. */
static void point_at(struct mf__call_fault *fault, const char *name)
{
    mf_buf_reset(&fault->param);
    mf_ignore(mf_buf_printf(&fault->param, "%s%s", fault->at, name));
}

void mf__call_init(struct mf__call *call, const struct mf_config *config)
{
    memset(call, 0, sizeof *call);
    mf_buf_init(&call->bundle, MF_BUNDLE_BYTES_MAX);
    mf_buf_init(&call->body, config->body_bytes_max);
    mf_buf_init(&call->tails, MF_TAIL_WORKERS_MAX * (MF_STORE_NAME_BYTES_MAX + 1));
    call->cpu_ms = config->cpu_ms.standard;
    call->wall_ms = config->wall_ms.standard;
    call->memory_mb = config->memory_mb.standard;
    call->response_bytes = config->response_bytes.standard;
    call->log_bytes = config->log_bytes.standard;
    call->subrequests = config->subrequests.standard;
}

void mf__call_done(struct mf__call *call)
{
    mf_buf_done(&call->bundle);
    mf_code_unref(call->code);
    call->code = NULL;
    mf_buf_done(&call->body);
    mf_buf_done(&call->tails);
    mf_policy_unref(call->policy);
    call->policy = NULL;
}

/* One number of "limits": at least |min|, at most the operator's maximum. */
static int read_limit(const cJSON *limits,
                      const char *pointer,
                      const char *name,
                      uint64_t min,
                      struct mf_limit allowed,
                      bool is_second, /* The lower of the two counts. */
                      uint64_t *value,
                      struct mf__call_fault *fault)
{
    const cJSON *item = mf__json_get(limits, name);
    char path[96];
    uint64_t wanted;

    if (item == NULL) {
        return 0;
    }
    wanted = (uint64_t)item->valuedouble;
    (void)snprintf(path, sizeof path, "%s/%s", pointer, name);
    if (wanted < min || wanted > allowed.max) {
        return mf__json_refuse(&fault->param, &fault->why, path, "%s must be from %llu to %llu.", path,
                               (unsigned long long)min, (unsigned long long)allowed.max);
    }
    if (!is_second || wanted < *value) {
        *value = wanted;
    }
    return 0;
}

/* The code's own, and then those of the call. */
int mf__call_read_limits(struct mf__call *call,
                         const struct mf_config *config,
                         const cJSON *limits,
                         const char *pointer,
                         struct mf__call_fault *fault)
{
    static const struct mf_json_field fields[] = {{"cpuMs", "n", false},         {"subRequests", "n", false},
                                                  {"wallMs", "n", false},        {"memoryMb", "n", false},
                                                  {"responseBytes", "n", false}, {"logBytes", "n", false}};
    const struct {
        const char *name;
        uint64_t min;
        struct mf_limit allowed;
        uint64_t *value;
    } rows[] = {
        {"cpuMs", 1, config->cpu_ms, &call->cpu_ms},
        {"wallMs", 1, config->wall_ms, &call->wall_ms},
        {"memoryMb", MF_RUN_MEMORY_MB_MIN, config->memory_mb, &call->memory_mb},
        {"responseBytes", 0, config->response_bytes, &call->response_bytes},
        {"logBytes", 0, config->log_bytes, &call->log_bytes},
        {"subRequests", 0, config->subrequests, &call->subrequests},
    };
    int rc;

    if (limits == NULL) {
        return 0;
    }
    rc = mf__json_check(limits, pointer, fields, MF_COUNT_OF(fields), &fault->param, &fault->why);
    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(rows); i++) {
        rc = read_limit(limits, pointer, rows[i].name, rows[i].min, rows[i].allowed,
                        (call->limits_set & (1u << i)) != 0, rows[i].value, fault);
        call->limits_set |= mf__json_get(limits, rows[i].name) != NULL ? 1u << i : 0;
    }
    return rc;
}

static int append_text(struct mf__call *call, enum mf_part_kind kind, const cJSON *string)
{
    if (string == NULL) {
        return 0;
    }
    return mf_bundle_append(&call->bundle, kind, mf_slice_of_cstr(""), mf__json_text(string));
}

/* A value as JSON text of at most |bytes_max|; MF_E_TOO_LARGE with its size in *ret_size. */
static int append_json(struct mf__call *call,
                       enum mf_part_kind kind,
                       const cJSON *value,
                       size_t bytes_max,
                       size_t *ret_size)
{
    char *text;
    int rc;

    *ret_size = 0;
    if (value == NULL) {
        return 0;
    }
    text = cJSON_PrintUnformatted(value);
    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    *ret_size = strlen(text);
    rc = *ret_size > bytes_max
             ? MF_E_TOO_LARGE
             : mf_bundle_append(&call->bundle, kind, mf_slice_of_cstr(""), mf_slice_of(text, *ret_size));
    cJSON_free(text);
    return rc;
}

int mf__call_read_env(struct mf__call *call,
                      const struct mf_config *config,
                      const cJSON *code,
                      struct mf__call_fault *fault)
{
    size_t size;
    int rc = append_json(call, MF_PART_ENV, mf__json_get(code, "env"), config->env_bytes_max, &size);
    if (rc == MF_E_TOO_LARGE) {
        mf_buf_reset(&fault->why);
        point_at(fault, "/env");
        mf_ignore(mf_buf_printf(
            &fault->why,
            "Dynamic Worker env size (%zu bytes) exceeds the maximum allowed size of %llu bytes.", size,
            (unsigned long long)config->env_bytes_max));
        return MF_E_API_CODE;
    }
    return rc;
}

/* Fields that Cloudflare has and that a REST call cannot carry. */
static int check_capabilities(const cJSON *code, struct mf__call_fault *fault)
{
    const cJSON *experimental = mf__json_get(code, "allowExperimental");

    if (cJSON_IsTrue(experimental)) {
        point_at(fault, "/allowExperimental");
        mf_ignore(mf_buf_append_cstr(&fault->why,
                                     "'allowExperimental' is only allowed when the calling worker "
                                     "has the 'experimental' compat flag set."));
        return MF_E_API_CODE;
    }
    return 0;
}

int mf__call_read_outbound(struct mf__call *call,
                           const struct mf_config *config,
                           const cJSON *outbound,
                           struct mf__call_fault *fault)
{
    char pointer[MF__OUTBOUND_POINTER_BYTES_MAX];

    if (outbound == NULL || cJSON_IsNull(outbound)) {
        call->outbound = outbound == NULL ? MF__OUTBOUND_DEFAULT : MF__OUTBOUND_NONE;
        return 0;
    }
    if (cJSON_IsString(outbound)) {
        struct mf_slice name = mf__json_text(outbound);
        if (!mf_outbound_name_is_valid(name)) {
            return mf__call_refuse(fault, "/globalOutbound", "must be the name of an outbound.");
        }
        call->outbound = MF__OUTBOUND_NAMED;
        memcpy(call->outbound_name, name.data, name.size + 1);
        return 0;
    }
    call->outbound = MF__OUTBOUND_INLINE;
    if (!config->is_outbound_inline) {
        point_at(fault, "/globalOutbound");
        return MF_E_OUTBOUND_INLINE;
    }
    mf__call_outbound_pointer(fault, pointer);
    return mf_policy_read(outbound, pointer, &call->policy, &fault->policy);
}

/* "tails": ["name", ...]. On Cloudflare they are bindings; here they are stored workers of the same tenant. */
static int read_tails(struct mf__call *call, const cJSON *tails, struct mf__call_fault *fault)
{
    char path[32];
    int index = 0;
    int rc = 0;

    if (tails == NULL) {
        return 0;
    }
    if (cJSON_GetArraySize(tails) > MF_TAIL_WORKERS_MAX) {
        return mf__call_refuse(fault, "/tails", "must have at most %d names.", MF_TAIL_WORKERS_MAX);
    }
    for (const cJSON *item = tails->child; rc == 0 && item != NULL; item = item->next, index++) {
        if (!cJSON_IsString(item) || !mf_store_name_is_valid(mf__json_text(item))) {
            (void)snprintf(path, sizeof path, "/tails/%d", index);
            return mf__call_refuse(fault, path, "must be the name of a stored worker.");
        }
        rc = mf_buf_append(&call->tails, item->valuestring, strlen(item->valuestring) + 1);
    }
    return rc;
}

int mf__call_read_code(struct mf__call *call,
                       const struct mf_config *config,
                       const cJSON *code,
                       struct mf__call_fault *fault)
{
    static const struct mf_json_field fields[] = {{"mainModule", "s", true},
                                                  {"modules", "o", true},
                                                  {"compatibilityDate", "*", false},
                                                  {"compatibilityFlags", "a", false},
                                                  {"allowExperimental", "b", false},
                                                  {"env", "o", false},
                                                  {"limits", "o", false},
                                                  {"globalOutbound", "0so", false},
                                                  {"workspaces", "a", false},
                                                  {"tails", "a", false}};
    char limits[MF__OUTBOUND_POINTER_BYTES_MAX];
    int rc = mf__json_check(code, fault->at, fields, MF_COUNT_OF(fields), &fault->param, &fault->why);
    if (rc == 0) {
        rc = check_capabilities(code, fault);
    }
    if (rc == 0) {
        rc = read_tails(call, mf__json_get(code, "tails"), fault);
    }
    if (rc == 0) {
        rc = mf__mounts_read(call, mf__json_get(code, "workspaces"), MF__MOUNTS_OF_CODE, fault);
    }
    if (rc == 0) {
        rc = mf__call_read_outbound(call, config, mf__json_get(code, "globalOutbound"), fault);
    }
    if (rc == 0) {
        rc = mf__modules_read_compatibility(&call->bundle, code, fault);
    }
    if (rc == 0) {
        rc = mf__modules_read(&call->bundle, code, config->code_bytes_max, fault);
    }
    if (rc == 0) {
        rc = mf__call_read_env(call, config, code, fault);
    }
    if (rc == 0) {
        (void)snprintf(limits, sizeof limits, "%s/limits", fault->at);
        rc = mf__call_read_limits(call, config, mf__json_get(code, "limits"), limits, fault);
    }
    return rc;
}

/* |root| was checked for its fields. */
static int read_rest(struct mf__call *call,
                     const struct mf_config *config,
                     const cJSON *root,
                     struct mf__call_fault *fault)
{
    const cJSON *entrypoint;
    size_t size;
    int rc = mf__call_read_limits(call, config, mf__json_get(root, "limits"), "/limits", fault);

    if (rc == 0) {
        rc = mf__mounts_read(call, mf__json_get(root, "workspaces"), MF__MOUNTS_OF_CALL, fault);
    }
    if (rc == 0) {
        entrypoint = mf__json_get(root, "entrypoint");
        rc = append_text(call, MF_PART_ENTRYPOINT, cJSON_IsString(entrypoint) ? entrypoint : NULL);
    }
    if (rc == 0) {
        rc = append_json(call, MF_PART_PROPS, mf__json_get(root, "props"), MF_PROPS_BYTES_MAX, &size);
        if (rc == MF_E_TOO_LARGE) {
            rc = mf__json_refuse(&fault->param, &fault->why, "/props", "/props is larger than %d bytes.",
                                 MF_PROPS_BYTES_MAX);
        }
    }
    if (rc == 0) {
        rc = mf__request_read(&call->bundle, &call->body, &call->has_body, mf__json_get(root, "request"),
                              &fault->param, &fault->why);
    }
    return rc;
}

/* "code" comes first: without it the others are all there is. */
static const struct mf_json_field call_fields[] = {{"code", "o", true},         {"request", "o", false},
                                                   {"entrypoint", "s0", false}, {"props", "*", false},
                                                   {"workspaces", "a", false},  {"limits", "o", false}};

static int read_call(struct mf__call *call,
                     const struct mf_config *config,
                     struct mf_slice body,
                     bool has_code,
                     struct mf__call_fault *fault)
{
    const struct mf_json_field *fields = has_code ? call_fields : call_fields + 1;
    size_t count = MF_COUNT_OF(call_fields) - (has_code ? 0 : 1);
    cJSON *root = NULL;
    int rc = mf__json_parse(body, &root, &fault->why);

    if (rc == 0) {
        rc = mf__json_check(root, "", fields, count, &fault->param, &fault->why);
    }
    if (rc == 0 && has_code) {
        rc = mf__call_read_code(call, config, mf__json_get(root, "code"), fault);
    }
    if (rc == 0) {
        rc = read_rest(call, config, root, fault);
    }
    cJSON_Delete(root);
    return rc;
}

int mf__call_read_json(struct mf__call *call,
                       const struct mf_config *config,
                       struct mf_slice body,
                       struct mf__call_fault *ret_fault)
{
    return read_call(call, config, body, true, ret_fault);
}

int mf__call_read_rest(struct mf__call *call,
                       const struct mf_config *config,
                       struct mf_slice body,
                       struct mf__call_fault *ret_fault)
{
    return read_call(call, config, body, false, ret_fault);
}

int mf__call_read_source(struct mf__call *call,
                         const struct mf_config *config,
                         struct mf_slice source,
                         bool is_typescript,
                         struct mf_slice query,
                         struct mf__call_fault *ret_fault)
{
    struct mf_slice name = mf_slice_of_cstr(is_typescript ? "main.ts" : "main.js");
    enum mf_part_kind kind = is_typescript ? MF_PART_TYPESCRIPT : MF_PART_ESM;
    size_t bytes_max = is_typescript && config->code_bytes_max > MF_TYPESCRIPT_BYTES_MAX
                           ? MF_TYPESCRIPT_BYTES_MAX
                           : config->code_bytes_max;
    int rc;

    if (source.size > bytes_max) {
        mf_ignore(mf_buf_printf(
            &ret_fault->why,
            "Dynamic Worker code size (%zu bytes) exceeds the maximum allowed size of %zu bytes.",
            source.size, bytes_max));
        return MF_E_API_CODE;
    }
    if (!mf_slice_is_utf8(source)) {
        mf_ignore(mf_buf_append_cstr(&ret_fault->why, "The code is not valid UTF-8."));
        return MF_E_API_CODE;
    }
    rc = mf_bundle_append(&call->bundle, kind, name, source);
    if (rc == 0) {
        rc = mf_bundle_append(&call->bundle, MF_PART_MAIN, mf_slice_of_cstr(""), name);
    }
    if (rc == 0) {
        rc = mf__request_default(&call->bundle, query);
    }
    return rc;
}
