/* allowance.c - see allowance.h. The headers are those of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/:
 * RateLimit-Policy: "requestsPerMinute";q=100;w=60 and RateLimit: "requestsPerMinute";r=0;t=31. */
#include "allowance.h"

#include <stdio.h>

#include "quotas.h"

#define MINUTE_NS (60 * MF_NS_PER_S)
#define HOUR_NS (3600 * MF_NS_PER_S)

/* All of them, with the config's. False: the operator's own tenant, which has none. */
static bool read_quotas(const struct mf_api *api, struct mf_slice tenant, struct mf_quotas *ret_quotas)
{
    if (tenant.size == 0 || !mf_tenants_quotas(api->tenants, tenant, ret_quotas)) {
        return false;
    }
    mf__quotas_apply(api->config, ret_quotas);
    return true;
}

static struct mf_rate_limit limit_of(const struct mf_quotas *quotas, enum mf_quota quota)
{
    uint64_t most = quotas->values[quota];

    if (quota == MF_QUOTA_CPU_MS) {
        return (struct mf_rate_limit){most * MF_NS_PER_MS, MINUTE_NS}; /* It is spent in ns. */
    }
    return (struct mf_rate_limit){most, quota == MF_QUOTA_EGRESS_BYTES ? HOUR_NS : MINUTE_NS};
}

/* ---- the refusals ------------------------------------------------------------------------------- */

static void
refuse_rate(struct mf_exchange *exchange, int error, enum mf_quota quota, const struct mf_rate_state *state)
{
    uint64_t unit = quota == MF_QUOTA_CPU_MS ? MF_NS_PER_MS : 1;
    struct mf__allowance_text text;
    const struct mf__problem problem = {.error = error,
                                        .retry_after_s = state->retry_s,
                                        .rate_policy = text.policy,
                                        .rate_state = text.state};

    (void)snprintf(text.policy, sizeof text.policy, "\"%s\";q=%llu;w=%llu", mf_quota_name(quota),
                   (unsigned long long)(state->limit.quota / unit),
                   (unsigned long long)(state->limit.window_ns / MF_NS_PER_S));
    (void)snprintf(text.state, sizeof text.state, "\"%s\";r=%llu;t=%u", mf_quota_name(quota),
                   (unsigned long long)(state->left / unit), state->reset_s);
    mf__problem_reply(exchange, &problem);
}

void mf__allowance_tell_runs(const struct mf_admit_who *who,
                             struct mf__allowance_text *ret_text,
                             struct mf__problem *problem)
{
    (void)snprintf(ret_text->policy, sizeof ret_text->policy, "\"%s\";q=%u", mf_quota_name(MF_QUOTA_RUNS),
                   who->runs_max);
    (void)snprintf(ret_text->state, sizeof ret_text->state, "\"%s\";r=0", mf_quota_name(MF_QUOTA_RUNS));
    problem->rate_policy = ret_text->policy;
    problem->rate_state = ret_text->state;
}

/* ---- what is on the disk -------------------------------------------------------------------------- */

struct sum {
    struct mf_store_job job;
    struct mf_api *api;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    struct mf_tenant_sums sums;
};

static int sum_work(struct mf_store *store, struct mf_store_job *job)
{
    struct sum *sum = MF_CONTAINER_OF(job, struct sum, job);

    return mf_store_tenant_bytes(store, mf_slice_of_cstr(sum->tenant), &sum->sums.worker_bytes,
                                 &sum->sums.workspace_bytes);
}

static void sum_done(struct mf_store_job *job, int error)
{
    struct sum *sum = MF_CONTAINER_OF(job, struct sum, job);

    mf_tenants_set_sums(sum->api->tenants, mf_slice_of_cstr(sum->tenant), error < 0 ? NULL : &sum->sums);
    mf_free(sum);
}

static void begin_sum(struct mf_api *api, struct mf_slice tenant)
{
    struct sum *sum = mf_new(sizeof *sum);

    sum->api = api;
    memcpy(sum->tenant, tenant.data, tenant.size);
    sum->job = (struct mf_store_job){.work = sum_work, .done = sum_done};
    if (mf_store_queue_submit(api->queue, &sum->job) < 0) {
        mf_tenants_set_sums(api->tenants, tenant, NULL);
        mf_free(sum);
    }
}

/* They are asked for anew meanwhile, once in a while. */
static struct mf_tenant_sums sums_of(struct mf_api *api, struct mf_slice tenant)
{
    struct mf_tenant_sums sums;

    if (mf_tenants_wants_sums(api->tenants, tenant, mf_clock_now_ns())) {
        begin_sum(api, tenant);
    }
    mf_tenants_sums(api->tenants, tenant, &sums);
    return sums;
}

