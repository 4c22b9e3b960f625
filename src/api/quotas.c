#include "quotas.h"

static const struct mf_limit *limit_of(const struct mf_config *config, unsigned quota)
{
    const struct mf_limit *const limits[MF_QUOTAS_COUNT] = {
        [MF_QUOTA_RUNS] = &config->tenant_runs,
        [MF_QUOTA_QUEUED] = &config->tenant_queued,
        [MF_QUOTA_REQUESTS] = &config->tenant_requests,
        [MF_QUOTA_CPU_MS] = &config->tenant_cpu_ms,
        [MF_QUOTA_EGRESS_BYTES] = &config->tenant_egress_bytes,
        [MF_QUOTA_WORKSPACE_BYTES] = &config->tenant_workspace_bytes,
        [MF_QUOTA_WORKER_BYTES] = &config->tenant_worker_bytes,
    };

    return limits[quota];
}

int mf__quotas_read(const cJSON *root,
                    const struct mf_config *config,
                    struct mf_quotas *ret_quotas,
                    struct mf_buf *ret_param,
                    struct mf_buf *ret_why)
{
    static const struct mf_json_field root_fields[] = {{"quotas", "o", false}};
    struct mf_json_field fields[MF_QUOTAS_COUNT];
    const cJSON *object;
    int rc = mf__json_check(root, "", root_fields, MF_COUNT_OF(root_fields), ret_param, ret_why);

    for (unsigned i = 0; i < MF_QUOTAS_COUNT; i++) {
        fields[i] = (struct mf_json_field){mf_quota_name((enum mf_quota)i), "n", false};
        ret_quotas->values[i] = MF_QUOTA_UNSET;
    }
    object = rc < 0 ? NULL : mf__json_get(root, "quotas");
    if (object == NULL) {
        return rc;
    }
    rc = mf__json_check(object, "/quotas", fields, MF_COUNT_OF(fields), ret_param, ret_why);
    for (unsigned i = 0; rc == 0 && i < MF_QUOTAS_COUNT; i++) {
        const cJSON *value = mf__json_get(object, fields[i].name);
        const struct mf_limit *limit = limit_of(config, i);
        if (value == NULL) {
            continue;
        }
        ret_quotas->values[i] = (uint64_t)value->valuedouble;
        if (ret_quotas->values[i] > limit->max) {
            struct mf_buf pointer;
            mf_buf_init(&pointer, 64);
            rc = mf_buf_printf(&pointer, "/quotas/%s%c", fields[i].name, '\0');
            MF_ASSERT(rc == 0); /* Names of ours. */
            rc = mf__json_refuse(ret_param, ret_why, (const char *)pointer.data,
                                 "%s must not be more than %llu, which the config says.", fields[i].name,
                                 (unsigned long long)limit->max);
            mf_buf_done(&pointer);
        }
    }
    return rc;
}

int mf__quotas_append(struct mf_buf *out, const struct mf_quotas *quotas)
{
    const char *comma = "";
    int rc = mf_buf_append_cstr(out, "{");

    for (unsigned i = 0; rc == 0 && i < MF_QUOTAS_COUNT; i++) {
        if (quotas->values[i] != MF_QUOTA_UNSET) {
            rc = mf_buf_printf(out, "%s\"%s\":%llu", comma, mf_quota_name((enum mf_quota)i),
                               (unsigned long long)quotas->values[i]);
            comma = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

void mf__quotas_apply(const struct mf_config *config, struct mf_quotas *quotas)
{
    for (unsigned i = 0; i < MF_QUOTAS_COUNT; i++) {
        const struct mf_limit *limit = limit_of(config, i);
        if (quotas->values[i] == MF_QUOTA_UNSET) {
            quotas->values[i] = limit->standard;
        }
        if (quotas->values[i] > limit->max) {
            quotas->values[i] = limit->max;
        }
    }
}
