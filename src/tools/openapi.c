/* openapi.c - each operation of an OpenAPI document as one tool: its parameters and its JSON body are one object. */
#include "catalog.h"

#include "schema.h"

static const char *const methods[] = {"get", "put", "post", "delete", "patch", "options", "head"};

/* ---- parameters ----------------------------------------------------------------------------------- */

/* The operation's own, then the path's that it does not replace, then the body; each name once. */
struct params {
    const struct mf__tool *tool;
    uint64_t *steps;
    struct mf__names seen;
    const cJSON *next;
    unsigned list; /* 0: the operation's, 1: the path's, 2: the body, 3: over */
};

struct param {
    struct mf_slice name;
    struct mf_slice description;
    const cJSON *schema;
    bool is_required;
};

static const cJSON *list_of(const struct params *params, const cJSON *owner)
{
    const cJSON *list = mf__schema_get(owner, "parameters", params->steps);

    return cJSON_IsArray(list) ? list->child : NULL;
}

static void params_init(struct params *params, const struct mf__tool *tool, uint64_t *steps)
{
    *params = (struct params){.tool = tool, .steps = steps};
    params->next = list_of(params, tool->operation);
}

static void params_done(struct params *params)
{
    mf__names_done(&params->seen);
}

static struct mf_slice text_of(const cJSON *string)
{
    return cJSON_IsString(string) ? mf_slice_of_cstr(string->valuestring) : mf_slice_of("", 0);
}

static bool is_word(const cJSON *string, const char *word)
{
    return cJSON_IsString(string) && strcmp(string->valuestring, word) == 0;
}

/* The schema of the first JSON media type of |content|. */
static const cJSON *json_schema(const cJSON *content, uint64_t *steps)
{
    const cJSON *media = mf__schema_get(content, "application/json", steps);

    for (const cJSON *item = cJSON_IsObject(content) ? content->child : NULL;
         media == NULL && item != NULL && *steps > 0; item = item->next, --*steps) {
        if (strstr(item->string, "json") != NULL) {
            media = item;
        }
    }
    return mf__schema_get(media, "schema", steps);
}

/* False when |item| is none. */
static bool read_param(const struct params *params, const cJSON *item, struct param *ret_param)
{
    uint64_t *steps = params->steps;
    const cJSON *node = mf__schema_follow(params->tool->root, item, steps);
    const cJSON *name = mf__schema_get(node, "name", steps);
    const cJSON *in = mf__schema_get(node, "in", steps);
    const cJSON *schema = mf__schema_get(node, "schema", steps);

    if (!cJSON_IsString(name) || *name->valuestring == '\0') {
        return false;
    }
    if (schema == NULL) {
        /* "content" in its place; or Swagger 2.0, where the parameter itself is the schema. */
        const cJSON *content = mf__schema_get(node, "content", steps);
        schema = content != NULL ? json_schema(content, steps) : node;
    }
    *ret_param = (struct param){
        .name = is_word(in, "body") ? mf_slice_of_cstr("body") : text_of(name),
        .description = text_of(mf__schema_get(node, "description", steps)),
        .schema = schema,
        .is_required = cJSON_IsTrue(mf__schema_get(node, "required", steps)) || is_word(in, "path"),
    };
    return true;
}

static bool read_body(const struct params *params, struct param *ret_param)
{
    uint64_t *steps = params->steps;
    const cJSON *body = mf__schema_follow(
        params->tool->root, mf__schema_get(params->tool->operation, "requestBody", steps), steps);

    if (!cJSON_IsObject(body)) {
        return false;
    }
    *ret_param = (struct param){
        .name = mf_slice_of_cstr("body"),
        .description = text_of(mf__schema_get(body, "description", steps)),
        .schema = json_schema(mf__schema_get(body, "content", steps), steps),
        .is_required = cJSON_IsTrue(mf__schema_get(body, "required", steps)),
    };
    return true;
}

