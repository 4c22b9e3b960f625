/* mayfly/api.h - the REST API: routes, the checks before them, and the life of one run as HTTP sees it.
 *
 * Use:      mf_api_open; give mf_api_on_request to the server (net.h); mf_api_close once no exchange is left.
 * Threads:  [loop] everything; large bodies are parsed on libuv's worker threads, with plain data.
 * Owns:     all of the options are borrowed and must outlive the api, but the queue: it is closed first.
 * Limits:   MF_API_*, MF_RUN_*, and what the config says.
 * Fails:    every refusal is problem+json (RFC 9457) with a code of errors.h.
 * Not here: bytes of HTTP (http, net), executors (pool), secrets (vault), who callers are (tenant).
 */
#ifndef MAYFLY_API_H
#define MAYFLY_API_H

#include <uv.h>

#include <mayfly/admit.h>
#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/ledger.h>
#include <mayfly/net.h>
#include <mayfly/outbound.h>
#include <mayfly/pool.h>
#include <mayfly/store.h>
#include <mayfly/tenant.h>
#include <mayfly/vault.h>

struct mf_api;

struct mf_api_options {
    struct mf_config *config;
    struct mf_pool *pool;
    struct mf_admit *admit;
    struct mf_store *store;
    struct mf_store_queue *queue;
    struct mf_vault *vault;
    struct mf_tenants *tenants; /* NULL: nobody is asked for a token. */
    struct mf_egress *egress;
    struct mf_ledger *ledger; /* Closed before the api. */
};

MF_MUST_CHECK int
mf_api_open(uv_loop_t *loop, const struct mf_api_options *options, MF_OWN struct mf_api **ret_api);
/* The server's on_request; |api| is the struct mf_api. */
void mf_api_on_request(void *api, struct mf_exchange *exchange);
/* The server's on_over: it is counted, and is a line of the log, if the config wants one. */
void mf_api_on_over(void *api, const struct mf_exchange *exchange, const struct mf_exchange_over *over);
/* The server's body_bytes_max_of, likewise: files are streamed and may be larger than what is held in memory. */
uint64_t mf_api_body_bytes_max(void *api, struct mf_slice path);
/* Could the files that |config| names for the api be read? MF_E_CONFIG and a sentence in |ret_why|, which has MF_LOG_LINE_BYTES_MAX
 * and nothing of a secret. Blocks. */
MF_MUST_CHECK int mf_api_check(const struct mf_config *config, char *ret_why);
/* Those files are read again, likewise, for mf_api_configure. */
MF_MUST_CHECK int mf_api_reload(struct mf_api *api, char *ret_why);
/* |config| takes the place of the one that it had, for calls that come from now on. */
void mf_api_configure(struct mf_api *api, struct mf_config *config);
/* From here on /readyz says no, so that nobody sends more. What comes all the same is served. */
void mf_api_leave(struct mf_api *api);
/* From here on runs are refused. */
void mf_api_drain(struct mf_api *api);
/* No exchange and no run is left. Calls back when the api's own handles are closed and it is freed. */
void mf_api_close(MF_OWN struct mf_api *api, void (*on_closed)(void *user), void *user);

#endif
