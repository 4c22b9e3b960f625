/* service.c - one loop, and what hangs on it.
 *
 *   STARTING --first executor is ready, listeners are bound--> SERVING --signal--> DRAINING --idle, or time is up--> CLOSING
 *      |                                                                                                              ^
 *      +--cannot start--------------------------------------------------------------------------------------------+
 */
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <uv.h>

#include <mayfly/admit.h>
#include <mayfly/api.h>
#include <mayfly/net.h>
#include <mayfly/outbound.h>
#include <mayfly/pool.h>
#include <mayfly/store.h>
#include <mayfly/tenant.h>
#include <mayfly/vault.h>

#include "reload.h"
#include "systemd.h"

enum service_state { SERVICE_STARTING, SERVICE_SERVING, SERVICE_DRAINING, SERVICE_CLOSING };

struct service {
    enum service_state state;
    uv_loop_t loop;
    uv_signal_t sigterm;
    uv_signal_t sigint;
    uv_signal_t sighup;
    uv_timer_t drain_timer;
    uv_timer_t watchdog;
    int inherited[MF_CONFIG_LISTENS_MAX]; /* Handed over; with any the config's addresses are not used. */
    size_t inherited_count;
    struct mf_config_args args;
    struct mf_config *config; /* As it was at the start. */
    struct mf__reload reload;
    struct mf_store *store;
    struct mf_store_queue *queue;
    struct mf_ledger *ledger;
    struct mf_vault *vault;
    struct mf_tenants *tenants;
    struct mf_admit *admit;
    struct mf_pool *pool;
    struct mf_egress *egress;
    struct mf_api *api;
    struct mf_server *server;
    int error; /* Why it could not start. */
};

/* ---- the end ---------------------------------------------------------------------------------- */

static void close_handles(struct service *service)
{
    uv_close((uv_handle_t *)&service->sigterm, NULL);
    uv_close((uv_handle_t *)&service->sigint, NULL);
    uv_close((uv_handle_t *)&service->sighup, NULL);
    uv_close((uv_handle_t *)&service->drain_timer, NULL);
    uv_close((uv_handle_t *)&service->watchdog, NULL);
}

static void egress_closed(void *user)
{
    struct service *service = user;

    service->egress = NULL;
    close_handles(service);
}

/* Every job of the store is done, so that none of them can call into the api any more. Every run is, and with it its fetches. */
static void queue_closed(void *user)
{
    struct service *service = user;

    service->queue = NULL;
    mf_api_close(service->api, NULL, NULL);
    service->api = NULL;
    if (service->egress != NULL) {
        mf_egress_close(service->egress, egress_closed, service);
    } else {
        egress_closed(service);
    }
}

static void ledger_closed(void *user)
{
    struct service *service = user;

    service->ledger = NULL;
    mf_store_queue_close(service->queue, queue_closed, service);
}

/* No run is left that could have used anything. */
static void pool_closed(void *user)
{
    struct service *service = user;

    service->pool = NULL;
    mf_ledger_close(service->ledger, ledger_closed, service);
}

/* The server's exchanges are gone, so no event of a run can reach one. */
static void server_closed(void *user)
{
    struct service *service = user;

    service->server = NULL;
    if (service->pool != NULL) {
        mf_pool_close(service->pool, pool_closed, service);
    } else {
        pool_closed(service);
    }
}

static void close_service(struct service *service)
{
    if (service->state == SERVICE_CLOSING) {
        return;
    }
    service->state = SERVICE_CLOSING;
    (void)uv_timer_stop(&service->drain_timer);
    mf_server_close(service->server, server_closed, service);
}

static void fail(struct service *service, int error)
{
    service->error = error;
    close_service(service);
}

/* ---- drain ------------------------------------------------------------------------------------ */

/* Every connection is gone, and with it every run that a client waits for. */
static void pool_drained(void *user)
{
    close_service(user);
}

static void server_drained(void *user)
{
    struct service *service = user;

    mf_api_drain(service->api);
    mf_pool_drain(service->pool, pool_drained, service);
}

static void drain_timer_due(uv_timer_t *timer)
{
    struct service *service = timer->data;

    mf_log(MF_LOG_WARN, 0, NULL, "runs did not end in time; closing");
    close_service(service);
}

