#include "catalog.h"

#include <stdio.h>

int mf__catalog_refuse(struct mf_tools_fault *fault, struct mf_slice pointer, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mf_buf_reset(&fault->param);
    mf_buf_reset(&fault->why);
    /* What does not fit is left out; the refusal stands. */
    mf_ignore(mf_buf_append_slice(&fault->param, pointer));
    mf_ignore(mf_buf_append_cstr(&fault->why, text));
    return MF_E_API_FIELD;
}

int mf__catalog_refuse_source(struct mf__catalog *catalog, const char *member, const char *why)
{
    char pointer[64];

    (void)snprintf(pointer, sizeof pointer, "/namespaces/%zu%s", catalog->spaces_count, member);
    return mf__catalog_refuse(catalog->fault, mf_slice_of_cstr(pointer), "%s %s", pointer, why);
}

int mf__catalog_add(struct mf__catalog *catalog, struct mf__tool **ret_tool)
{
    if (catalog->count == catalog->capacity) {
        size_t capacity = catalog->capacity == 0 ? 64 : catalog->capacity * 2;
        struct mf__tool *tools;
        if (catalog->count == MF_TOOLS_COUNT_MAX) {
            return mf__catalog_refuse_source(catalog, "", "is where there are too many tools.");
        }
        capacity = capacity < MF_TOOLS_COUNT_MAX ? capacity : MF_TOOLS_COUNT_MAX;
        tools = mf_try_realloc(catalog->tools, capacity * sizeof *tools);
        if (tools == NULL) {
            return MF_E_NO_MEMORY;
        }
        catalog->tools = tools;
        catalog->capacity = capacity;
    }
    *ret_tool = &catalog->tools[catalog->count++];
    **ret_tool = (struct mf__tool){.ns = catalog->spaces_count};
    return 0;
}

int mf__catalog_make_unique(struct mf__catalog *catalog,
                            struct mf__names *taken,
                            struct mf_slice name,
                            struct mf_slice *ret_name)
{
    struct mf_slice tried = name;
    int rc;

    while ((rc = mf__names_add(taken, tried, 1)) == 0) {
        size_t *last = mf__names_value(taken, name);
        rc = mf_arena_printf(catalog->arena, &tried, "%.*s_%zu", (int)name.size, (const char *)name.data,
                             ++*last);
        if (rc < 0) {
            return rc;
        }
    }
    *ret_name = tried;
    return rc < 0 ? rc : 0;
}

int mf__catalog_name_type(struct mf__catalog *catalog, struct mf__tool *tool)
{
    struct mf_slice space = catalog->spaces[tool->ns].name;
    struct mf_slice type;
    struct mf_buf text;
    int rc;

    mf_buf_init(&text, (size_t)MF_TOOLS_NAME_BYTES_MAX * 2 + 2);
    rc = mf__names_append_type(&text, tool->safe);
    if (rc == 0 && mf__names_value(&catalog->types, mf_buf_peek(&text)) != NULL) {
        mf_buf_reset(&text);
        rc = mf__names_append_type(&text, space);
        rc = rc < 0 ? rc : mf__names_append_type(&text, tool->safe);
    }
    rc = rc < 0 ? rc : mf_arena_copy(catalog->arena, mf_buf_peek(&text), &type);
    rc = rc < 0 ? rc : mf__catalog_make_unique(catalog, &catalog->types, type, &tool->type);
    mf_buf_done(&text);
    return rc;
}

/* ---- tools that have schemas --------------------------------------------------------------------- */

static int name_tool(struct mf__catalog *catalog, struct mf__names *taken, struct mf__tool *tool)
{
    struct mf__namespace *space = &catalog->spaces[tool->ns];
    size_t index = (size_t)(tool - catalog->tools);
    struct mf_buf text;
    int rc;

    if (tool->name.size > MF_TOOLS_NAME_BYTES_MAX) {
        return mf__catalog_refuse_source(catalog, "", "has a tool with a name that is too long.");
    }
    mf_buf_init(&text, MF_TOOLS_NAME_BYTES_MAX + 2);
    rc = mf__names_append_tool(&text, tool->name);
    rc = rc < 0 ? rc : mf_arena_copy(catalog->arena, mf_buf_peek(&text), &tool->safe);
    mf_buf_done(&text);
    rc = rc < 0 ? rc : mf__names_add(taken, tool->safe, index);
    if (rc == 0) {
        struct mf_slice other = catalog->tools[*mf__names_value(taken, tool->safe)].name;
        char pointer[64];
        (void)snprintf(pointer, sizeof pointer, "/namespaces/%zu", tool->ns);
        return mf__catalog_refuse(
            catalog->fault, mf_slice_of_cstr(pointer),
            "Tool names \"%.100s\" and \"%.100s\" both sanitize to \"%.100s\" in provider \"%.100s\"",
            (const char *)other.data, (const char *)tool->name.data, (const char *)tool->safe.data,
            (const char *)space->name.data);
    }
    return rc < 0 ? rc : mf__catalog_name_type(catalog, tool);
}

static struct mf_slice summary_of(const cJSON *tool)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(tool, "description");

    if (!cJSON_IsString(text)) {
        text = cJSON_GetObjectItemCaseSensitive(tool, "title");
    }
    return cJSON_IsString(text) ? mf__names_trim(mf_slice_of_cstr(text->valuestring)) : mf_slice_of("", 0);
}

static const cJSON *schema_of(const cJSON *tool, const char *name)
{
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(tool, name);

    return cJSON_IsObject(schema) || cJSON_IsBool(schema) ? schema : NULL;
}

