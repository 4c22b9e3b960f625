/* health.c - /healthz: everything that an operator asks first, and one word for strangers; /readyz: should a load balancer send runs here. */
#include "internal.h"

#define HEALTH_BYTES_MAX 262144 /* 256 executors at under 300 bytes each, and the rest. */

static const char *status_word(const struct mf_api *api, const struct mf_pool_state *state)
{
    if (api->is_leaving || state->is_draining) {
        return "draining";
    }
    if (state->is_degraded) {
        return "degraded";
    }
    return state->executors_ready == 0 ? "starting" : "ok";
}

static int append_layers(struct mf_buf *out, uint32_t layers)
{
    const char *comma = "";
    int rc = 0;

    for (unsigned layer = 0; rc == 0 && layer < MF_JAIL_LAYERS_COUNT; layer++) {
        if ((layers & (1u << layer)) != 0) {
            rc = mf_buf_printf(out, "%s\"%s\"", comma, mf_jail_layer_name((enum mf_jail_layer)layer));
            comma = ",";
        }
    }
    return rc;
}

/* Whose it is, where tenants do not share one: null for nobody's yet, and for one that is gone. */
static int append_owner(struct mf_buf *out, const struct mf_tenants *tenants, uint64_t owner)
{
    struct mf_slice name = owner == 0 ? mf_slice_of(NULL, 0) : mf_tenants_name_of(tenants, owner);
    int rc = mf_buf_append_cstr(out, ",\"tenant\":");

    rc = rc < 0              ? rc
         : name.data == NULL ? mf_buf_append_cstr(out, "null")
                             : mf_buf_append_json_string(out, name);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_executors(struct mf_buf *out, const struct mf_pool *pool, const struct mf_tenants *tenants)
{
    struct mf_executor_info info;
    int rc = 0;

    for (size_t i = 0; rc == 0 && mf_pool_executor(pool, i, &info); i++) {
        rc = mf_buf_printf(
            out,
            "%s{\"pid\":%d,\"domain\":%u,\"state\":\"%s\",\"runs\":%u,\"standby\":%u,\"runsTotal\":%llu,"
            "\"rssBytes\":%llu,\"ageMs\":%llu",
            i == 0 ? "" : ",", (int)info.pid, info.domain, mf_executor_state_name(info.state), info.runs,
            info.standby, (unsigned long long)info.runs_total, (unsigned long long)info.rss_bytes,
            (unsigned long long)info.age_ms);
        rc = rc < 0 ? rc : append_owner(out, tenants, info.owner);
    }
    return rc;
}

static int append_counts(struct mf_buf *out, const struct mf_api *api, const struct mf_pool_state *state)
{
    struct mf_admit_counts counts;

    mf_admit_counts(api->admit, &counts);
    return mf_buf_printf(out,
                         "],\"wanted\":%u,\"ready\":%u,\"restarts\":%llu,\"crashes\":%llu,\"attacks\":%llu,"
                         "\"recycled\":%llu,\"retired\":%llu},\"runs\":{\"active\":%u,\"waiting\":%u,"
                         "\"total\":%llu,\"refused\":%llu}",
                         state->executors_wanted, state->executors_ready, (unsigned long long)state->restarts,
                         (unsigned long long)state->crashes, (unsigned long long)state->attacks,
                         (unsigned long long)state->recycled, (unsigned long long)state->retired, counts.held,
                         counts.waiting, (unsigned long long)state->runs_total,
                         (unsigned long long)(counts.refused + counts.expired));
}

static int append_outbound(struct mf_buf *out, const struct mf_api *api)
{
    struct mf_egress_state state;

    mf_egress_state(api->egress, &state);
    return mf_buf_printf(
        out,
        ",\"outbound\":{\"active\":%u,\"queued\":%u,\"connections\":%u,\"total\":%llu,"
        "\"refused\":%llu,\"failed\":%llu,\"injected\":%llu,\"intercepted\":%llu,\"redactions\":%llu,"
        "\"bytesSent\":%llu,\"bytesReceived\":%llu}",
        state.active, state.queued, state.connections, (unsigned long long)state.total,
        (unsigned long long)state.refused, (unsigned long long)state.failed,
        (unsigned long long)state.injected, (unsigned long long)state.intercepted,
        (unsigned long long)state.redactions, (unsigned long long)state.bytes_sent,
        (unsigned long long)state.bytes_received);
}

static int write_health(struct mf_buf *out, const struct mf_api *api, const struct mf_pool_state *state)
{
    int rc = mf_buf_printf(
        out, "{\"status\":\"%s\",\"version\":\"%s\",\"v8\":\"%s\",\"uptimeMs\":%llu,\"jail\":{\"layers\":[",
        status_word(api, state), MF_VERSION, state->v8_version,
        (unsigned long long)((mf_clock_now_ns() - api->started_ns) / MF_NS_PER_MS));
    if (rc == 0) {
        rc = append_layers(out, state->layers);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "]},\"executors\":{\"list\":[");
    }
    if (rc == 0) {
        rc = append_executors(out, api->pool, api->tenants);
    }
    if (rc == 0) {
        rc = append_counts(out, api, state);
    }
    if (rc == 0) {
        rc = append_outbound(out, api);
    }
    if (rc == 0 && state->why[0] != '\0') {
        rc = mf_buf_append_cstr(out, ",\"lastFault\":");
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, mf_slice_of_cstr(state->why));
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}\n");
}

void mf__health_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_pool_state state;
    struct mf_buf body;

    mf_pool_state(api->pool, &state);
    mf_buf_init(&body, HEALTH_BYTES_MAX);
    if (!mf__caller_may(exchange, MF_SCOPE_METRICS)) {
        int rc = mf_buf_printf(&body, "{\"status\":\"%s\",\"version\":\"%s\"}\n", status_word(api, &state),
                               MF_VERSION);
        MF_ASSERT(rc == 0); /* It is short. */
        mf__json_reply(exchange, 200, mf_buf_peek(&body));
    } else if (write_health(&body, api, &state) < 0) {
        mf__problem_reply_error(exchange, MF_E_NO_MEMORY);
    } else {
        mf__json_reply(exchange, 200, mf_buf_peek(&body));
    }
    mf_buf_done(&body);
}

void mf__ready_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_pool_state state;

    mf_pool_state(api->pool, &state);
    if (api->is_leaving || state.is_draining) {
        mf__problem_reply_error(exchange, MF_E_DRAINING);
    } else if (state.executors_ready == 0) {
        mf__problem_reply_error(exchange, MF_E_NO_EXECUTOR);
    } else {
        mf__json_reply(exchange, 200, mf_slice_of_cstr("{\"status\":\"ready\"}\n"));
    }
}
