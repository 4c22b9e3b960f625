/* mcp.c - POST /mcp: Mayfly as an MCP server with two tools, execute and search. Each request stands alone: there are no sessions.
 *
 *   intake --a message--> answered at once, or a program is begun --its done frame--> the answer
 *
 * What the tools may reach stands in the URL that a client was given: outbound=NAME, server.NAME=URL for MCP servers that are
 * namespaces of its programs.
 *
 * Source: https://modelcontextprotocol.io/specification/2025-06-18, JSON-RPC 2.0 */
#include <stdio.h>

#include <mayfly/tools.h>

#include "execution.h"
#include "intake.h"
#include "internal.h"
#include "json.h"
#include "observe.h"
#include "outbounds.h"
#include "query.h"

#define RPC_PARSE (-32700)
#define RPC_REQUEST (-32600)
#define RPC_METHOD (-32601)
#define RPC_PARAMS (-32602)

#define SEARCH_COUNT_DEFAULT 20
#define ANSWER_BYTES_MAX ((size_t)MF_RUN_ENVELOPE_BYTES_MAX)

static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

struct mcp {
    struct mf_api *api;
    struct mf__intake intake;
    struct mf_exchange *exchange; /* NULL: the client is gone. */
    struct mf_buf query;
    cJSON *message;
    struct mf_buf why;
    int error; /* Of what was read. */
    struct mf__program program;
    struct mf__call_fault fault;
    struct mf__look look;
    struct mf__execution *execution; /* Under way. */
    struct mf_buf frame;             /* Its last. */
};

static void free_mcp(struct mcp *mcp)
{
    mf__intake_done(&mcp->intake);
    mf__program_done(&mcp->program);
    mf__call_fault_done(&mcp->fault);
    cJSON_Delete(mcp->message);
    mf_buf_done(&mcp->query);
    mf_buf_done(&mcp->why);
    mf_buf_done(&mcp->frame);
    mf_free(mcp);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

/* Sends |message|, which has everything but its id. */
static void answer(struct mcp *mcp, MF_OWN cJSON *message)
{
    const cJSON *id = mf__json_get(mcp->message, "id");
    char *text;

    (void)cJSON_AddStringToObject(message, "jsonrpc", "2.0");
    (void)cJSON_AddItemToObject(message, "id", id == NULL ? cJSON_CreateNull() : cJSON_Duplicate(id, false));
    text = cJSON_PrintUnformatted(message);
    cJSON_Delete(message);
    if (mcp->exchange != NULL && text != NULL) {
        mf__json_reply(mcp->exchange, 200, mf_slice_of_cstr(text));
    } else if (mcp->exchange != NULL) {
        mf__problem_reply_error(mcp->exchange, MF_E_NO_MEMORY);
    }
    cJSON_free(text);
    free_mcp(mcp);
}

static void send_result(struct mcp *mcp, MF_OWN cJSON *result)
{
    cJSON *message = cJSON_CreateObject();

    (void)cJSON_AddItemToObject(message, "result", result);
    answer(mcp, message);
}

static void send_error(struct mcp *mcp, int code, const char *why)
{
    cJSON *message = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(message, "error");

    (void)cJSON_AddNumberToObject(error, "code", code);
    (void)cJSON_AddStringToObject(error, "message", why);
    answer(mcp, message);
}

/* At most |bytes_max|, whole characters. */
static struct mf_slice cut_text(struct mf_slice text, size_t bytes_max)
{
    size_t size = text.size < bytes_max ? text.size : bytes_max;

    while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80) {
        size--;
    }
    return mf_slice_of(text.data, size);
}

