#include "program.h"

#include <stdio.h>

#include <mayfly/wire.h>

#include "json.h"
#include "json_text.h"
#include "modules.h"
#include "mounts.h"
#include "request.h"

void mf__program_init(struct mf__program *program, const struct mf_config *config)
{
    memset(program, 0, sizeof *program);
    mf__call_init(&program->call, config);
    program->call.kind = MF_TRACE_EXECUTION;
    program->call.calls = MF_RUN_CALLS_DEFAULT;
    program->calls_concurrent = MF_RUN_CALLS_OPEN_MAX;
    program->call_bytes = MF_EXECUTION_CALL_BYTES_DEFAULT;
    program->reattach_ms = MF_EXECUTION_REATTACH_MS_DEFAULT;
    mf__past_init(&program->past);
}

void mf__program_done(struct mf__program *program)
{
    mf__call_done(&program->call);
    mf__past_done(&program->past);
}

/* ---- names ---------------------------------------------------------------------------------------------- */

/* Names that @cloudflare/codemode keeps for itself: none of them would do harm here, but callers match on the texts. */
static const char *const reserved[] = {"__dispatchers",
                                       "__connectors",
                                       "__logs",
                                       "__stringifyForCodemode",
                                       "__parseForCodemode",
                                       "WorkerEntrypoint",
                                       "CodeExecutor",
                                       "Promise",
                                       "setTimeout",
                                       "Error",
                                       "console"};

static const char *const keywords[] = {
    "await",   "break",     "case",       "catch",     "class",   "const",   "continue",   "debugger",
    "default", "delete",    "do",         "else",      "enum",    "export",  "extends",    "false",
    "finally", "for",       "function",   "if",        "import",  "in",      "instanceof", "new",
    "null",    "return",    "super",      "switch",    "this",    "throw",   "true",       "try",
    "typeof",  "var",       "void",       "while",     "with",    "yield",   "let",        "static",
    "eval",    "arguments", "implements", "interface", "package", "private", "protected",  "public"};

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_identifier(const char *name)
{
    for (size_t i = 0; name[i] != '\0'; i++) {
        bool is_letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
                         name[i] == '_' || name[i] == '$';
        if (!is_letter && (i == 0 || name[i] < '0' || name[i] > '9')) {
            return false;
        }
    }
    return name[0] != '\0' && strlen(name) <= MF_CALL_NAMESPACE_BYTES_MAX &&
           !is_among(name, keywords, MF_COUNT_OF(keywords));
}

/* Lists that name things in the program's scope; the texts are those of codemode where it has such a list. */
struct scope {
    const char *field;
    const char *kind;    /* At the beginning of a sentence, */
    const char *in_text; /* and inside of one. */
};

static const struct scope scopes[] = {{"namespaces", "Provider", "provider"},
                                      {"connectors", "Connector", "connector"},
                                      {"mcpServers", "MCP server", "MCP server"},
                                      {"workspaces", "Workspace", "workspace"}};

#define SCOPE_CONNECTORS (&scopes[1])
#define SCOPE_WORKSPACES (&scopes[3])

static int
refuse_name(struct mf__call_fault *fault, const struct scope *scope, size_t index, const char *format, ...)
    MF_PRINTF(4, 5);
