/* egress.c - all of it: what the config says, whose turn it is, where no request may go. */
#include <stdio.h>

#include "egress.h"

/* ---- where no request may go ------------------------------------------------------------------------ */

/* The addresses of this machine: with a listener on all of them, each of them is the daemon. They may change. */
static void read_own(struct mf_egress *egress)
{
    uv_interface_address_t *interfaces = NULL;
    uint64_t now_ns = mf_clock_now_ns();
    int count = 0;

    if (egress->own_ns != 0 && now_ns - egress->own_ns < MF_UPSTREAM_INTERFACES_MS * MF_NS_PER_MS) {
        return;
    }
    if (uv_interface_addresses(&interfaces, &count) < 0) {
        return; /* As they were. */
    }
    egress->own_ns = now_ns;
    egress->own_count = 0;
    for (int i = 0; i < count && egress->own_count < MF_COUNT_OF(egress->own); i++) {
        struct sockaddr_storage *own = &egress->own[egress->own_count++];
        if (interfaces[i].address.address4.sin_family == AF_INET) {
            memcpy(own, &interfaces[i].address.address4, sizeof interfaces[i].address.address4);
        } else {
            memcpy(own, &interfaces[i].address.address6, sizeof interfaces[i].address.address6);
        }
    }
    uv_free_interface_addresses(interfaces, count);
}

bool mf__egress_may_use(struct mf_egress *egress, const struct mf__rule *rule, const struct sockaddr *address)
{
    read_own(egress);
    struct mf__own_addresses own = {.listeners = egress->listeners,
                                    .listeners_count = egress->listeners_count,
                                    .own = egress->own,
                                    .own_count = egress->own_count};
    return mf__address_allowed(address, rule->ranges, rule->ranges_count, &own, NULL);
}

void mf_egress_listener(struct mf_egress *egress, const struct sockaddr *address)
{
    size_t size = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    MF_ASSERT(egress->listeners_count < MF_COUNT_OF(egress->listeners));
    memcpy(&egress->listeners[egress->listeners_count++], address, size);
}

void mf__set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET) {
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
    } else {
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    }
}

bool mf__literal(const struct mf__host *host, struct sockaddr_storage *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    if (host->kind == MF__HOST_V4) {
        ret_address->ss_family = AF_INET;
        memcpy(&((struct sockaddr_in *)(void *)ret_address)->sin_addr, host->address, 4);
    } else if (host->kind == MF__HOST_V6) {
        ret_address->ss_family = AF_INET6;
        memcpy(&((struct sockaddr_in6 *)(void *)ret_address)->sin6_addr, host->address, 16);
    }
    return host->kind != MF__HOST_NAME;
}

/* ---- turns ------------------------------------------------------------------------------------------------ */

static bool has_turn(const struct mf_egress *egress, unsigned depth)
{
    return egress->depths[depth].active < egress->active_max &&
           !mf_list_is_empty(&egress->depths[depth].waiting);
}

/* One fetch of each run that waits, round and round, as long as there are places. */
static void turn_due(uv_timer_t *timer)
{
    struct mf_egress *egress = timer->data;

    for (unsigned depth = 0; depth < MF_POOL_DOMAINS_MAX; depth++) {
        while (has_turn(egress, depth)) {
            struct mf_list *link = mf_list_pop_front(&egress->depths[depth].waiting);
            struct mf_egress_run *run = MF_CONTAINER_OF(link, struct mf_egress_run, waiting);
            if (mf__run_begin_next(run)) {
                mf__run_look(run);
            }
        }
    }
}

void mf__egress_schedule(struct mf_egress *egress)
{
    bool has_any = false;

    for (unsigned depth = 0; depth < MF_POOL_DOMAINS_MAX; depth++) {
        has_any = has_any || has_turn(egress, depth);
    }
    if (has_any && !egress->is_closing) {
        (void)uv_timer_start(&egress->turn, turn_due, 0, 0);
    }
}