/* What a tool says, right or wrong: a text for the model. It is cut where it would fill the model's window. */
static void send_text(struct mcp *mcp, struct mf_slice text, bool is_error, MF_OWN cJSON *structured)
{
    static const char cut[] = "\n--- TRUNCATED ---";
    cJSON *result = cJSON_CreateObject();
    cJSON *part = cJSON_CreateObject();
    struct mf_slice shown = cut_text(text, MF_MCP_TEXT_BYTES_MAX);
    struct mf_buf copy;
    int rc;

    mf_buf_init(&copy, MF_MCP_TEXT_BYTES_MAX + sizeof cut);
    rc = mf_buf_append_slice(&copy, shown);
    rc = rc < 0 || shown.size == text.size ? rc : mf_buf_append(&copy, cut, sizeof cut - 1);
    rc = rc < 0 ? rc : mf_buf_append(&copy, "", 1);
    (void)cJSON_AddStringToObject(part, "type", "text");
    (void)cJSON_AddStringToObject(part, "text", rc < 0 ? "" : (const char *)copy.data);
    (void)cJSON_AddItemToArray(cJSON_AddArrayToObject(result, "content"), part);
    if (shown.size == text.size && structured != NULL) {
        (void)cJSON_AddItemToObject(result, "structuredContent", structured);
    } else {
        cJSON_Delete(structured);
    }
    if (is_error) {
        (void)cJSON_AddTrueToObject(result, "isError");
    }
    mf_buf_done(&copy);
    send_result(mcp, result);
}

/* ---- what a program came to ------------------------------------------------------------------------------------ */

static int append_value(struct mf_buf *out, const cJSON *value)
{
    char *text;
    int rc;

    if (cJSON_IsString(value)) {
        return mf_buf_append_slice(out, mf__json_text(value));
    }
    text = cJSON_PrintUnformatted(value);
    rc = text == NULL ? MF_E_NO_MEMORY : mf_buf_append_cstr(out, text);
    cJSON_free(text);
    return rc;
}

static int append_logs(struct mf_buf *out, const cJSON *logs)
{
    int rc = logs == NULL || logs->child == NULL ? 0 : mf_buf_append_cstr(out, "\n\nLogs:");

    for (const cJSON *log = logs == NULL ? NULL : logs->child; rc == 0 && log != NULL; log = log->next) {
        rc = mf_buf_printf(out, "\n[%s] ", mf__json_get(log, "level")->valuestring);
        rc = rc < 0 ? rc : append_value(out, mf__json_get(log, "message"));
    }
    return rc;
}

static int append_error(struct mf_buf *out, const cJSON *error)
{
    const cJSON *line = mf__json_get(error, "line");
    int rc = mf_buf_append_cstr(out, "Error: ");

    rc = rc < 0 ? rc : append_value(out, mf__json_get(error, "message"));
    if (rc == 0 && line != NULL) {
        rc = mf_buf_printf(out, " (line %d, column %d)", (int)line->valuedouble,
                           (int)mf__json_get(error, "column")->valuedouble);
    }
    return rc;
}

static void send_done(struct mcp *mcp, cJSON *done)
{
    const cJSON *error = mf__json_get(done, "error");
    const cJSON *value = mf__json_get(done, "result");
    cJSON *structured = cJSON_CreateObject();
    struct mf_buf text;
    int rc;

    mf_buf_init(&text, ANSWER_BYTES_MAX);
    rc = error != NULL   ? append_error(&text, error)
         : value != NULL ? append_value(&text, value)
                         : mf_buf_append_cstr(&text, "undefined");
    rc = rc < 0 ? rc : append_logs(&text, mf__json_get(done, "logs"));
    if (value != NULL) {
        (void)cJSON_AddItemToObject(structured, "result",
                                    cJSON_DetachItemFromObjectCaseSensitive(done, "result"));
    }
    (void)cJSON_AddItemToObject(structured, "logs", cJSON_DetachItemFromObjectCaseSensitive(done, "logs"));
    (void)cJSON_AddItemToObject(structured, "outcome",
                                cJSON_DetachItemFromObjectCaseSensitive(done, "outcome"));
    cJSON_Delete(done);
    send_text(mcp, rc < 0 ? mf_slice_of_cstr("The result is too large.") : mf_buf_peek(&text),
              error != NULL || rc < 0, structured);
    mf_buf_done(&text);
}

