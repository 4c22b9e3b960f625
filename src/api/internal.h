/* internal.h - what the files of the api room share. */
#ifndef MAYFLY_API_INTERNAL_H
#define MAYFLY_API_INTERNAL_H

#include <mayfly/api.h>
#include <mayfly/ledger.h>
#include <mayfly/meter.h>
#include <mayfly/trace.h>
#include <mayfly/trace_otlp.h>

struct mf_api {
    uv_loop_t *loop;
    struct mf_config *config; /* [loop] Another one after a reload; work elsewhere holds a reference. */
    struct mf_pool *pool;
    struct mf_admit *admit;
    struct mf_store *store; /* From worker threads only, by way of |queue|. */
    struct mf_store_queue *queue;
    struct mf_vault *vault;
    struct mf_tenants *tenants;
    struct mf_egress *egress;
    struct mf_outbounds *outbounds;
    struct mf__workers *workers;
    struct mf__code_caches *code_caches;
    struct mf_meter *meter;
    struct mf_ledger *ledger;
    struct mf__executions *executions;
    struct mf__idempotency *idempotency;
    struct mf_traces *traces;
    struct mf_otlp *otlp; /* NULL: nothing is sent. */
    struct mf__usage_push *push; /* NULL: usage is pushed to nobody. */
    struct mf__tidy *tidy;
    struct mf__tails *tails;
    struct mf__tail_runs *tail_runs;
    unsigned sockets;       /* At most MF_EXECUTION_SOCKETS_MAX. */
    uv_timer_t admit_timer; /* Due when the next waiting ticket's time is up. */
    uint64_t bytes_held;    /* Bodies of all calls; at most MF_API_HELD_BYTES_MAX. */
    uint64_t started_ns;
    bool is_leaving;    /* /readyz says so. */
    bool is_draining;   /* Runs are refused. */
    void (*on_closed)(void *user);
    void *on_closed_user;
};

/* After anything that may have changed who waits. */
void mf__api_arm_admit(struct mf_api *api);

/* ---- routes: each answers one resource ------------------------------------------------------ */

