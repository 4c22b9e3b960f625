/* tools.c - the door: which tools are meant, their declarations, and the answer around them. */
#include <mayfly/tools.h>

#include <stdio.h>
#include <stdlib.h>

#include "catalog.h"
#include "schema.h"

void mf_tools_fault_init(struct mf_tools_fault *fault)
{
    mf_buf_init(&fault->param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&fault->why, MF_API_FAULT_BYTES_MAX);
}

void mf_tools_fault_done(struct mf_tools_fault *fault)
{
    mf_buf_done(&fault->param);
    mf_buf_done(&fault->why);
}

/* ---- which ------------------------------------------------------------------------------------------ */

/* The tools of the answer, best first; |is_chosen| by their index. */
struct choice {
    struct mf__catalog *catalog;
    size_t *order;
    size_t count;
    size_t total; /* All that fit. */
    bool *is_chosen;
};

static int pick_one(struct choice *choice, const cJSON *pick, size_t index, const struct mf__names *paths)
{
    struct mf__catalog *catalog = choice->catalog;
    struct mf_slice path = cJSON_IsString(pick) ? mf_slice_of_cstr(pick->valuestring) : mf_slice_of("", 0);
    size_t *found = mf__names_value(paths, path);
    bool is_any = found != NULL;
    char pointer[32];

    if (found != NULL) {
        choice->is_chosen[*found] = true;
    }
    for (size_t i = 0; !is_any && i < catalog->spaces_count; i++) {
        const struct mf__namespace *space = &catalog->spaces[i];
        if (mf_slice_equal(space->name, path)) {
            is_any = true;
            for (size_t k = space->tools_begin; k < space->tools_end; k++) {
                choice->is_chosen[k] = true;
            }
        }
    }
    if (is_any) {
        return 0;
    }
    (void)snprintf(pointer, sizeof pointer, "/only/%zu", index);
    return mf__catalog_refuse(catalog->fault, mf_slice_of_cstr(pointer),
                              "\"%.200s\" is no namespace and no tool of one.",
                              path.size > 0 ? (const char *)path.data : "");
}

/* "namespace.tool" of every tool, with its index. */
static int add_paths(struct mf__catalog *catalog, struct mf__names *paths)
{
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < catalog->count; i++) {
        const struct mf__tool *tool = &catalog->tools[i];
        struct mf_slice space = catalog->spaces[tool->ns].name;
        struct mf_slice path;
        rc = mf_arena_printf(catalog->arena, &path, "%.*s.%.*s", (int)space.size, (const char *)space.data,
                             (int)tool->safe.size, (const char *)tool->safe.data);
        rc = rc < 0 ? rc : mf__names_add(paths, path, i);
    }
    return rc < 0 ? rc : 0;
}

static int pick(struct choice *choice, const cJSON *picks)
{
    struct mf__names paths = {0};
    size_t index = 0;
    int rc;

    if (picks == NULL) {
        for (size_t i = 0; i < choice->catalog->count; i++) {
            choice->is_chosen[i] = true;
        }
        return 0;
    }
    rc = add_paths(choice->catalog, &paths);
    for (const cJSON *item = picks->child; rc == 0 && item != NULL; item = item->next) {
        rc = pick_one(choice, item, index++, &paths);
    }
    mf__names_done(&paths);
    return rc;
}

static int search(struct choice *choice, struct mf_slice query)
{
    struct mf__catalog *catalog = choice->catalog;
    struct mf__search words;
    int rc = mf__search_init(&words, query);

    for (size_t i = 0; rc == 0 && i < catalog->count; i++) {
        if (choice->is_chosen[i]) {
            rc = mf__search_score(&words, catalog, &catalog->tools[i], &catalog->tools[i].score);
            choice->is_chosen[i] = catalog->tools[i].score > 0;
        }
    }
    mf__search_done(&words);
    return rc;
}

static int compare_scores(const void *a, const void *b, void *user)
{
    const struct mf__catalog *catalog = user;
    size_t left = *(const size_t *)a;
    size_t right = *(const size_t *)b;
    int order = catalog->tools[right].score - catalog->tools[left].score;

    return order != 0 ? order : left < right ? -1 : left > right;
}