static int
refuse_name(struct mf__call_fault *fault, const struct scope *scope, size_t index, const char *format, ...)
{
    char text[MF_API_FAULT_BYTES_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mf_buf_reset(&fault->param);
    mf_buf_reset(&fault->why);
    mf_ignore(mf_buf_printf(&fault->param, "/%s/%zu", scope->field, index));
    mf_ignore(mf_buf_append_cstr(&fault->why, text));
    return MF_E_EXECUTION_NAME;
}

/* NULL: a workspace that is no namespace. */
static const char *name_of(const struct scope *scope, const cJSON *item)
{
    const cJSON *name = mf__json_get(item, scope == SCOPE_WORKSPACES ? "namespace" : "name");

    return cJSON_IsString(item) ? item->valuestring : name == NULL ? NULL : name->valuestring;
}

/* |item| of |root|'s list |scope| is new to that list and to those before it. */
static int check_name(const cJSON *root,
                      const struct scope *scope,
                      const cJSON *item,
                      size_t index,
                      struct mf__call_fault *fault)
{
    const char *name = name_of(scope, item);
    int shown;

    if (name == NULL) {
        return 0;
    }
    shown = (int)strnlen(name, MF_CALL_NAMESPACE_BYTES_MAX);

    if (is_among(name, reserved, MF_COUNT_OF(reserved))) {
        return refuse_name(fault, scope, index, "%s name \"%s\" is reserved", scope->kind, name);
    }
    if (!is_identifier(name)) {
        return refuse_name(fault, scope, index, "%s name \"%.*s\" is not a valid JavaScript identifier",
                           scope->kind, shown, name);
    }
    for (const struct scope *before = scopes; before <= scope; before++) {
        const cJSON *list = mf__json_get(root, before->field);
        for (const cJSON *other = list == NULL ? NULL : list->child; other != NULL && other != item;
             other = other->next) {
            const char *taken = name_of(before, other);
            if (taken == NULL || strcmp(taken, name) != 0) {
                continue;
            }
            return before == scope
                       ? refuse_name(fault, scope, index, "Duplicate %s name \"%s\"", scope->in_text, name)
                       : refuse_name(fault, scope, index, "Duplicate name \"%s\" (%s clashes with %s)", name,
                                     scope->in_text, before->in_text);
        }
    }
    return 0;
}

/* The item's own shape. */
static int
check_item(const struct scope *scope, const cJSON *item, size_t index, struct mf__call_fault *fault)
{
    static const struct mf_json_field namespace_fields[] = {
        {"name", "s", true}, {"prelude", "s", false}, {"functions", "a", false}};
    static const struct mf_json_field server_fields[] = {{"name", "s", true}, {"url", "s", true}};
    const cJSON *prelude;
    char pointer[64];
    int rc;

    (void)snprintf(pointer, sizeof pointer, "/%s/%zu", scope->field, index);
    if (scope == SCOPE_WORKSPACES) {
        return 0; /* mf__mounts_read has looked. */
    }
    if (scope == SCOPE_CONNECTORS) {
        return cJSON_IsString(item)
                   ? 0
                   : mf__json_refuse(&fault->param, &fault->why, pointer, "%s must be a string.", pointer);
    }
    rc = scope == &scopes[0] ? mf__json_check(item, pointer, namespace_fields, MF_COUNT_OF(namespace_fields),
                                              &fault->param, &fault->why)
                             : mf__json_check(item, pointer, server_fields, MF_COUNT_OF(server_fields),
                                              &fault->param, &fault->why);
    prelude = rc == 0 ? mf__json_get(item, "prelude") : NULL;
    if (prelude != NULL && strlen(prelude->valuestring) > MF_EXECUTION_PRELUDE_BYTES_MAX) {
        rc = mf__json_refuse(&fault->param, &fault->why, pointer, "%s/prelude is larger than %d bytes.",
                             pointer, MF_EXECUTION_PRELUDE_BYTES_MAX);
    }
    return rc;
}

static int check_scope(const cJSON *root, struct mf__call_fault *fault)
{
    size_t total = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(scopes); i++) {
        const cJSON *list = mf__json_get(root, scopes[i].field);
        size_t index = 0;
        for (const cJSON *item = list == NULL ? NULL : list->child; rc == 0 && item != NULL;
             item = item->next) {
            if (++total > MF_EXECUTION_NAMESPACES_MAX) {
                return mf__json_refuse(&fault->param, &fault->why, "/namespaces",
                                       "There may be at most %d namespaces of all kinds.",
                                       MF_EXECUTION_NAMESPACES_MAX);
            }
            rc = check_item(&scopes[i], item, index, fault);
            rc = rc < 0 ? rc : check_name(root, &scopes[i], item, index, fault);
            index++;
        }
    }
    return rc;
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

/* One of those that only executions have: taken out of |limits|, so that the rest is what every call has. */
static int
take_limit(cJSON *limits, const char *name, uint64_t max, uint64_t *value, struct mf__call_fault *fault)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(limits, name);
    double number = cJSON_IsNumber(item) ? item->valuedouble : -1;
    char pointer[64];
    int rc = 0;

    if (item == NULL) {
        return 0;
    }
    if (number < 0 || number > (double)max || number != (double)(uint64_t)number) {
        (void)snprintf(pointer, sizeof pointer, "/limits/%s", name);
        rc = mf__json_refuse(&fault->param, &fault->why, pointer, "%s must be a whole number from 0 to %llu.",
                             pointer, (unsigned long long)max);
    } else {
        *value = (uint64_t)number;
    }
    cJSON_Delete(item);
    return rc;
}