/* The tools of all servers came as [{"name", "mcp": [...]}]: those that fit the words, as TypeScript. */
static void send_found(struct mcp *mcp, const cJSON *done)
{
    const cJSON *arguments = mf__json_get(mf__json_get(mcp->message, "params"), "arguments");
    const cJSON *words = mf__json_get(arguments, "query");
    const cJSON *limit = mf__json_get(arguments, "limit");
    struct mf_tools_request request = {.namespaces = mf__json_get(done, "result"),
                                       .search = words == NULL ? mf_slice_of(NULL, 0) : mf__json_text(words),
                                       .count_max =
                                           limit == NULL ? SEARCH_COUNT_DEFAULT : (size_t)limit->valuedouble};
    struct mf_tools_fault fault;
    struct mf_buf answer;
    cJSON *found = NULL;
    int rc;

    if (!cJSON_IsArray(request.namespaces)) { /* The listing's result is an executor's word. */
        send_text(mcp, mf_slice_of_cstr(mf_error_message(MF_E_EXECUTOR_PROTOCOL)), true, NULL);
        return;
    }
    if (request.namespaces->child == NULL) {
        send_text(mcp, mf_slice_of_cstr("There are no tools: no MCP server is named in this server's URL."),
                  false, NULL);
        return;
    }
    mf_tools_fault_init(&fault);
    mf_buf_init(&answer, MF_TOOLS_ANSWER_BYTES_MAX);
    rc = mf_tools_write(&request, &answer, &fault);
    if (rc == 0) {
        found = cJSON_ParseWithLength((const char *)answer.data, answer.size);
    }
    if (found != NULL) {
        send_text(mcp, mf__json_text(mf__json_get(found, "types")), false, NULL);
    } else {
        send_text(mcp,
                  rc == MF_E_TOO_LARGE ? mf_slice_of_cstr("Too much was found: ask for less.")
                                       : mf_buf_peek(&fault.why),
                  true, NULL);
    }
    cJSON_Delete(found);
    mf_buf_done(&answer);
    mf_tools_fault_done(&fault);
}

static bool is_search(const struct mcp *mcp)
{
    return strcmp(mf__json_get(mf__json_get(mcp->message, "params"), "name")->valuestring, "search") == 0;
}

/* ---- the execution ------------------------------------------------------------------------------------------------ */

static bool on_frame(void *user, struct mf_slice frame)
{
    struct mcp *mcp = user;

    mf_buf_reset(&mcp->frame);
    mf_ignore(mf_buf_append_slice(&mcp->frame, frame)); /* Without memory it is empty, which is seen below. */
    return true;
}

static void on_end(void *user, int error)
{
    struct mcp *mcp = user;
    cJSON *done = NULL;

    mcp->execution = NULL;
    if (error == 0 && mcp->frame.size > 0) {
        done = cJSON_ParseWithLength((const char *)mcp->frame.data, mcp->frame.size);
    }
    if (done == NULL) {
        send_text(mcp, mf_slice_of_cstr(mf_error_message(error < 0 ? error : MF_E_NO_MEMORY)), true, NULL);
    } else if (is_search(mcp) && mf__json_get(done, "error") == NULL) {
        send_found(mcp, done);
        cJSON_Delete(done);
    } else {
        send_done(mcp, done);
    }
}

static const struct mf__sink sink = {.on_frame = on_frame, .on_end = on_end};

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct mcp *mcp = user;
    struct mf__execution *execution = mcp->execution;

    (void)exchange;
    (void)error;
    mcp->exchange = NULL;
    if (execution != NULL) {
        mcp->execution = NULL;
        free_mcp(mcp);
        mf__execution_detach(execution);
    }
}

static const struct mf_exchange_events events = {.on_abort = on_abort};

static void begin(struct mcp *mcp, int error)
{
    uint64_t bytes_held = mcp->intake.bytes_held;

    if (mcp->exchange == NULL) {
        free_mcp(mcp);
        return;
    }
    if (error < 0) {
        struct mf_slice why = mcp->fault.why.size > 0 ? mf_buf_peek(&mcp->fault.why)
                                                      : mf_slice_of_cstr(mf_error_message(error));
        send_text(mcp, why, true, NULL);
        return;
    }
    mcp->intake.bytes_held = 0; /* The execution gives them back. */
    mcp->program.call.kind = MF_TRACE_MCP;
    struct mf_trace_context trace;
    mf__observe_context(mcp->exchange, &trace);
    mcp->program.call.trace = trace;
    mcp->execution = mf__execution_new(mcp->api, &mcp->program, bytes_held, &sink, mcp);
    mf__caller_note_run(mcp->exchange, mf__execution_id(mcp->execution), &trace);
    mf__execution_begin(mcp->execution);
}