void mf__health_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__ready_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__metrics_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__ui_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__openapi_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__run_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__tools_types_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__secrets_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__secret_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__secret_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__secret_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__outbounds_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__outbound_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__outbound_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__outbound_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__outbound_explain(struct mf_api *api, struct mf_exchange *exchange);
void mf__workers_list(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_versions(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_version(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_rollback(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_run(struct mf_api *api, struct mf_exchange *exchange);
void mf__worker_fetch(struct mf_api *api, struct mf_exchange *exchange);
void mf__executions_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__execution_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__socket_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__execution_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__execution_call_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__mcp_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__tenants_list(struct mf_api *api, struct mf_exchange *exchange);
void mf__tenant_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__tenant_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__tenant_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__tokens_list(struct mf_api *api, struct mf_exchange *exchange);
void mf__tokens_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__tokens_self(struct mf_api *api, struct mf_exchange *exchange);
void mf__tokens_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__tokens_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__tokens_rotate(struct mf_api *api, struct mf_exchange *exchange);
void mf__runs_list(struct mf_api *api, struct mf_exchange *exchange);
void mf__run_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__tail_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__usage_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspaces_list(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_stat(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_list(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_find(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_glob(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_grep(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_snapshots_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_snapshots_post(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_snapshot_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_restore(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_fork(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_changes(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_archive_get(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_archive_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_diff(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_ops(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_file_delete(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_file_patch(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_file_put(struct mf_api *api, struct mf_exchange *exchange);
void mf__workspace_file_get(struct mf_api *api, struct mf_exchange *exchange);

/* The |index|-th segment of the path, not decoded: of "/v1/secrets/gh" 2 is "gh". Only for one that the route has. */
struct mf_slice mf__route_segment(const struct mf_exchange *exchange, unsigned index);
/* All from there on, with its slash in front: of "/v1/workers/w/fetch/a/b" 4 is "/a/b"; empty when there is no more. */
struct mf_slice mf__route_rest(const struct mf_exchange *exchange, unsigned index);

/* ---- guard.c: before any route ---------------------------------------------------------------- */

/* Host and Origin: 0, MF_E_API_HOST or MF_E_API_ORIGIN. Against DNS rebinding and other sites' pages. |asks_token|: who calls must
 * have one, and any Host will do. */
MF_MUST_CHECK int
mf__guard_check(const struct mf_config *config, const struct mf_request *request, bool asks_token);

/* ---- caller.c: who calls, and for which tenant ------------------------------------------------------ */

/* Of every exchange that came to a handler: its tenant is the one that the call is for. Where no tokens are asked for it is the
 * operator's own, with all scopes. */
const struct mf_caller *mf__caller(const struct mf_exchange *exchange);
/* Whose things the call is about: valid as long as the exchange. Its data is never NULL. */
struct mf_slice mf__caller_tenant(const struct mf_exchange *exchange);
bool mf__caller_may(const struct mf_exchange *exchange, enum mf_scope scope);
/* An admin who named no tenant: lists of tokens and usage are of all tenants. */
bool mf__caller_is_for_all(const struct mf_exchange *exchange);
/* Finds out who calls, for a route that wants |scope|; 0: any. False: it was answered (401, 403, 404, 429, 507). */
MF_MUST_CHECK bool mf__caller_admit(struct mf_api *api, struct mf_exchange *exchange, uint32_t scope);
struct mf__call;
/* |call| is |caller|'s. */
void mf__caller_sign(const struct mf_caller *caller, struct mf__call *call);
/* Only what it may do with files: of a stored worker the rest is its owner's. */
void mf__caller_sign_files(const struct mf_caller *caller, struct mf__call *call);
/* Which problems its route may answer with (problem_sets.h); 0: none was found. */
void mf__caller_note_route(struct mf_exchange *exchange, uint64_t problems);
uint64_t mf__caller_problems(const struct mf_exchange *exchange);
/* It is answered with that, which is counted. */
void mf__caller_note_problem(struct mf_exchange *exchange, int error);
/* |run| answers the exchange: the access log names it. */
void mf__caller_note_run(struct mf_exchange *exchange, const char *run, const struct mf_trace_context *trace);
/* Does the token still hold with which a long-lived connection began? */
bool mf__caller_holds(const struct mf_api *api, const struct mf_caller *caller);
/* The subprotocol of a WebSocket's request that is spoken here, or NULL. A browser's script can say its token in no other way than
 * as one more: "mayfly", "mayfly.token.mf_...". */
const char *mf__caller_protocol(const struct mf_request *request);
/* 403, with the scope that is missing. */
void mf__caller_refuse(struct mf_exchange *exchange, uint32_t scope, const char *why);

/* ---- workspaces ----------------------------------------------------------------------------------- */

#define MF__ERRNO_BYTES_MAX 32

/* Node's name of an error of files: "ENOENT". False: it is none of them. */
MF_MUST_CHECK bool mf__workspace_errno(int error, char ret_text[MF__ERRNO_BYTES_MAX]);

/* ---- problem.c: RFC 9457 ------------------------------------------------------------------------ */

struct mf__problem {
    int error;               /* Gives code, title and status. */
    struct mf_slice detail;  /* A sentence; empty: none. */
    struct mf_slice param;   /* JSON pointer of the field at fault; empty: none. */
    const char *id;          /* The run, or NULL. */
    uint32_t retry_after_s;  /* 0: no Retry-After. */
    struct mf_slice members; /* More members as JSON, each with its comma in front: ,"logs":[] */
    const char *allow;       /* The Allow header of a 405, or NULL. */
    const char *rate_policy; /* The RateLimit-Policy and RateLimit headers of a 429, or NULL. */
    const char *rate_state;
    const char *range;     /* The Content-Range header of a 416, or NULL. */
    const char *challenge; /* The WWW-Authenticate header of a 401 or 403, or NULL. */
};

void mf__problem_reply(struct mf_exchange *exchange, const struct mf__problem *problem);
/* The JSON alone. */
MF_MUST_CHECK int mf__problem_append(struct mf_buf *out, const struct mf__problem *problem);
/* The short form: an error and nothing more. */
void mf__problem_reply_error(struct mf_exchange *exchange, int error);

/* Replies with |body| as application/json. */
void mf__json_reply(struct mf_exchange *exchange, int status, struct mf_slice body);

#endif
