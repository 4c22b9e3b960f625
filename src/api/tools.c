/* tools.c - POST /v1/tools/types: tools in, TypeScript declarations for a prompt out. A large body is read and turned into
 * text on a worker thread.
 *
 *   intake.h --body is whole--> write --> the answer */
#include "intake.h"
#include "json.h"

#include <stdio.h>

#include <mayfly/tools.h>

struct types {
    struct mf__intake intake;
    int error;
    struct mf_tools_fault fault;
    struct mf_buf answer;
};

static void free_types(struct types *types)
{
    mf__intake_done(&types->intake);
    mf_buf_done(&types->answer);
    mf_tools_fault_done(&types->fault);
    mf_free(types);
}

static void finish(struct mf__intake *intake, int error)
{
    struct types *types = MF_CONTAINER_OF(intake, struct types, intake);
    struct mf_exchange *exchange = intake->exchange;

    error = error < 0 ? error : types->error;
    if (exchange != NULL && error == 0) {
        mf__json_reply(exchange, 200, mf_buf_peek(&types->answer));
    } else if (exchange != NULL) {
        struct mf__problem problem = {.error = error,
                                      .detail = mf_buf_peek(&types->fault.why),
                                      .param = mf_buf_peek(&types->fault.param)};
        if (error == MF_E_TOO_LARGE) {
            problem.detail =
                mf_slice_of_cstr("The declarations are too long for one answer: search, name the tools in "
                                 "only, set limit, or ask for detail index.");
        } else if (error == MF_E_OVERLOADED) {
            problem.retry_after_s = 1;
        }
        mf__problem_reply(exchange, &problem);
    }
    free_types(types);
}

/* ---- the call ------------------------------------------------------------------------------------ */

/* Values cost far more memory than their text: they are counted before any of it is spent. */
static bool has_few_nodes(struct mf_slice text)
{
    size_t count = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else {
            in_string = c == '"';
            count += c == ',' || c == '{' || c == '[';
        }
    }
    return count <= MF_TOOLS_NODES_MAX;
}

static int read_detail(const cJSON *detail, struct mf_tools_request *request, struct mf_tools_fault *fault)
{
    if (detail == NULL || strcmp(detail->valuestring, "types") == 0) {
        return 0;
    }
    request->is_index = true;
    return strcmp(detail->valuestring, "index") == 0
               ? 0
               : mf__json_refuse(&fault->param, &fault->why, "/detail",
                                 "/detail must be \"types\" or \"index\".");
}

static int read_namespaces(const cJSON *namespaces, struct mf_tools_fault *fault)
{
    static const struct mf_json_field fields[] = {
        {"name", "s", true}, {"tools", "o", false}, {"mcp", "oa", false}, {"openapi", "o", false}};
    char pointer[32];
    size_t index = 0;
    int rc = 0;

    for (const cJSON *item = namespaces->child; rc == 0 && item != NULL; item = item->next) {
        (void)snprintf(pointer, sizeof pointer, "/namespaces/%zu", index++);
        rc = mf__json_check(item, pointer, fields, MF_COUNT_OF(fields), &fault->param, &fault->why);
    }
    return rc;
}

static int read_request(const cJSON *root, struct mf_tools_request *ret_request, struct mf_tools_fault *fault)
{
    static const struct mf_json_field fields[] = {{"namespaces", "a", true},
                                                  {"search", "s", false},
                                                  {"only", "a", false},
                                                  {"limit", "n", false},
                                                  {"detail", "s", false}};
    const cJSON *search;
    const cJSON *limit;
    int rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), &fault->param, &fault->why);

    if (rc < 0) {
        return rc;
    }
    search = mf__json_get(root, "search");
    limit = mf__json_get(root, "limit");
    ret_request->namespaces = mf__json_get(root, "namespaces");
    ret_request->pick = mf__json_get(root, "only");
    ret_request->search = search == NULL ? mf_slice_of(NULL, 0) : mf__json_text(search);
    ret_request->count_max = ret_request->search.size > 0 ? MF_TOOLS_FOUND_DEFAULT : MF_TOOLS_COUNT_MAX;
    if (ret_request->search.size > MF_TOOLS_SEARCH_BYTES_MAX) {
        return mf__json_refuse(&fault->param, &fault->why, "/search", "/search is longer than %d bytes.",
                               MF_TOOLS_SEARCH_BYTES_MAX);
    }
    if (limit != NULL) {
        if (limit->valuedouble < 1 || limit->valuedouble > MF_TOOLS_COUNT_MAX) {
            return mf__json_refuse(&fault->param, &fault->why, "/limit", "/limit must be 1 to %d.",
                                   MF_TOOLS_COUNT_MAX);
        }
        ret_request->count_max = (size_t)limit->valuedouble;
    }
    rc = read_detail(mf__json_get(root, "detail"), ret_request, fault);
    return rc < 0 ? rc : read_namespaces(ret_request->namespaces, fault);
}

/* [any] */
static void write_types(struct mf__intake *intake)
{
    struct types *types = MF_CONTAINER_OF(intake, struct types, intake);
    struct mf_tools_request request = {0};
    struct mf_slice body = mf_buf_peek(&intake->body);
    cJSON *root = NULL;
    int rc = 0;

    if (!has_few_nodes(body)) {
        mf_ignore(mf_buf_printf(&types->fault.why, "The body has more than %d values.", MF_TOOLS_NODES_MAX));
        rc = MF_E_API_JSON;
    }
    rc = rc < 0 ? rc : mf__json_parse(body, &root, &types->fault.why);
    rc = rc < 0 ? rc : read_request(root, &request, &types->fault);
    types->error = rc < 0 ? rc : mf_tools_write(&request, &types->answer, &types->fault);
    cJSON_Delete(root);
}

void mf__tools_types_post(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__problem problem = {.error = MF_E_API_TYPE,
                                  .detail = mf_slice_of_cstr("Send it as application/json.")};
    struct types *types;

    if (!mf_slice_equal_nocase(mf__intake_type(mf_exchange_request(exchange)), "application/json")) {
        mf__problem_reply(exchange, &problem);
        return;
    }
    types = mf_new(sizeof *types);
    mf_buf_init(&types->answer, MF_TOOLS_ANSWER_BYTES_MAX);
    mf_tools_fault_init(&types->fault);
    mf__intake_begin(&types->intake, api, exchange, MF_TOOLS_BODY_BYTES_MAX, write_types, finish);
}