static void looked(struct mf__look *look, int error)
{
    struct mcp *mcp = MF_CONTAINER_OF(look, struct mcp, look);

    begin(mcp, error < 0 ? error : mf__outbounds_resolved(mcp->api, look, &mcp->fault));
}

/* ---- the program of a call ------------------------------------------------------------------------------------------ */

/* outbound=NAME and server.NAME=URL of the query. False: something else stands there. */
static bool add_query(struct mcp *mcp, cJSON *call)
{
    cJSON *servers = cJSON_AddArrayToObject(call, "mcpServers");
    struct mf_buf name;
    struct mf_buf value;
    size_t cursor = 0;
    int rc;

    mf_buf_init(&name, MF_CALL_NAMESPACE_BYTES_MAX + 16);
    mf_buf_init(&value, MF_HTTP_TARGET_BYTES_MAX);
    while ((rc = mf__query_next(mf_buf_peek(&mcp->query), &cursor, &name, &value)) > 0) {
        if (mf_buf_append(&name, "", 1) < 0 || mf_buf_append(&value, "", 1) < 0) {
            rc = MF_E_API_FIELD;
            break;
        }
        const char *key = (const char *)name.data;
        if (strcmp(key, "outbound") == 0) {
            (void)cJSON_AddStringToObject(call, "globalOutbound", (const char *)value.data);
        } else if (strncmp(key, "server.", 7) == 0) {
            cJSON *server = cJSON_CreateObject();
            (void)cJSON_AddStringToObject(server, "name", key + 7);
            (void)cJSON_AddStringToObject(server, "url", (const char *)value.data);
            (void)cJSON_AddItemToArray(servers, server);
        } else {
            rc = MF_E_API_FIELD;
            break;
        }
    }
    mf_buf_done(&name);
    mf_buf_done(&value);
    return rc == 0;
}

/* A program that asks every server for its tools: [{"name": ..., "mcp": [...]}]. */
static int write_listing(const cJSON *servers, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, "async () => Promise.all([");

    for (const cJSON *server = servers->child; rc == 0 && server != NULL; server = server->next) {
        const char *name = mf__json_get(server, "name")->valuestring;
        rc = mf_buf_printf(out, "(async () => ({ name: '%s', mcp: await %s['rpc:tools/list']() }))(),", name,
                           name);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "])");
}

/* |call| is a body of POST /v1/executions. */
static int read_call(struct mcp *mcp, cJSON *call)
{
    char *text = cJSON_PrintUnformatted(call);
    int rc = text == NULL ? MF_E_NO_MEMORY
                          : mf__program_read(&mcp->program, mcp->api->config, mf_slice_of_cstr(text), false,
                                             &mcp->fault);

    cJSON_free(text);
    return rc;
}

static int add_code(cJSON *call, const cJSON *arguments, bool is_listing)
{
    const cJSON *code = mf__json_get(arguments, "code");
    struct mf_buf listing;
    int rc = 0;

    if (!is_listing) {
        (void)cJSON_AddStringToObject(call, "code", code->valuestring);
        return 0;
    }
    /* Names of servers are put into a text here: only identifiers, which mf__program_read checks, may be in it. */
    mf_buf_init(&listing, MF_HTTP_BODY_BYTES_MAX);
    rc = write_listing(mf__json_get(call, "mcpServers"), &listing);
    rc = rc < 0 ? rc : mf_buf_append(&listing, "", 1);
    if (rc == 0) {
        (void)cJSON_AddStringToObject(call, "code", (const char *)listing.data);
        (void)cJSON_AddStringToObject(call, "language", "javascript");
    }
    mf_buf_done(&listing);
    return rc;
}