/* 1 and a parameter, 0 at the end, or an error. */
static int params_next(struct params *params, struct param *ret_param)
{
    while (params->list < 3) {
        const cJSON *item = params->next;
        bool is_found;
        if (params->list < 2 && item == NULL) {
            params->list++;
            params->next = params->list == 1 ? list_of(params, params->tool->item) : NULL;
            continue;
        }
        if (params->list == 2) {
            params->list = 3;
            is_found = read_body(params, ret_param);
        } else {
            params->next = item->next;
            is_found = read_param(params, item, ret_param);
        }
        if (is_found) {
            int rc = mf__names_add(&params->seen, ret_param->name, 0);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

/* ---- types -------------------------------------------------------------------------------------------- */

static int write_members(struct mf__schema *schema, struct params *params)
{
    struct param param;
    int rc;

    while ((rc = params_next(params, &param)) == 1) {
        if (mf__schema_is_full(schema)) {
            return mf_buf_append_cstr(schema->out, "    [key: string]: unknown;\n");
        }
        rc = mf__schema_write_property(schema, param.name, param.schema, param.is_required, param.description,
                                       4);
        if (rc < 0) {
            return rc;
        }
    }
    return rc;
}

int mf__openapi_write_input(const struct mf__tool *tool, struct mf_buf *out, uint64_t *steps)
{
    struct mf__schema schema;
    struct params params;
    size_t begin;
    int rc = mf_buf_append_cstr(out, "{\n");

    begin = out->size;
    mf__schema_begin(&schema, out, tool->root, steps);
    params_init(&params, tool, steps);
    rc = rc < 0 ? rc : write_members(&schema, &params);
    params_done(&params);
    if (rc == 0 && out->size == begin) {
        out->size = begin - 2;
        return mf_buf_append_cstr(out, "Record<string, unknown>");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* The first answer that is a success, or the default one. */
static const cJSON *success_of(const struct mf__tool *tool, uint64_t *steps)
{
    const cJSON *responses = mf__schema_get(tool->operation, "responses", steps);
    const cJSON *found = NULL;

    for (const cJSON *item = cJSON_IsObject(responses) ? responses->child : NULL; item != NULL && *steps > 0;
         item = item->next, --*steps) {
        if (item->string[0] == '2') {
            found = item;
            break;
        }
        if (strcmp(item->string, "default") == 0) {
            found = item;
        }
    }
    return mf__schema_follow(tool->root, found, steps);
}

int mf__openapi_write_output(const struct mf__tool *tool, struct mf_buf *out, uint64_t *steps)
{
    const cJSON *response = success_of(tool, steps);
    const cJSON *node = json_schema(mf__schema_get(response, "content", steps), steps);
    struct mf__schema schema;
    int rc;

    if (node == NULL) {
        node = mf__schema_get(response, "schema", steps);
    }
    mf__schema_begin(&schema, out, tool->root, steps);
    rc = mf__schema_write(&schema, node, 0);
    return rc < 0 ? rc : 0;
}

int mf__openapi_write_params(const struct mf__tool *tool, struct mf_buf *out, uint64_t *steps)
{
    size_t begin = out->size;
    struct params params;
    struct param param;
    int rc;

    params_init(&params, tool, steps);
    while ((rc = params_next(&params, &param)) == 1 && out->size - begin <= MF_TOOLS_TYPE_BYTES_MAX) {
        if (param.description.size == 0) {
            continue;
        }
        rc = mf_buf_append_cstr(out, "\t * @param input.");
        rc = rc < 0 ? rc : mf__names_append_comment(out, param.name);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, " - ");
        rc = rc < 0 ? rc : mf__names_append_comment(out, param.description);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, "\n");
        if (rc < 0) {
            break;
        }
    }
    params_done(&params);
    return rc < 0 ? rc : 0;
}

/* ---- operations ------------------------------------------------------------------------------------------ */

static int name_operation(struct mf__catalog *catalog, struct mf__names *taken, struct mf__tool *tool)
{
    const cJSON *id = mf__schema_get(tool->operation, "operationId", &catalog->steps);
    struct mf_slice name;
    struct mf_buf text;
    int rc;

    /* A name is cut rather than refused: nobody here can change the document. */
    mf_buf_init(&text, (size_t)MF_TOOLS_NAME_BYTES_MAX * 2);
    if (cJSON_IsString(id) && *id->valuestring != '\0') {
        size_t size = strnlen(id->valuestring, MF_TOOLS_NAME_BYTES_MAX / 2);
        rc = mf__names_append_tool(&text, mf_slice_of(id->valuestring, size));
    } else {
        size_t size = strnlen(tool->path, MF_TOOLS_NAME_BYTES_MAX / 2);
        rc = mf_buf_printf(&text, "%s_", tool->method);
        /* What follows stands behind letters: no digit is first, and no word is reserved. */
        for (size_t i = 0; rc == 0 && i < size; i++) {
            char c = tool->path[i];
            bool is_kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '_' || c == '$';
            if (is_kept || c == '-' || c == '.' || c == ' ') {
                rc = mf_buf_append(&text, is_kept ? &c : "_", 1);
            }
        }
    }
    rc = rc < 0 ? rc : mf_arena_copy(catalog->arena, mf_buf_peek(&text), &name);
    mf_buf_done(&text);
    rc = rc < 0 ? rc : mf__catalog_make_unique(catalog, taken, name, &tool->safe);
    tool->name = tool->safe;
    return rc < 0 ? rc : mf__catalog_name_type(catalog, tool);
}

static struct mf_slice summary_of(struct mf__catalog *catalog, const cJSON *operation)
{
    struct mf_slice summary = mf__names_trim(text_of(mf__schema_get(operation, "summary", &catalog->steps)));

    return summary.size > 0
               ? summary
               : mf__names_trim(text_of(mf__schema_get(operation, "description", &catalog->steps)));
}

static int read_operation(struct mf__catalog *catalog,
                          struct mf__names *taken,
                          const cJSON *document,
                          const cJSON *item,
                          const char *path,
                          const char *method)
{
    const cJSON *operation = mf__schema_get(item, method, &catalog->steps);
    struct mf__tool *tool;
    int rc;

    if (!cJSON_IsObject(operation)) {
        return 0;
    }
    rc = mf__catalog_add(catalog, &tool);
    if (rc < 0) {
        return rc;
    }
    tool->root = document;
    tool->item = item;
    tool->operation = operation;
    tool->path = path;
    tool->method = method;
    tool->summary = summary_of(catalog, operation);
    if (tool->summary.size == 0) {
        rc = mf_arena_printf(catalog->arena, &tool->summary, "%s %.1000s", method, path);
        for (char *c = rc < 0 ? NULL : (char *)tool->summary.data; c != NULL && *c != ' '; c++) {
            *c = (char)(*c - 'a' + 'A');
        }
    }
    return rc < 0 ? rc : name_operation(catalog, taken, tool);
}

int mf__openapi_read(struct mf__catalog *catalog, const cJSON *document, const char *pointer)
{
    const cJSON *paths = mf__schema_get(document, "paths", &catalog->steps);
    struct mf__names taken = {0};
    int rc = 0;

    if (!cJSON_IsObject(paths)) {
        return mf__catalog_refuse_source(catalog, pointer,
                                         "must be an OpenAPI document: an object with paths.");
    }
    for (const cJSON *entry = paths->child; rc == 0 && entry != NULL; entry = entry->next) {
        const cJSON *item = mf__schema_follow(document, entry, &catalog->steps);
        for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(methods); i++) {
            rc = read_operation(catalog, &taken, document, item, entry->string, methods[i]);
        }
    }
    mf__names_done(&taken);
    return rc;
}
