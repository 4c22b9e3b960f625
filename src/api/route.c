/* route.c - which function answers which resource. One table; the checks that come before every one of them.
 * tests/integration/tenants-routes.test.mjs has a row for each of its rows. */
#include <stdio.h>

#include "idempotency.h"
#include "internal.h"
#include "problem_sets.h"

/* Beside a scope: the field of the config that makes it 0. */
#define OPEN_METRICS (1u << 30)
#define OPEN_PAGE (1u << 31)

struct route {
    const char *
        path; /* A segment in braces stands for any that is not empty; "{rest...}" for all that follow, if any. */
    const char *method; /* "*": any. */
    void (*handle)(struct mf_api *api, struct mf_exchange *exchange);
    uint32_t
        scope; /* One of these is wanted (tenant.h); 0: anybody may. Where nobody is asked for a token: all have all. */
    uint64_t problems; /* Which it may answer with: problem_sets.h. */
};

#define P(set) MF__SET(set)

static const struct route routes[] = {
    {"/v1/run", "POST", mf__run_post, MF_SCOPE_RUN,
     P(ANY) | P(JSON) | P(CODE) | P(RUN) | P(ENDED) | P(KEY) | P(WORKSPACE)},
    {"/v1/tools/types", "POST", mf__tools_types_post, MF_SCOPE_RUN, P(ANY) | P(JSON) | P(KEY)},
    {"/v1/secrets", "GET", mf__secrets_get, MF_SCOPE_SECRETS_READ, P(ANY)},
    {"/v1/secrets/{name}", "GET", mf__secret_get, MF_SCOPE_SECRETS_READ, P(ANY) | P(SECRET)},
    {"/v1/secrets/{name}", "PUT", mf__secret_put, MF_SCOPE_SECRETS, P(ANY) | P(JSON) | P(NAME) | P(WRITE)},
    {"/v1/secrets/{name}", "DELETE", mf__secret_delete, MF_SCOPE_SECRETS,
     P(ANY) | P(SECRET) | P(SECRET_IN_USE) | P(WRITE)},
    {"/v1/outbounds", "GET", mf__outbounds_get, MF_SCOPE_OUTBOUNDS_READ, P(ANY)},
    {"/v1/outbounds/{name}", "GET", mf__outbound_get, MF_SCOPE_OUTBOUNDS_READ, P(ANY) | P(OUTBOUND)},
    {"/v1/outbounds/{name}", "PUT", mf__outbound_put, MF_SCOPE_OUTBOUNDS,
     P(ANY) | P(JSON) | P(NAME) | P(POLICY) | P(WRITE)},
    {"/v1/outbounds/{name}", "DELETE", mf__outbound_delete, MF_SCOPE_OUTBOUNDS,
     P(ANY) | P(OUTBOUND) | P(OUTBOUND_IN_USE) | P(WRITE)},
    {"/v1/outbounds/{name}/explain", "POST", mf__outbound_explain, MF_SCOPE_OUTBOUNDS_READ,
     P(ANY) | P(JSON) | P(OUTBOUND) | P(KEY)},
    {"/v1/workers", "GET", mf__workers_list, MF_SCOPE_WORKERS_READ, P(ANY) | P(QUERY) | P(STORE)},
    {"/v1/workers/{name}", "GET", mf__worker_get, MF_SCOPE_WORKERS_READ, P(ANY) | P(WORKER) | P(STORE)},
    {"/v1/workers/{name}", "PUT", mf__worker_put, MF_SCOPE_WORKERS,
     P(ANY) | P(JSON) | P(NAME) | P(CODE) | P(IF) | P(WRITE) | P(WORKER_QUOTA)},
    {"/v1/workers/{name}", "DELETE", mf__worker_delete, MF_SCOPE_WORKERS,
     P(ANY) | P(WORKER) | P(IF) | P(WORKER_IN_USE) | P(WRITE)},
    {"/v1/workers/{name}/versions", "GET", mf__worker_versions, MF_SCOPE_WORKERS_READ,
     P(ANY) | P(WORKER) | P(QUERY) | P(STORE)},
    {"/v1/workers/{name}/versions/{version}", "GET", mf__worker_version, MF_SCOPE_WORKERS_READ,
     P(ANY) | P(WORKER) | P(VERSION) | P(STORE)},
    {"/v1/workers/{name}/rollback", "POST", mf__worker_rollback, MF_SCOPE_WORKERS,
     P(ANY) | P(JSON) | P(WORKER) | P(VERSION) | P(IF) | P(KEY) | P(WRITE) | P(WORKER_QUOTA)},
    {"/v1/workers/{name}/run", "POST", mf__worker_run, MF_SCOPE_RUN,
     P(ANY) | P(JSON) | P(WORKER) | P(RUN) | P(ENDED) | P(KEY) | P(WORKSPACE)},
    {"/v1/workers/{name}/fetch/{rest...}", "*", mf__worker_fetch, MF_SCOPE_RUN,
     P(ANY) | P(NAME) | P(WORKER) | P(RUN) | P(ENDED) | P(KEY) | P(WORKSPACE)},
    {"/v1/ws", "GET", mf__socket_get, MF_SCOPE_RUN, P(ANY) | P(SOCKET)},
    {"/v1/executions", "POST", mf__executions_post, MF_SCOPE_RUN,
     P(ANY) | P(JSON) | P(CODE) | P(RUN) | P(ENDED) | P(KEY) | P(WORKSPACE) | P(NEW)},
    {"/v1/executions/{id}", "GET", mf__execution_get, MF_SCOPE_RUN, P(ANY) | P(EXECUTION) | P(QUERY)},
    {"/v1/executions/{id}", "DELETE", mf__execution_delete, MF_SCOPE_RUN, P(ANY) | P(EXECUTION)},
    {"/v1/executions/{id}/calls/{call}", "POST", mf__execution_call_post, MF_SCOPE_RUN,
     P(ANY) | P(CALL) | P(JSON) | P(KEY)},
    {"/mcp", "POST", mf__mcp_post, MF_SCOPE_RUN, P(ANY) | P(JSON) | P(RUN) | P(KEY)},
    {"/v1/tenants", "GET", mf__tenants_list, MF_SCOPE_ADMIN, P(ANY) | P(QUERY) | P(STORE)},
    {"/v1/tenants/{name}", "GET", mf__tenant_get, MF_SCOPE_ADMIN, P(ANY) | P(TENANT) | P(STORE)},
    {"/v1/tenants/{name}", "PUT", mf__tenant_put, MF_SCOPE_ADMIN, P(ANY) | P(JSON) | P(NAME) | P(WRITE)},
    {"/v1/tenants/{name}", "DELETE", mf__tenant_delete, MF_SCOPE_ADMIN,
     P(ANY) | P(TENANT) | P(TENANT_IN_USE) | P(WRITE)},
    {"/v1/tokens", "GET", mf__tokens_list, MF_SCOPE_TOKENS, P(ANY) | P(QUERY) | P(STORE)},
    {"/v1/tokens", "POST", mf__tokens_post, MF_SCOPE_TOKENS,
     P(ANY) | P(JSON) | P(NAME) | P(TENANT) | P(KEY) | P(WRITE)},
    {"/v1/tokens/self", "GET", mf__tokens_self, MF_SCOPE_ALL, P(ANY) | P(TOKEN) | P(STORE)},
    {"/v1/tokens/{id}", "GET", mf__tokens_get, MF_SCOPE_TOKENS, P(ANY) | P(TOKEN) | P(STORE)},
    {"/v1/tokens/{id}", "DELETE", mf__tokens_delete, MF_SCOPE_TOKENS, P(ANY) | P(TOKEN) | P(WRITE)},
    {"/v1/tokens/{id}/rotate", "POST", mf__tokens_rotate, MF_SCOPE_TOKENS,
     P(ANY) | P(JSON) | P(TOKEN) | P(KEY) | P(WRITE)},
    {"/v1/usage", "GET", mf__usage_get, MF_SCOPE_USAGE, P(ANY) | P(QUERY) | P(STORE)},
    {"/v1/runs", "GET", mf__runs_list, MF_SCOPE_LOGS, P(ANY) | P(QUERY)},
    {"/v1/runs/{id}", "GET", mf__run_get, MF_SCOPE_LOGS, P(ANY) | P(RECORD)},
    {"/v1/tail", "GET", mf__tail_get, MF_SCOPE_LOGS, P(ANY) | P(QUERY) | P(TAIL)},
    {"/v1/workspaces", "GET", mf__workspaces_list, MF_SCOPE_WORKSPACES_READ, P(ANY) | P(QUERY) | P(STORE)},
    {"/v1/workspaces/{name}", "GET", mf__workspace_get, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(STORE)},
    {"/v1/workspaces/{name}", "PUT", mf__workspace_put, MF_SCOPE_WORKSPACES,
     P(ANY) | P(JSON) | P(NAME) | P(CHANGE) | P(WRITE) | P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}", "DELETE", mf__workspace_delete, MF_SCOPE_WORKSPACES,
     P(ANY) | P(WORKSPACE) | P(WRITE)},
    {"/v1/workspaces/{name}/stat", "GET", mf__workspace_stat, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(STORE)},
    {"/v1/workspaces/{name}/list", "GET", mf__workspace_list, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(STORE)},
    {"/v1/workspaces/{name}/find", "GET", mf__workspace_find, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(SEARCH) | P(STORE)},
    {"/v1/workspaces/{name}/glob", "GET", mf__workspace_glob, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(SEARCH) | P(STORE)},
    {"/v1/workspaces/{name}/grep", "GET", mf__workspace_grep, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(SEARCH) | P(STORE)},
    {"/v1/workspaces/{name}/snapshots", "GET", mf__workspace_snapshots_get, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(QUERY) | P(STORE)},
    {"/v1/workspaces/{name}/snapshots", "POST", mf__workspace_snapshots_post, MF_SCOPE_WORKSPACES,
     P(ANY) | P(JSON) | P(NAME) | P(WORKSPACE) | P(EXISTS) | P(KEY) | P(WRITE) | P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/snapshots/{snapshot}", "DELETE", mf__workspace_snapshot_delete,
     MF_SCOPE_WORKSPACES, P(ANY) | P(WORKSPACE) | P(SNAPSHOT) | P(WRITE)},
    {"/v1/workspaces/{name}/snapshots/{snapshot}/restore", "POST", mf__workspace_restore, MF_SCOPE_WORKSPACES,
     P(ANY) | P(WORKSPACE) | P(SNAPSHOT) | P(CHANGE) | P(KEY) | P(WRITE) | P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/fork", "POST", mf__workspace_fork, MF_SCOPE_WORKSPACES,
     P(ANY) | P(JSON) | P(NAME) | P(WORKSPACE) | P(SNAPSHOT) | P(EXISTS) | P(CHANGE) | P(KEY) | P(WRITE) |
         P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/changes", "GET", mf__workspace_changes, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(QUERY) | P(GONE) | P(STORE)},
    {"/v1/workspaces/{name}/archive", "GET", mf__workspace_archive_get, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(STORE)},
    {"/v1/workspaces/{name}/archive", "PUT", mf__workspace_archive_put, MF_SCOPE_WORKSPACES,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(CHANGE) | P(ARCHIVE) | P(QUERY) | P(WRITE) | P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/diff", "GET", mf__workspace_diff, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(LARGE) | P(STORE)},
    {"/v1/workspaces/{name}/ops", "POST", mf__workspace_ops, MF_SCOPE_WORKSPACES,
     P(ANY) | P(JSON) | P(WORKSPACE) | P(FILE) | P(CHANGE) | P(EDIT) | P(IF) | P(KEY) | P(WRITE) |
         P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/files/{rest...}", "GET", mf__workspace_file_get, MF_SCOPE_WORKSPACES_READ,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(SNAPSHOT) | P(QUERY) | P(IF) | P(RANGE) | P(STORE)},
    {"/v1/workspaces/{name}/files/{rest...}", "PUT", mf__workspace_file_put, MF_SCOPE_WORKSPACES,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(CHANGE) | P(QUERY) | P(IF) | P(WRITE) | P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/files/{rest...}", "PATCH", mf__workspace_file_patch, MF_SCOPE_WORKSPACES,
     P(ANY) | P(JSON) | P(WORKSPACE) | P(FILE) | P(CHANGE) | P(EDIT) | P(QUERY) | P(IF) | P(WRITE) |
         P(WORKSPACE_QUOTA)},
    {"/v1/workspaces/{name}/files/{rest...}", "DELETE", mf__workspace_file_delete, MF_SCOPE_WORKSPACES,
     P(ANY) | P(WORKSPACE) | P(FILE) | P(CHANGE) | P(QUERY) | P(IF) | P(WRITE)},
    {"/healthz", "GET", mf__health_get, 0, P(ANY)},
    {"/readyz", "GET", mf__ready_get, 0, P(ANY) | P(READY)},
    {"/metrics", "GET", mf__metrics_get, MF_SCOPE_METRICS | OPEN_METRICS, P(ANY)},
    {"/", "GET", mf__ui_get, MF_SCOPE_ALL | OPEN_PAGE, P(ANY)},
    {"/ui/page.js", "GET", mf__ui_get, MF_SCOPE_ALL | OPEN_PAGE, P(ANY)},
    {"/ui/page.css", "GET", mf__ui_get, MF_SCOPE_ALL | OPEN_PAGE, P(ANY)},
    {"/openapi.json", "GET", mf__openapi_get, MF_SCOPE_ALL | OPEN_PAGE, P(ANY)},
};

/* Bodies that are streamed to the disk and may be as large as a file. */
static const char *const long_paths[] = {"/v1/workspaces/{name}/files/{rest...}",
                                         "/v1/workspaces/{name}/archive"};

#define REST "{rest...}"

/* The next segment of a path that begins at |*at| with "/", and |*at| behind it; data is NULL at the end. */
static struct mf_slice next_segment(struct mf_slice path, size_t *at)
{
    size_t begin = *at + 1;

    if (*at >= path.size || path.data[*at] != '/') {
        return mf_slice_of(NULL, 0);
    }
    for (*at = begin; *at < path.size && path.data[*at] != '/';) {
        ++*at;
    }
    return mf_slice_of(path.data + begin, *at - begin);
}

static bool path_fits(const char *wanted_path, struct mf_slice path)
{
    struct mf_slice pattern = mf_slice_of_cstr(wanted_path);
    size_t at_pattern = 0;
    size_t at_path = 0;

    for (;;) {
        struct mf_slice wanted = next_segment(pattern, &at_pattern);
        struct mf_slice found = next_segment(path, &at_path);
        if (mf_slice_equal_cstr(wanted, REST)) {
            return true;
        }
        if (wanted.data == NULL || found.data == NULL) {
            return wanted.data == NULL && found.data == NULL && path.size > 0 && path.data[0] == '/';
        }
        if (mf_slice_starts_with(wanted, "{") ? found.size == 0 : !mf_slice_equal(wanted, found)) {
            return false;
        }
    }
}

struct mf_slice mf__route_segment(const struct mf_exchange *exchange, unsigned index)
{
    struct mf_slice path = mf_exchange_request(exchange)->path;
    struct mf_slice segment = mf_slice_of(NULL, 0);
    size_t at = 0;

    for (unsigned i = 0; i <= index; i++) {
        segment = next_segment(path, &at);
    }
    MF_ASSERT(segment.data != NULL); /* The route has that many. */
    return segment;
}

struct mf_slice mf__route_rest(const struct mf_exchange *exchange, unsigned index)
{
    struct mf_slice path = mf_exchange_request(exchange)->path;
    size_t at = 0;

    for (unsigned i = 0; i < index; i++) {
        (void)next_segment(path, &at);
    }
    return mf_slice_of(path.data + at, path.size - at);
}

static bool method_fits(const struct route *route, struct mf_slice method)
{
    if (mf_slice_equal_cstr(method, route->method) || strcmp(route->method, "*") == 0) {
        return true;
    }
    /* HEAD is GET without the body; the server leaves it out. */
    return mf_slice_equal_cstr(method, "HEAD") && strcmp(route->method, "GET") == 0;
}

static void refuse_method(struct mf_exchange *exchange, struct mf_slice path)
{
    char allow[128] = "";
    struct mf__problem problem = {.error = MF_E_API_METHOD, .allow = allow};

    for (size_t i = 0; i < MF_COUNT_OF(routes); i++) {
        if (path_fits(routes[i].path, path)) {
            size_t used = strlen(allow);
            (void)snprintf(allow + used, sizeof allow - used, "%s%s%s", used == 0 ? "" : ", ",
                           routes[i].method, strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
        }
    }
    mf__problem_reply(exchange, &problem);
}

uint64_t mf_api_body_bytes_max(void *user, struct mf_slice path)
{
    const struct mf_api *api = user;

    for (size_t i = 0; i < MF_COUNT_OF(long_paths); i++) {
        if (path_fits(long_paths[i], path)) {
            return MF_WORKSPACE_BYTES_MAX;
        }
    }
    return api->config->body_bytes_max;
}

static uint32_t scope_of(const struct mf_config *config, const struct route *route)
{
    bool is_open = ((route->scope & OPEN_METRICS) != 0 && config->is_metrics_open) ||
                   ((route->scope & OPEN_PAGE) != 0 && config->is_page_open);

    return is_open ? 0 : route->scope & MF_SCOPE_ALL;
}

void mf_api_on_request(void *user, struct mf_exchange *exchange)
{
    struct mf_api *api = user;
    const struct mf_request *request = mf_exchange_request(exchange);
    bool is_known = false;
    int rc = mf__guard_check(api->config, request, mf_tenants_is_on(api->tenants));

    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
        return;
    }
    for (size_t i = 0; i < MF_COUNT_OF(routes); i++) {
        if (!path_fits(routes[i].path, request->path)) {
            continue;
        }
        is_known = true;
        if (method_fits(&routes[i], request->method)) {
            mf__caller_note_route(exchange, routes[i].problems);
            if (mf__caller_admit(api, exchange, scope_of(api->config, &routes[i])) &&
                mf__idempotency_admit(api->idempotency, exchange)) {
                routes[i].handle(api, exchange);
            }
            return;
        }
    }
    /* Which resources there are is nothing that strangers are told either. */
    if (!mf__caller_admit(api, exchange, MF_SCOPE_ALL)) {
        return;
    }
    if (is_known) {
        refuse_method(exchange, request->path);
    } else {
        mf__problem_reply_error(exchange, MF_E_API_ROUTE);
    }
}