static int read_limits(struct mf__program *program,
                       const struct mf_config *config,
                       cJSON *limits,
                       struct mf__call_fault *fault)
{
    uint64_t concurrent = program->calls_concurrent;
    int rc;

    if (limits == NULL) {
        return 0;
    }
    rc = take_limit(limits, "calls", MF_RUN_CALLS_MAX, &program->call.calls, fault);
    if (rc == 0) {
        rc = take_limit(limits, "callsConcurrent", MF_RUN_CALLS_OPEN_MAX, &concurrent, fault);
    }
    if (rc == 0) {
        rc = take_limit(limits, "callBytes", MF_EXECUTION_CALL_BYTES_MAX, &program->call_bytes, fault);
    }
    program->calls_concurrent = concurrent == 0 ? 1 : (uint32_t)concurrent;
    return rc < 0 ? rc : mf__call_read_limits(&program->call, config, limits, "/limits", fault);
}

static int read_reattach(struct mf__program *program, const cJSON *item, struct mf__call_fault *fault)
{
    if (item == NULL) {
        return 0;
    }
    if (item->valuedouble > MF_EXECUTION_REATTACH_MS_MAX) {
        return mf__json_refuse(&fault->param, &fault->why, "/reattachMs", "/reattachMs must be at most %d.",
                               MF_EXECUTION_REATTACH_MS_MAX);
    }
    program->reattach_ms = (uint32_t)item->valuedouble;
    return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------------------- */

/* The journal is not made into a tree: what stands in it is handed on to the letter. |ret_rest| is the body with an empty one. */
static int cut_journal(struct mf__program *program,
                       struct mf_slice body,
                       struct mf_buf *ret_rest,
                       struct mf__call_fault *fault)
{
    struct mf_slice object, key, value;
    size_t cursor = 0;
    int rc = 0;

    if (mf__json_text_check(body, &object) < 0) {
        return mf_buf_append_slice(ret_rest, body); /* Whoever reads the rest says what is wrong. */
    }
    while (mf__json_text_next(object, &cursor, &key, &value) > 0) {
        if (mf_slice_equal_cstr(key, "journal") && value.data[0] == '[') {
            size_t before = (size_t)(value.data - body.data);
            program->has_journal = true;
            rc = mf__past_read(&program->past, value, &fault->param, &fault->why);
            rc = rc < 0 ? rc : mf_buf_append(ret_rest, body.data, before);
            rc = rc < 0 ? rc : mf_buf_append_cstr(ret_rest, "[]");
            return rc < 0 ? rc
                          : mf_buf_append(ret_rest, value.data + value.size, body.size - before - value.size);
        }
    }
    return mf_buf_append_slice(ret_rest, body);
}

/* One that was not cut out. */
static int
check_journal(const struct mf__program *program, const cJSON *journal, struct mf__call_fault *fault)
{
    bool is_empty = journal == NULL || (program->has_journal && journal->child == NULL);

    return is_empty ? 0
                    : mf__json_refuse(&fault->param, &fault->why, "/journal",
                                      "/journal must be JSON to the letter, under that plain name.");
}

/* {"namespaces":[{"name","prelude"}],"connectors":[],"drain":true}: what the isolate is told. */
static int append_options(struct mf__program *program, const cJSON *root)
{
    static const char *const names[] = {"namespaces", "connectors", "mcpServers", "drain"};
    cJSON *options = cJSON_CreateObject();
    char *text;
    int rc = 0;

    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        const cJSON *item = mf__json_get(root, names[i]);
        if (item != NULL && !cJSON_AddItemReferenceToObject(options, names[i], (cJSON *)(uintptr_t)item)) {
            rc = MF_E_NO_MEMORY;
        }
    }
    text = rc < 0 ? NULL : cJSON_PrintUnformatted(options);
    cJSON_Delete(options);
    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    rc = mf_bundle_append(&program->call.bundle, MF_PART_OPTIONS, mf_slice_of_cstr(""),
                          mf_slice_of_cstr(text));
    cJSON_free(text);
    return rc;
}