static int choose(struct choice *choice, const struct mf_tools_request *request)
{
    struct mf__catalog *catalog = choice->catalog;
    int rc;

    choice->order = mf_arena_try_alloc(catalog->arena, (catalog->count + 1) * sizeof *choice->order);
    choice->is_chosen = mf_arena_try_alloc(catalog->arena, catalog->count + 1);
    if (choice->order == NULL || choice->is_chosen == NULL) {
        return MF_E_NO_MEMORY;
    }
    rc = pick(choice, request->pick);
    if (rc == 0 && request->search.size > 0) {
        rc = search(choice, request->search);
    }
    for (size_t i = 0; rc == 0 && i < catalog->count; i++) {
        if (choice->is_chosen[i]) {
            choice->order[choice->total++] = i;
        }
    }
    qsort_r(choice->order, choice->total, sizeof *choice->order, compare_scores, catalog);
    choice->count = choice->total < request->count_max ? choice->total : request->count_max;
    for (size_t i = choice->count; i < choice->total; i++) {
        choice->is_chosen[choice->order[i]] = false;
    }
    return rc;
}

/* ---- declarations ------------------------------------------------------------------------------------- */

static int
write_type(struct mf__catalog *catalog, const struct mf__tool *tool, bool is_input, struct mf_buf *out)
{
    struct mf__schema schema;
    const cJSON *node = is_input ? tool->input : tool->output;
    int rc = mf_buf_append_cstr(out, "type ");

    rc = rc < 0 ? rc : mf_buf_append_slice(out, tool->type);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, is_input ? "Input = " : "Output = ");
    if (rc == 0 && tool->operation != NULL) {
        rc = is_input ? mf__openapi_write_input(tool, out, &catalog->steps)
                      : mf__openapi_write_output(tool, out, &catalog->steps);
    } else if (rc == 0) {
        mf__schema_begin(&schema, out, node, &catalog->steps);
        rc = mf__schema_write(&schema, node, 0);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\n");
}

/* "@param" lines from the schema's own properties. */
static int write_params(struct mf__catalog *catalog, const struct mf__tool *tool, struct mf_buf *out)
{
    const cJSON *properties = mf__schema_get(tool->input, "properties", &catalog->steps);
    size_t begin = out->size;
    int rc = 0;

    if (tool->operation != NULL) {
        return mf__openapi_write_params(tool, out, &catalog->steps);
    }
    for (const cJSON *item = cJSON_IsObject(properties) ? properties->child : NULL;
         rc == 0 && item != NULL && out->size - begin <= MF_TOOLS_TYPE_BYTES_MAX; item = item->next) {
        const cJSON *text = mf__schema_get(item, "description", &catalog->steps);
        if (!cJSON_IsString(text) || *text->valuestring == '\0') {
            continue;
        }
        rc = mf_buf_append_cstr(out, "\t * @param input.");
        rc = rc < 0 ? rc : mf__names_append_comment(out, mf_slice_of_cstr(item->string));
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, " - ");
        rc = rc < 0 ? rc : mf__names_append_comment(out, mf_slice_of_cstr(text->valuestring));
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, "\n");
    }
    return rc;
}

static int write_tool(struct mf__catalog *catalog, const struct mf__tool *tool, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, "\n\t/**\n\t * ");

    rc = rc < 0 ? rc : mf__names_append_comment(out, tool->summary.size > 0 ? tool->summary : tool->name);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "\n");
    rc = rc < 0 ? rc : write_params(catalog, tool, out);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "\t */\n\t");
    rc = rc < 0 ? rc : mf_buf_append_slice(out, tool->safe);
    return rc < 0 ? rc
                  : mf_buf_printf(out, ": (input: %.*sInput) => Promise<%.*sOutput>;\n", (int)tool->type.size,
                                  (const char *)tool->type.data, (int)tool->type.size,
                                  (const char *)tool->type.data);
}