/* Whoever had a connection that was just opened or used has had the time to send on it. */
static void grace_due(uv_timer_t *timer)
{
    struct service *service = timer->data;
    int rc = uv_timer_start(timer, drain_timer_due, MF_DRAIN_MS_MAX, 0);

    MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
    mf_api_drain(service->api);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct service *service = signal->data;
    int rc;

    if (service->state != SERVICE_SERVING) {
        mf_log(MF_LOG_INFO, 0, NULL, "signal %d: closing at once", number);
        close_service(service);
        return;
    }
    mf_log(MF_LOG_INFO, 0, NULL, "signal %d: draining", number);
    mf__systemd_notify("STOPPING=1\nSTATUS=Draining: runs that have begun may end.");
    service->state = SERVICE_DRAINING;
    rc = uv_timer_start(&service->drain_timer, grace_due, 2 * MF_HTTP_DRAIN_IDLE_MS, 0);
    MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
    mf_api_leave(service->api);
    mf_server_drain(service->server, server_drained, service);
}

/* ---- reload ----------------------------------------------------------------------------------- */

static void on_hangup(uv_signal_t *signal, int number)
{
    struct service *service = signal->data;

    (void)number;
    if (service->state != SERVICE_SERVING) {
        mf_log(MF_LOG_WARN, 0, NULL, "SIGHUP: not now; the config is read again only while serving");
        return;
    }
    mf__systemd_notify_reloading();
    mf__systemd_notify(mf__reload(&service->reload) == 0
                           ? "READY=1\nSTATUS=Serving."
                           : "READY=1\nSTATUS=Serving. The new config was refused; the log says why.");
}

/* ---- the beginning ---------------------------------------------------------------------------- */

static void log_listening(const struct mf_config_listen *at, uint16_t port)
{
    if (at->unix_path != NULL) {
        mf_log(MF_LOG_INFO, 0, NULL, "listening on unix:%s", at->unix_path);
        return;
    }
    bool is_v6 = strchr(at->host, ':') != NULL;
    mf_log(MF_LOG_INFO, 0, NULL, "listening on %s://%s%s%s:%u", at->tls_cert_path == NULL ? "http" : "https",
           is_v6 ? "[" : "", at->host, is_v6 ? "]" : "", port);
}

/* Code that may fetch() must never reach the daemon itself. */
static void close_to_fetch(struct service *service, const struct mf_config_listen *at, uint16_t port)
{
    struct sockaddr_storage address;
    int rc;

    if (at->host == NULL) {
        return;
    }
    rc = uv_ip4_addr(at->host, port, (struct sockaddr_in *)&address);
    if (rc < 0) {
        rc = uv_ip6_addr(at->host, port, (struct sockaddr_in6 *)&address);
    }
    MF_ASSERT(rc == 0); /* The server listens on it. */
    mf_egress_listener(service->egress, (struct sockaddr *)&address);
}

/* A socket that was handed over is closed to fetch() as well: its address is read back. */
static void announce_inherited(struct service *service, int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    struct mf_config_listen at = {.host = host};
    uint16_t port = 0;

    (void)getsockname(fd, (struct sockaddr *)&address, &size);
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address;
        (void)uv_ip4_name(v4, host, sizeof host);
        port = ntohs(v4->sin_port);
    } else if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address;
        (void)uv_ip6_name(v6, host, sizeof host);
        port = ntohs(v6->sin6_port);
    } else {
        const struct sockaddr_un *local = (const struct sockaddr_un *)(const void *)&address;
        mf_log(MF_LOG_INFO, 0, NULL, "listening on unix:%s", local->sun_path);
        return;
    }
    log_listening(&at, port);
    close_to_fetch(service, &at, port);
}

static int listen_on(struct service *service, const struct mf_listen *listen, uint16_t *ret_port)
{
    char why[MF_LOG_LINE_BYTES_MAX];
    int rc = mf_server_listen(service->server, listen, ret_port, why);

    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
    }
    return rc;
}

static int listen_inherited(struct service *service)
{
    for (size_t i = 0; i < service->inherited_count; i++) {
        struct mf_listen listen = {.inherited_fd = service->inherited[i]};
        uint16_t port = 0;
        int rc = listen_on(service, &listen, &port);
        if (rc < 0) {
            return rc;
        }
        announce_inherited(service, service->inherited[i]);
    }
    return 0;
}