static int
read_tool(struct mf__catalog *catalog, struct mf__names *taken, const cJSON *item, const char *name)
{
    struct mf__tool *tool;
    int rc = mf__catalog_add(catalog, &tool);

    if (rc < 0) {
        return rc;
    }
    tool->name = mf_slice_of_cstr(name);
    tool->summary = summary_of(item);
    tool->input = schema_of(item, "inputSchema");
    tool->output = schema_of(item, "outputSchema");
    return name_tool(catalog, taken, tool);
}

/* {name: {description, inputSchema, outputSchema}} */
static int read_record(struct mf__catalog *catalog, const cJSON *tools, const char *pointer)
{
    struct mf__names taken = {0};
    int rc = cJSON_IsObject(tools) ? 0 : mf__catalog_refuse_source(catalog, pointer, "must be an object.");

    for (const cJSON *item = rc < 0 ? NULL : tools->child; rc == 0 && item != NULL; item = item->next) {
        rc = cJSON_IsObject(item)
                 ? read_tool(catalog, &taken, item, item->string)
                 : mf__catalog_refuse_source(catalog, pointer, "has a tool that is no object.");
    }
    mf__names_done(&taken);
    return rc;
}

/* What an MCP server answers tools/list with: https://modelcontextprotocol.io/specification/2025-06-18/server/tools. */
static int read_mcp(struct mf__catalog *catalog, const cJSON *list, const char *pointer)
{
    const cJSON *tools = cJSON_IsObject(list) ? cJSON_GetObjectItemCaseSensitive(list, "tools") : list;
    struct mf__names taken = {0};
    int rc = cJSON_IsArray(tools)
                 ? 0
                 : mf__catalog_refuse_source(catalog, pointer,
                                             "must be an array, or an object with one in tools.");

    for (const cJSON *item = rc < 0 ? NULL : tools->child; rc == 0 && item != NULL; item = item->next) {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        rc = cJSON_IsString(name) ? read_tool(catalog, &taken, item, name->valuestring)
                                  : mf__catalog_refuse_source(catalog, pointer, "has a tool without a name.");
    }
    mf__names_done(&taken);
    return rc;
}

/* ---- namespaces -------------------------------------------------------------------------------------- */

static int read_source(struct mf__catalog *catalog, const cJSON *item)
{
    static const struct {
        const char *name;
        const char *pointer;
        int (*read)(struct mf__catalog *catalog, const cJSON *source, const char *pointer);
    } sources[] = {{"tools", "/tools", read_record},
                   {"mcp", "/mcp", read_mcp},
                   {"openapi", "/openapi", mf__openapi_read}};
    int found = -1;

    for (size_t i = 0; i < MF_COUNT_OF(sources); i++) {
        if (cJSON_GetObjectItemCaseSensitive(item, sources[i].name) != NULL) {
            found = found == -1 ? (int)i : -2;
        }
    }
    if (found < 0) {
        return mf__catalog_refuse_source(catalog, "", "must have one of tools, mcp and openapi.");
    }
    return sources[found].read(catalog, cJSON_GetObjectItemCaseSensitive(item, sources[found].name),
                               sources[found].pointer);
}

static int read_namespace(struct mf__catalog *catalog, struct mf__names *taken, const cJSON *item)
{
    struct mf__namespace *space = &catalog->spaces[catalog->spaces_count];
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
    int rc;

    if (!cJSON_IsString(name)) {
        return mf__catalog_refuse_source(catalog, "", "has no name.");
    }
    space->name = mf_slice_of_cstr(name->valuestring);
    if (space->name.size > MF_TOOLS_NAME_BYTES_MAX || !mf__names_is_identifier(space->name)) {
        return mf__catalog_refuse_source(catalog, "/name", "is not a valid JavaScript identifier.");
    }
    rc = mf__names_add(taken, space->name, 0);
    if (rc == 0) {
        return mf__catalog_refuse_source(catalog, "/name", "stands there twice.");
    }
    space->tools_begin = catalog->count;
    rc = rc < 0 ? rc : read_source(catalog, item);
    space->tools_end = catalog->count;
    catalog->spaces_count++;
    return rc;
}

int mf__catalog_init(struct mf__catalog *catalog, const cJSON *namespaces, struct mf_tools_fault *fault)
{
    struct mf__names taken = {0};
    size_t count = (size_t)cJSON_GetArraySize(namespaces);
    int rc = 0;

    *catalog = (struct mf__catalog){.steps = MF_TOOLS_STEPS_MAX, .fault = fault};
    if (!cJSON_IsArray(namespaces) || count == 0 || count > MF_TOOLS_NAMESPACES_MAX) {
        return mf__catalog_refuse(fault, mf_slice_of_cstr("/namespaces"),
                                  "/namespaces must be an array of 1 to %d.", MF_TOOLS_NAMESPACES_MAX);
    }
    catalog->arena = mf_arena_new(MF_TOOLS_ARENA_BYTES_MAX);
    catalog->spaces = mf_arena_try_alloc(catalog->arena, count * sizeof *catalog->spaces);
    if (catalog->spaces == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (const cJSON *item = namespaces->child; rc == 0 && item != NULL; item = item->next) {
        rc = read_namespace(catalog, &taken, item);
    }
    mf__names_done(&taken);
    return rc;
}

void mf__catalog_done(struct mf__catalog *catalog)
{
    mf__names_done(&catalog->types);
    mf_free(catalog->tools);
    mf_arena_free(catalog->arena);
}