/* What frees room is let in always. */
static bool
may_write(struct mf_api *api, struct mf_exchange *exchange, uint32_t scope, const struct mf_quotas *quotas)
{
    struct mf_slice method = mf_exchange_request(exchange)->method;
    struct mf_tenant_sums sums;
    int error = 0;

    if ((scope != MF_SCOPE_WORKERS && scope != MF_SCOPE_WORKSPACES) || mf_slice_equal_cstr(method, "DELETE")) {
        return true;
    }
    sums = sums_of(api, mf__caller_tenant(exchange));
    if (scope == MF_SCOPE_WORKERS && sums.worker_bytes >= quotas->values[MF_QUOTA_WORKER_BYTES]) {
        error = MF_E_QUOTA_WORKERS;
    } else if (scope == MF_SCOPE_WORKSPACES &&
               sums.workspace_bytes >= quotas->values[MF_QUOTA_WORKSPACE_BYTES]) {
        error = MF_E_QUOTA_WORKSPACES;
    }
    if (error < 0) {
        mf__problem_reply_error(exchange, error);
    }
    return error == 0;
}

bool mf__allowance_has_room(struct mf_api *api, struct mf_slice tenant)
{
    struct mf_quotas quotas;

    return !read_quotas(api, tenant, &quotas) ||
           sums_of(api, tenant).workspace_bytes < quotas.values[MF_QUOTA_WORKSPACE_BYTES];
}

/* ---- rates ------------------------------------------------------------------------------------------- */

static bool has_rate(struct mf_api *api,
                     struct mf_exchange *exchange,
                     const struct mf_quotas *quotas,
                     enum mf_quota quota,
                     uint64_t amount,
                     int error)
{
    const struct mf_rate_limit limit = limit_of(quotas, quota);
    struct mf_rate_state state;

    if (mf_tenants_has(api->tenants, mf__caller_tenant(exchange), quota, &limit, amount, mf_clock_now_ns(),
                       &state)) {
        return true;
    }
    refuse_rate(exchange, error, quota, &state);
    return false;
}

static void spend(struct mf_api *api,
                  const struct mf_quotas *quotas,
                  struct mf_slice tenant,
                  enum mf_quota quota,
                  uint64_t amount)
{
    const struct mf_rate_limit limit = limit_of(quotas, quota);

    mf_tenants_spend(api->tenants, tenant, quota, &limit, amount, mf_clock_now_ns());
}

bool mf__allowance_admit(struct mf_api *api, struct mf_exchange *exchange, uint32_t scope)
{
    struct mf_slice tenant = mf__caller_tenant(exchange);
    struct mf_quotas quotas;

    /* An admin who acts for a tenant is not held up; what runs then use is the tenant's all the same. */
    if (mf__caller_may(exchange, MF_SCOPE_ADMIN) || !read_quotas(api, tenant, &quotas)) {
        return true;
    }
    if (!has_rate(api, exchange, &quotas, MF_QUOTA_REQUESTS, 1, MF_E_QUOTA_REQUESTS)) {
        return false;
    }
    spend(api, &quotas, tenant, MF_QUOTA_REQUESTS, 1);
    if (scope == MF_SCOPE_RUN &&
        (!has_rate(api, exchange, &quotas, MF_QUOTA_CPU_MS, 0, MF_E_QUOTA_CPU) ||
         !has_rate(api, exchange, &quotas, MF_QUOTA_EGRESS_BYTES, 0, MF_E_QUOTA_EGRESS))) {
        return false;
    }
    return may_write(api, exchange, scope, &quotas);
}

void mf__allowance_spend(struct mf_api *api, const char *name, uint64_t cpu_ns, uint64_t egress_bytes)
{
    struct mf_slice tenant = mf_slice_of_cstr(name);
    struct mf_quotas quotas;

    if (!read_quotas(api, tenant, &quotas)) {
        return;
    }
    spend(api, &quotas, tenant, MF_QUOTA_CPU_MS, cpu_ns);
    if (egress_bytes > 0) {
        spend(api, &quotas, tenant, MF_QUOTA_EGRESS_BYTES, egress_bytes);
    }
}

struct mf_admit_who mf__allowance_who(struct mf_api *api, const char *name)
{
    struct mf_slice tenant = mf_slice_of_cstr(name);
    struct mf_admit_who who = {
        .owner = mf_tenants_number(api->tenants, tenant), .runs_max = UINT32_MAX, .queued_max = UINT32_MAX};
    struct mf_quotas quotas;

    if (read_quotas(api, tenant, &quotas)) {
        who.runs_max = quotas.values[MF_QUOTA_RUNS] > 0 ? (uint32_t)quotas.values[MF_QUOTA_RUNS] : 1;
        who.queued_max = (uint32_t)quotas.values[MF_QUOTA_QUEUED];
    }
    return who;
}
