#include "reload.h"

static void on_crowd(void *user, uint64_t owner, bool is_crowding)
{
    mf_pool_confine(user, owner, is_crowding);
}

struct mf_admit_options mf__admit_options_of(const struct mf_config *config, struct mf_pool *pool)
{
    return (struct mf_admit_options){.runs_concurrent_max = config->runs_concurrent_max,
                                     .runs_queued_max = config->runs_queued_max,
                                     .queue_wait_ns_max = config->queue_wait_ms_max * MF_NS_PER_MS,
                                     .young_max = (uint32_t)mf_config_cpus() * MF_ADMIT_YOUNG_PER_CPU,
                                     .crowd_min = mf_config_cpus() > 1 ? (uint32_t)mf_config_cpus() : 0,
                                     .on_crowd = on_crowd,
                                     .user = pool};
}

struct mf_server_options mf__server_options_of(const struct mf_config *config, struct mf_api *api)
{
    return (struct mf_server_options){.on_request = mf_api_on_request,
                                      .on_over = mf_api_on_over,
                                      .user = api,
                                      .body_bytes_max = config->body_bytes_max,
                                      .body_bytes_max_of = mf_api_body_bytes_max,
                                      .connections_max = config->connections_max,
                                      .header_timeout_ms = config->header_timeout_ms,
                                      .body_timeout_ms = config->body_timeout_ms,
                                      .idle_timeout_ms = config->idle_timeout_ms,
                                      .write_timeout_ms = config->write_timeout_ms};
}

/* Certificates are read again even if their names are the same: that is how they are renewed. */
static int renew_tls(const struct mf__reload *reload, const struct mf_config *next, char *ret_why)
{
    const struct mf_config *from = mf_config_same_listens(reload->started, next) ? next : reload->started;
    struct mf_server_tls files[MF_CONFIG_LISTENS_MAX];

    if (!reload->has_own_listeners) {
        return 0;
    }
    for (size_t i = 0; i < from->listens_count; i++) {
        files[i] = (struct mf_server_tls){.cert_path = from->listens[i].tls_cert_path,
                                          .key_path = from->listens[i].tls_key_path};
    }
    return mf_server_renew_tls(reload->server, files, from->listens_count, ret_why);
}

/* Nothing here can fail. */
static void take(struct mf__reload *reload, MF_OWN struct mf_config *next)
{
    struct mf_config *before = reload->config;
    struct mf_server_options server = mf__server_options_of(next, reload->api);
    struct mf_admit_options admit = mf__admit_options_of(next, reload->pool);

    reload->config = next;
    mf_log_set_least(next->log_level);
    mf_tenants_take(reload->tenants);
    mf_api_configure(reload->api, next);
    mf_egress_configure(reload->egress, next);
    mf_server_configure(reload->server, &server);
    mf_admit_change(reload->admit, &admit);
    mf_config_unref(before);
}

int mf__reload(struct mf__reload *reload)
{
    struct mf_config *next = NULL;
    char why[MF_CONFIG_WHY_BYTES_MAX > MF_LOG_LINE_BYTES_MAX ? MF_CONFIG_WHY_BYTES_MAX
                                                             : MF_LOG_LINE_BYTES_MAX];
    char waiting[MF_CONFIG_WHY_BYTES_MAX];
    int rc = mf_config_load(&reload->args, &next, why);

    if (rc == 0) {
        rc = mf_tenants_reload(reload->tenants, why);
    }
    if (rc == 0) {
        rc = mf_api_reload(reload->api, why);
    }
    if (rc == 0) {
        rc = renew_tls(reload, next, why);
    }
    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "the config was not taken, and nothing has changed: %s", why);
        mf_config_unref(next);
        return rc;
    }
    if (mf_config_compare_fixed(reload->started, next, waiting) > 0) {
        mf_log(MF_LOG_WARN, 0, NULL, "these fields wait for the next start: %s", waiting);
    }
    take(reload, next);
    mf_log(MF_LOG_INFO, 0, NULL, "the config was read again");
    return 0;
}