static const char *check_arguments(const cJSON *arguments, bool search)
{
    const cJSON *query = mf__json_get(arguments, "query");
    const cJSON *limit = mf__json_get(arguments, "limit");

    if (!search) {
        return cJSON_IsString(mf__json_get(arguments, "code")) ? NULL : "execute needs code, a string.";
    }
    if (query != NULL && !cJSON_IsString(query)) {
        return "query must be a string.";
    }
    if (limit != NULL && (!cJSON_IsNumber(limit) || limit->valuedouble < 1 || limit->valuedouble > 1000)) {
        return "limit must be a number from 1 to 1000.";
    }
    return NULL;
}

static void call_tool(struct mcp *mcp)
{
    const cJSON *params = mf__json_get(mcp->message, "params");
    const cJSON *name = cJSON_IsObject(params) ? mf__json_get(params, "name") : NULL;
    const cJSON *arguments = cJSON_IsObject(params) ? mf__json_get(params, "arguments") : NULL;
    bool search = cJSON_IsString(name) && strcmp(name->valuestring, "search") == 0;
    const char *wrong;
    cJSON *call;
    int rc;

    if (!search && !(cJSON_IsString(name) && strcmp(name->valuestring, "execute") == 0)) {
        send_error(mcp, RPC_PARAMS, "There is no such tool.");
        return;
    }
    wrong = check_arguments(arguments, search);
    if (wrong != NULL) {
        send_error(mcp, RPC_PARAMS, wrong);
        return;
    }
    call = cJSON_CreateObject();
    if (!add_query(mcp, call)) {
        cJSON_Delete(call);
        send_error(mcp, RPC_PARAMS, "The parameters of this server's URL are outbound and server.NAME.");
        return;
    }
    rc = add_code(call, arguments, search);
    rc = rc < 0 ? rc : read_call(mcp, call);
    cJSON_Delete(call);
    if (rc == 0) {
        rc = mf__outbounds_resolve(mcp->api, &mcp->program.call, &mcp->fault, &mcp->look, looked);
    }
    if (rc != MF_E_AGAIN) {
        begin(mcp, rc);
    }
}

/* ---- the protocol ----------------------------------------------------------------------------------------------------- */