void mf__egress_take(struct mf_egress_run *run)
{
    run->egress->state.active++;
    run->egress->depths[run->depth].active++;
}

void mf__egress_give_back(struct mf_egress_run *run)
{
    run->egress->state.active--;
    run->egress->depths[run->depth].active--;
}

void mf_egress_set_interceptor(struct mf_egress *egress, const struct mf_interceptor *interceptor, void *user)
{
    egress->interceptor = interceptor;
    egress->interceptor_user = user;
}

/* ---- beginning and end --------------------------------------------------------------------------------------- */

static void read_config(struct mf_egress *egress, const struct mf_config *config)
{
    egress->times = (struct mf__times){.resolve_ms = config->outbound_resolve_ms,
                                       .connect_ms = config->outbound_connect_ms,
                                       .tls_ms = config->outbound_tls_ms,
                                       .wait_ms = config->outbound_wait_ms,
                                       .idle_ms = config->outbound_idle_ms,
                                       .total_ms = config->outbound_total_ms};
    egress->is_trace_propagated = config->is_trace_propagated;
    egress->run_max = config->outbound_run_requests_max;
    egress->active_max = config->outbound_requests_max;
    egress->answer_max = config->outbound_answer_bytes_max;
    egress->decoded_max = config->outbound_decoded_bytes_max;
}

void mf_egress_configure(struct mf_egress *egress, const struct mf_config *config)
{
    read_config(egress, config);
    mf__egress_schedule(egress); /* There may be places now. */
}

int mf_egress_open(uv_loop_t *loop,
                   const struct mf_config *config,
                   struct mf_vault *vault,
                   MF_OWN struct mf_egress **ret_egress,
                   char *ret_why)
{
    struct mf_egress *egress = mf_new(sizeof *egress);
    int rc = mf__upstreams_open(loop, config->outbound_ca_path, &egress->upstreams, ret_why);

    if (rc < 0) {
        mf_free(egress);
        return rc;
    }
    rc = mf__resolver_open(loop, config->outbound_dns_servers, config->outbound_dns_servers_count,
                           &egress->resolver);
    if (rc < 0) {
        (void)snprintf(ret_why, MF_EGRESS_WHY_BYTES_MAX,
                       "/outbound/dnsServers: the resolver cannot start with these");
        mf__upstreams_close(egress->upstreams, NULL, NULL);
        mf_free(egress);
        return rc;
    }
    egress->loop = loop;
    egress->vault = vault;
    for (unsigned depth = 0; depth < MF_POOL_DOMAINS_MAX; depth++) {
        mf_list_init(&egress->depths[depth].waiting);
    }
    (void)uv_timer_init(loop, &egress->turn);
    egress->turn.data = egress;
    egress->tokens = mf__tokens_new(egress);
    read_config(egress, config);
    *ret_egress = egress;
    return 0;
}

static void turn_closed(uv_handle_t *handle)
{
    struct mf_egress *egress = handle->data;
    void (*on_closed)(void *user) = egress->on_closed;
    void *user = egress->user;

    mf_free(egress);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

static void resolver_closed(void *user)
{
    struct mf_egress *egress = user;

    uv_close((uv_handle_t *)&egress->turn, turn_closed);
}

static void upstreams_closed(void *user)
{
    struct mf_egress *egress = user;

    mf__resolver_close(egress->resolver, resolver_closed, egress);
}

static void tokens_closed(void *user)
{
    struct mf_egress *egress = user;

    mf__upstreams_close(egress->upstreams, upstreams_closed, egress);
}

void mf_egress_close(MF_OWN struct mf_egress *egress, void (*on_closed)(void *user), void *user)
{
    MF_ASSERT(egress->runs == 0);
    egress->is_closing = true;
    egress->on_closed = on_closed;
    egress->user = user;
    mf__tokens_close(egress->tokens, tokens_closed, egress);
}

void mf_egress_state(const struct mf_egress *egress, struct mf_egress_state *ret_state)
{
    *ret_state = egress->state;
    ret_state->connections = egress->upstreams->sockets;
}