static int listen_all(struct service *service)
{
    if (service->inherited_count > 0) {
        return listen_inherited(service);
    }
    for (size_t i = 0; i < service->config->listens_count; i++) {
        const struct mf_config_listen *at = &service->config->listens[i];
        struct mf_listen listen = {.host = at->host,
                                   .port = at->port,
                                   .unix_path = at->unix_path,
                                   .unix_mode = at->unix_mode,
                                   .inherited_fd = -1,
                                   .tls_cert_path = at->tls_cert_path,
                                   .tls_key_path = at->tls_key_path};
        uint16_t port = 0;
        int rc = listen_on(service, &listen, &port);
        if (rc < 0) {
            return rc;
        }
        log_listening(at, port);
        close_to_fetch(service, at, port);
    }
    return 0;
}

static void pool_started(void *user, int error, const char *why)
{
    struct service *service = user;

    if (service->state != SERVICE_STARTING) {
        return;
    }
    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "%s", why);
        fail(service, error);
        return;
    }
    service->state = SERVICE_SERVING;
    error = listen_all(service);
    if (error < 0) {
        fail(service, error);
        return;
    }
    mf__systemd_notify("READY=1\nSTATUS=Serving.");
}

static int open_server(struct service *service)
{
    struct mf_server_options options = mf__server_options_of(service->config, service->api);
    int rc = mf_server_open(&service->loop, &options, &service->server);

    service->reload = (struct mf__reload){.args = service->args,
                                          .started = service->config,
                                          .config = mf_config_ref(service->config),
                                          .has_own_listeners = service->inherited_count == 0,
                                          .api = service->api,
                                          .server = service->server,
                                          .egress = service->egress,
                                          .tenants = service->tenants,
                                          .admit = service->admit,
                                          .pool = service->pool};
    return rc;
}

/* What must be remembered, before anything that needs it. Blocks: nothing is served yet. */
static int open_store(struct service *service)
{
    const struct mf_config *config = service->config;
    char why[MF_LEDGER_WHY_BYTES_MAX];
    int rc;

    if (config->state_dir == NULL) {
        mf_log(MF_LOG_ERROR, MF_E_CONFIG, NULL,
               "there is no home directory to keep files in: name one with --state-dir");
        return MF_E_CONFIG;
    }
    rc = mf_store_open(config->state_dir, &service->store, why);
    if (rc == 0) {
        rc = mf_store_set_bytes_max(service->store, config->store_bytes_max);
        MF_ASSERT(rc == 0); /* Fails only without memory. */
        struct mf_vault_options vault = {.store = service->store,
                                         .state_dir = config->state_dir,
                                         .key_path = config->vault_key_path,
                                         .previous_key_paths = config->vault_previous_key_paths,
                                         .previous_keys_count = config->vault_previous_keys_count};
        service->queue = mf_store_queue_new(&service->loop, service->store);
        vault.queue = service->queue;
        rc = mf_vault_open(&vault, &service->vault, why);
    }
    if (rc == 0) {
        struct mf_tenants_options tenants = {
            .store = service->store, .queue = service->queue, .admin_token_path = config->admin_token_path};
        rc = mf_tenants_open(&tenants, &service->tenants, why);
    }
    if (rc == 0) {
        rc = mf_ledger_open(&service->loop, service->store, service->queue, config->state_dir,
                            &service->ledger, why);
    }
    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
    }
    return rc;
}

static int open_rooms(struct service *service)
{
    const struct mf_config *config = service->config;
    struct mf_pool_options pool = {.config = config, .on_started = pool_started, .user = service};
    struct mf_api_options api = {
        .config = service->config,
        .store = service->store,
        .queue = service->queue,
        .vault = service->vault,
        .tenants = service->tenants,
    };
    char why[MF_JAIL_WHY_BYTES_MAX] = "";
    int rc = mf_egress_open(&service->loop, config, service->vault, &service->egress, why);

    if (rc == 0) {
        rc = mf_pool_open(&service->loop, &pool, &service->pool, why);
    }
    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
        return rc;
    }
    struct mf_admit_options admit = mf__admit_options_of(config, service->pool);
    service->admit = mf_admit_new(&admit);
    api.pool = service->pool;
    api.admit = service->admit;
    api.egress = service->egress;
    api.ledger = service->ledger;
    rc = mf_api_open(&service->loop, &api, &service->api);
    return rc < 0 ? rc : open_server(service);
}