static bool is_version(const char *text)
{
    for (size_t i = 0; i < MF_COUNT_OF(versions); i++) {
        if (strcmp(text, versions[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void initialize(struct mcp *mcp)
{
    const cJSON *params = mf__json_get(mcp->message, "params");
    const cJSON *asked = cJSON_IsObject(params) ? mf__json_get(params, "protocolVersion") : NULL;
    bool is_known = cJSON_IsString(asked) && is_version(asked->valuestring);
    cJSON *result = cJSON_CreateObject();
    cJSON *info;

    (void)cJSON_AddStringToObject(result, "protocolVersion", is_known ? asked->valuestring : versions[0]);
    (void)cJSON_AddObjectToObject(cJSON_AddObjectToObject(result, "capabilities"), "tools");
    info = cJSON_AddObjectToObject(result, "serverInfo");
    (void)cJSON_AddStringToObject(info, "name", "mayfly");
    (void)cJSON_AddStringToObject(info, "version", MF_VERSION);
    (void)cJSON_AddStringToObject(
        result, "instructions",
        "Write one program that does the whole job and give it to execute. Use search to learn "
        "which tools a program may call.");
    send_result(mcp, result);
}

static const char tools[] =
    "{\"tools\":[{\"name\":\"execute\",\"title\":\"Run a program\",\"description\":\"Runs JavaScript or "
    "TypeScript in a fresh sandbox and "
    "gives back what it returns and logs. Write an async arrow function with no arguments. Tools that search "
    "finds are called on "
    "their namespaces: await docs.find({ name: 'a' }). Standard Web APIs are there; what fetch() reaches is "
    "up to the "
    "operator.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"code\":{\"type\":\"string\","
    "\"description\":\"async () => { ... "
    "}\"}},\"required\":[\"code\"]},\"annotations\":{\"openWorldHint\":true}},{\"name\":\"search\",\"title\":"
    "\"Find "
    "tools\",\"description\":\"Finds tools that a program may call, as TypeScript "
    "declarations.\",\"inputSchema\":{\"type\":\"object\","
    "\"properties\":{\"query\":{\"type\":\"string\",\"description\":\"Words; without any all "
    "tools.\"},\"limit\":{\"type\":\"integer\","
    "\"minimum\":1,\"maximum\":1000,\"default\":20}}},\"annotations\":{\"readOnlyHint\":true}}]}";

static void dispatch(struct mcp *mcp)
{
    const cJSON *method = mf__json_get(mcp->message, "method");
    const char *name = method->valuestring;

    if (strcmp(name, "initialize") == 0) {
        initialize(mcp);
    } else if (strcmp(name, "ping") == 0) {
        send_result(mcp, cJSON_CreateObject());
    } else if (strcmp(name, "tools/list") == 0) {
        send_result(mcp, cJSON_Parse(tools));
    } else if (strcmp(name, "tools/call") == 0) {
        call_tool(mcp);
    } else {
        send_error(mcp, RPC_METHOD, "There is no such method.");
    }
}

/* [any] */
static void parse(struct mf__intake *intake)
{
    struct mcp *mcp = MF_CONTAINER_OF(intake, struct mcp, intake);

    mcp->error = mf__json_parse(mf_buf_peek(&intake->body), &mcp->message, &mcp->why);
    mf_buf_done(&intake->body);
}

static bool is_message(const cJSON *message)
{
    const cJSON *version = cJSON_IsObject(message) ? mf__json_get(message, "jsonrpc") : NULL;
    const cJSON *id = version == NULL ? NULL : mf__json_get(message, "id");

    return cJSON_IsString(version) && strcmp(version->valuestring, "2.0") == 0 &&
           (id == NULL || cJSON_IsString(id) || cJSON_IsNumber(id));
}

static void parsed(struct mf__intake *intake, int error)
{
    struct mcp *mcp = MF_CONTAINER_OF(intake, struct mcp, intake);

    mcp->exchange = intake->exchange;
    if (mcp->exchange == NULL) {
        free_mcp(mcp);
        return;
    }
    if (error < 0) {
        mf__problem_reply_error(mcp->exchange, error);
        free_mcp(mcp);
        return;
    }
    mf_exchange_listen(mcp->exchange, &events, mcp);
    if (mcp->error < 0) {
        send_error(mcp, RPC_PARSE, "The body is not JSON.");
    } else if (!is_message(mcp->message)) {
        send_error(mcp, RPC_REQUEST, "The body is not one message of JSON-RPC 2.0.");
    } else if (mf__json_get(mcp->message, "id") == NULL ||
               !cJSON_IsString(mf__json_get(mcp->message, "method"))) {
        /* A notification, or an answer to something that was never asked. */
        mf_exchange_reply(mcp->exchange, 202, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0));
        free_mcp(mcp);
    } else {
        dispatch(mcp);
    }
}

void mf__mcp_post(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mf_slice version = mf_request_header(request, "mcp-protocol-version");
    struct mf__problem problem = {.error = 0};
    struct mcp *mcp;
    char text[16];
    int rc;

    (void)snprintf(text, sizeof text, "%.*s", (int)(version.size < 15 ? version.size : 15),
                   (const char *)version.data);
    if (api->is_draining) {
        problem.error = MF_E_DRAINING;
    } else if (!mf_slice_equal_nocase(mf__intake_type(request), "application/json")) {
        problem.error = MF_E_API_TYPE;
    } else if (version.data != NULL && !is_version(text)) {
        problem.error = MF_E_API_FIELD;
        problem.detail = mf_slice_of_cstr("This MCP-Protocol-Version is not spoken here.");
    }
    if (problem.error < 0) {
        mf__problem_reply(exchange, &problem);
        return;
    }
    mcp = mf_new(sizeof *mcp);
    mcp->api = api;
    mf__program_init(&mcp->program, api->config);
    mf__caller_sign(mf__caller(exchange), &mcp->program.call);
    mf__call_fault_init(&mcp->fault);
    mf_buf_init(&mcp->why, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&mcp->frame, SIZE_MAX / 4);
    mf_buf_init(&mcp->query, request->query.size);
    rc = mf_buf_append_slice(&mcp->query, request->query);
    MF_ASSERT(rc == 0);
    mf__intake_begin(&mcp->intake, api, exchange, api->config->body_bytes_max, parse, parsed);
}