static int read_code(struct mf__program *program,
                     const struct mf_config *config,
                     const cJSON *root,
                     struct mf__call_fault *fault)
{
    const cJSON *language = mf__json_get(root, "language");
    bool is_typescript = language == NULL || strcmp(language->valuestring, "typescript") == 0;

    if (!is_typescript && strcmp(language->valuestring, "javascript") != 0) {
        return mf__json_refuse(&fault->param, &fault->why, "/language",
                               "/language must be \"typescript\" or \"javascript\".");
    }
    return mf__modules_read_program(&program->call.bundle,
                                    mf_slice_of_cstr(is_typescript ? "program.ts" : "program.js"),
                                    mf__json_text(mf__json_get(root, "code")), mf__json_get(root, "modules"),
                                    config->code_bytes_max, fault);
}

static int read_waits(struct mf__program *program, const cJSON *item, struct mf__call_fault *fault)
{
    if (item == NULL || strcmp(item->valuestring, "included") == 0) {
        return 0;
    }
    if (strcmp(item->valuestring, "excluded") != 0) {
        return mf__json_refuse(&fault->param, &fault->why, "/waits",
                               "/waits must be \"included\" or \"excluded\".");
    }
    program->excludes_waits = true;
    return 0;
}

static int read_all(struct mf__program *program,
                    const struct mf_config *config,
                    cJSON *root,
                    struct mf__call_fault *fault)
{
    int rc = mf__mounts_read(&program->call, mf__json_get(root, "workspaces"), MF__MOUNTS_OF_PROGRAM, fault);

    rc = rc < 0 ? rc : check_scope(root, fault);
    if (rc == 0) {
        rc = mf__call_read_outbound(&program->call, config, mf__json_get(root, "globalOutbound"), fault);
    }
    if (rc == 0) {
        rc = read_code(program, config, root, fault);
    }
    if (rc == 0) {
        rc = mf__call_read_env(&program->call, config, root, fault);
    }
    if (rc == 0) {
        rc = append_options(program, root);
    }
    if (rc == 0) {
        rc = mf__request_default(&program->call.bundle, mf_slice_of_cstr(""));
    }
    if (rc == 0) {
        rc = read_limits(program, config, cJSON_GetObjectItemCaseSensitive(root, "limits"), fault);
    }
    if (rc == 0) {
        rc = read_reattach(program, mf__json_get(root, "reattachMs"), fault);
    }
    if (rc == 0) {
        rc = read_waits(program, mf__json_get(root, "waits"), fault);
    }
    return rc < 0 ? rc : check_journal(program, mf__json_get(root, "journal"), fault);
}

int mf__program_read(struct mf__program *program,
                     const struct mf_config *config,
                     struct mf_slice body,
                     bool may_call,
                     struct mf__call_fault *ret_fault)
{
    static const struct mf_json_field fields[] = {
        {"code", "s", true},        {"language", "s", false},
        {"namespaces", "a", false}, {"connectors", "a", false},
        {"mcpServers", "a", false}, {"modules", "o", false},
        {"env", "o", false},        {"limits", "o", false},
        {"drain", "b", false},      {"globalOutbound", "0so", false},
        {"waits", "s", false},      {"journal", "a", false},
        {"workspaces", "a", false}, {"reattachMs", "n", false}};
    struct mf_buf rest;
    cJSON *root = NULL;
    int rc;

    ret_fault->at = "";
    program->call.may_call = may_call;
    mf_buf_init(&rest, body.size + 2);
    rc = cut_journal(program, body, &rest, ret_fault);
    rc = rc < 0 ? rc : mf__json_parse(mf_buf_peek(&rest), &root, &ret_fault->why);
    mf_buf_done(&rest);
    if (rc == 0) {
        rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), &ret_fault->param, &ret_fault->why);
    }
    if (rc == 0) {
        rc = read_all(program, config, root, ret_fault);
    }
    cJSON_Delete(root);
    return rc;
}