static void watchdog_due(uv_timer_t *timer)
{
    (void)timer;
    mf__systemd_notify("WATCHDOG=1"); /* The loop turns; executors have a watchdog of their own. */
}

static int open_watchdog(struct service *service)
{
    uint64_t ms = mf__systemd_watchdog_ms();
    int rc = uv_timer_init(&service->loop, &service->watchdog);

    return rc == 0 && ms > 0 ? uv_timer_start(&service->watchdog, watchdog_due, ms, ms) : rc;
}

static void open_handles(struct service *service)
{
    int rc = uv_loop_init(&service->loop);

    if (rc == 0) {
        rc = uv_signal_init(&service->loop, &service->sigterm);
    }
    if (rc == 0) {
        rc = uv_signal_init(&service->loop, &service->sigint);
    }
    if (rc == 0) {
        rc = uv_signal_init(&service->loop, &service->sighup);
    }
    if (rc == 0) {
        rc = uv_timer_init(&service->loop, &service->drain_timer);
    }
    if (rc == 0) {
        rc = open_watchdog(service);
    }
    service->sigterm.data = service;
    service->sigint.data = service;
    service->sighup.data = service;
    service->drain_timer.data = service;
    if (rc == 0) {
        rc = uv_signal_start(&service->sigterm, on_signal, SIGTERM);
    }
    if (rc == 0) {
        rc = uv_signal_start(&service->sigint, on_signal, SIGINT);
    }
    if (rc == 0) {
        rc = uv_signal_start(&service->sighup, on_hangup, SIGHUP);
    }
    MF_ASSERT(rc == 0); /* No descriptors at the very start: nothing could be served. */
}

/* No core file, not even through a pipe (core(5): a limit of 1 stops both kinds), no debugger of the same user, and all
 * descriptors that we may have. */
static void set_limits(void)
{
    struct rlimit core = {1, 1};
    struct rlimit files;

    if (setrlimit(RLIMIT_CORE, &core) < 0) {
        mf_log(MF_LOG_WARN, -errno, NULL, "core dumps could not be switched off");
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
        mf_log(MF_LOG_WARN, -errno, NULL, "this process stays open to its user's debuggers");
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
            mf_log(MF_LOG_WARN, -errno, NULL, "the limit of open files could not be raised");
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
}

/* What open_store left when a later room could not be opened; with a pool the process ends as it is. */
static void close_early(struct service *service)
{
    if (service->pool != NULL) {
        return;
    }
    close_handles(service);
    if (service->egress != NULL) {
        mf_egress_close(service->egress, NULL, NULL);
    }
    if (service->ledger != NULL) {
        mf_ledger_close(service->ledger, NULL, NULL);
    }
    if (service->queue != NULL) {
        mf_store_queue_close(service->queue, NULL, NULL);
    }
    (void)uv_run(&service->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&service->loop);
}

/* Before a descriptor is opened that could be taken for one of them. */
static int take_sockets(struct service *service)
{
    char why[MF__SYSTEMD_WHY_BYTES_MAX] = "";
    int rc = mf__systemd_sockets(service->inherited, MF_COUNT_OF(service->inherited),
                                 service->config->admin_token_path != NULL, &service->inherited_count, why);

    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
    }
    return rc;
}

int mf_service_run(const struct mf_config_args *args, MF_OWN struct mf_config *config)
{
    struct service *service = mf_new(sizeof *service);
    int rc;

    service->args = *args;
    service->config = config;
    rc = take_sockets(service);
    if (rc < 0) {
        mf_config_unref(config);
        mf_free(service);
        return rc;
    }
    set_limits();
    open_handles(service);
    rc = open_store(service);
    uv_update_time(&service->loop); /* A large one is looked at for many seconds; times that begin now are not over by then. */
    if (rc == 0) {
        rc = open_rooms(service);
    }
    if (rc == 0) {
        (void)uv_run(&service->loop, UV_RUN_DEFAULT);
        rc = uv_loop_close(&service->loop);
        MF_ASSERT(rc == 0); /* A handle that nobody closed is a bug. */
        rc = service->error;
    } else {
        close_early(service);
    }
    mf_tenants_close(service->tenants);
    mf_vault_close(service->vault);
    mf_store_close(service->store);
    mf_admit_free(service->admit);
    mf_config_unref(service->reload.config);
    mf_config_unref(service->config);
    mf_free(service);
    return rc;
}