static int write_namespace(const struct choice *choice, const struct mf__namespace *space, struct mf_buf *out)
{
    struct mf__catalog *catalog = choice->catalog;
    int rc = out->size == 0 ? 0 : mf_buf_append_cstr(out, "\n\n");

    for (size_t i = space->tools_begin; rc == 0 && i < space->tools_end; i++) {
        if (choice->is_chosen[i]) {
            rc = write_type(catalog, &catalog->tools[i], true, out);
            rc = rc < 0 ? rc : write_type(catalog, &catalog->tools[i], false, out);
        }
    }
    rc = rc < 0 ? rc
                : mf_buf_printf(out, "\ndeclare const %.*s: {", (int)space->name.size,
                                (const char *)space->name.data);
    for (size_t i = space->tools_begin; rc == 0 && i < space->tools_end; i++) {
        if (choice->is_chosen[i]) {
            rc = write_tool(catalog, &catalog->tools[i], out);
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* The first line of |text|, cut to what a list shows. */
static struct mf_slice line_of(struct mf_slice text)
{
    const uint8_t *end = memchr(text.data, '\n', text.size);
    size_t size = end != NULL ? (size_t)(end - text.data) : text.size;

    if (size > MF_TOOLS_LINE_BYTES_MAX) {
        for (size = MF_TOOLS_LINE_BYTES_MAX; size > 0 && (text.data[size] & 0xc0) == 0x80;) {
            size--;
        }
    }
    return mf__names_trim(mf_slice_of(text.data, size));
}

/* A comment of one line: it may stand beside declarations. */
static int write_line(const struct mf__catalog *catalog, const struct mf__tool *tool, struct mf_buf *out)
{
    struct mf_slice space = catalog->spaces[tool->ns].name;
    struct mf_slice line = line_of(tool->summary);
    int rc = mf_buf_printf(out, "// %.*s.%.*s", (int)space.size, (const char *)space.data,
                           (int)tool->safe.size, (const char *)tool->safe.data);

    if (rc == 0 && line.size > 0) {
        rc = mf_buf_append_cstr(out, ": ");
        rc = rc < 0 ? rc : mf__names_append_comment(out, line);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\n");
}

static bool has_chosen(const struct choice *choice, const struct mf__namespace *space, bool is_searched)
{
    bool is_any = !is_searched && space->tools_begin == space->tools_end;

    for (size_t i = space->tools_begin; !is_any && i < space->tools_end; i++) {
        is_any = choice->is_chosen[i];
    }
    return is_any;
}

static int
write_types(const struct choice *choice, const struct mf_tools_request *request, struct mf_buf *out)
{
    struct mf__catalog *catalog = choice->catalog;
    bool is_searched = request->search.size > 0 || request->pick != NULL;
    int rc = 0;

    if (request->is_index) {
        for (size_t i = 0; rc == 0 && i < choice->count; i++) {
            rc = write_line(catalog, &catalog->tools[choice->order[i]], out);
        }
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < catalog->spaces_count; i++) {
        if (has_chosen(choice, &catalog->spaces[i], is_searched)) {
            rc = write_namespace(choice, &catalog->spaces[i], out);
        }
    }
    /* An empty namespace has no types before it. */
    if (rc == 0 && out->size > 0 && out->data[0] == '\n') {
        mf_buf_consume(out, 1);
    }
    return rc;
}

/* ---- the answer ------------------------------------------------------------------------------------------ */

static int append_member(struct mf_buf *out, const char *before, struct mf_slice text)
{
    int rc = mf_buf_append_cstr(out, before);

    return rc < 0 ? rc : mf_buf_append_json_string(out, text);
}

static int
append_tool(struct mf_buf *out, const struct mf__catalog *catalog, const struct mf__tool *tool, bool is_first)
{
    int rc =
        append_member(out, is_first ? "{\"namespace\":" : ",{\"namespace\":", catalog->spaces[tool->ns].name);

    rc = rc < 0 ? rc : append_member(out, ",\"name\":", tool->safe);
    if (rc == 0 && tool->operation != NULL) {
        rc = append_member(out, ",\"method\":", mf_slice_of_cstr(tool->method));
        rc = rc < 0 ? rc : append_member(out, ",\"path\":", mf_slice_of_cstr(tool->path));
    } else if (rc == 0) {
        rc = append_member(out, ",\"tool\":", tool->name);
    }
    rc = rc < 0 ? rc : append_member(out, ",\"description\":", line_of(tool->summary));
    if (rc == 0 && tool->score > 0) {
        rc = mf_buf_printf(out, ",\"score\":%d", tool->score);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int write_answer(const struct choice *choice, struct mf_slice types, struct mf_buf *out)
{
    struct mf__catalog *catalog = choice->catalog;
    int rc = append_member(out, "{\"types\":", types);

    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"tools\":[");
    for (size_t i = 0; rc == 0 && i < choice->count; i++) {
        rc = append_tool(out, catalog, &catalog->tools[choice->order[i]], i == 0);
    }
    return rc < 0 ? rc
                  : mf_buf_printf(out, "],\"total\":%zu,\"truncated\":%s}\n", choice->total,
                                  choice->total > choice->count ? "true" : "false");
}

int mf_tools_write(const struct mf_tools_request *request,
                   struct mf_buf *out,
                   struct mf_tools_fault *ret_fault)
{
    struct mf__catalog catalog;
    struct choice choice = {.catalog = &catalog};
    struct mf_buf types;
    int rc;

    mf_buf_init(&types, MF_TOOLS_TYPES_BYTES_MAX);
    rc = mf__catalog_init(&catalog, request->namespaces, ret_fault);
    rc = rc < 0 ? rc : choose(&choice, request);
    rc = rc < 0 ? rc : write_types(&choice, request, &types);
    rc = rc < 0 ? rc : write_answer(&choice, mf_buf_peek(&types), out);
    mf__catalog_done(&catalog);
    mf_buf_done(&types);
    return rc;
}
