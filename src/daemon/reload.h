/* reload.h - SIGHUP: the config is read again and takes the old one's place, or is refused whole.
 *
 * Threads:  [loop]; reads a few files, which blocks.
 * Fails:    the log says why, and nothing has changed. */
#ifndef MAYFLY_DAEMON_RELOAD_H
#define MAYFLY_DAEMON_RELOAD_H

#include <mayfly/admit.h>
#include <mayfly/api.h>
#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/net.h>
#include <mayfly/outbound.h>
#include <mayfly/pool.h>
#include <mayfly/tenant.h>

struct mf__reload {
    struct mf_config_args args;
    struct mf_config *started; /* What is read at the start only stays as it is here. */
    struct mf_config *config;  /* In force; another one after a reload. Both are references. */
    bool has_own_listeners;    /* The config's addresses are served, not sockets that were handed over. */
    struct mf_api *api;
    struct mf_server *server;
    struct mf_egress *egress;
    struct mf_tenants *tenants;
    struct mf_admit *admit;
    struct mf_pool *pool;
};

MF_MUST_CHECK int mf__reload(struct mf__reload *reload);

/* The numbers of the config for the rooms that take them apart. */
struct mf_admit_options mf__admit_options_of(const struct mf_config *config, struct mf_pool *pool);
struct mf_server_options mf__server_options_of(const struct mf_config *config, struct mf_api *api);

#endif
