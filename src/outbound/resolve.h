/* resolve.h - names to addresses, by c-ares on the loop: nothing blocks, nothing is asked of a search list or an alias file.
 *
 * Use:      mf__resolve; its on_done, or mf__lookup_cancel.
 * Threads:  [loop]
 * Owns:     a lookup is gone after on_done or mf__lookup_cancel. The addresses are borrowed for the call.
 * Limits:   MF_UPSTREAM_ADDRESSES_MAX, MF_UPSTREAM_NAMES_MAX, MF_UPSTREAM_NAME_MS_MAX. How long one may take is its owner's to say.
 * Fails:    MF_E_UPSTREAM_DNS. on_done never comes inside a function of this file.
 * Not here: whether an address may be used (address.h): whoever asks checks all of them, each time.
 *
 * Several lookups of one name share one question. Answers are kept for as long as they say, at most
 * MF_UPSTREAM_NAME_MS_MAX; those that failed are not kept.
 */
#ifndef MAYFLY_OUTBOUND_RESOLVE_H
#define MAYFLY_OUTBOUND_RESOLVE_H

#include <sys/socket.h>

#include <uv.h>

#include <mayfly/base.h>

struct mf__resolver;
struct mf__lookup;

/* |servers| are "192.0.2.1", "192.0.2.1:53" or "[2001:db8::1]:53"; none: those of /etc/resolv.conf, which is read again when
 * it changes. MF_E_CONFIG. */
MF_MUST_CHECK int mf__resolver_open(uv_loop_t *loop,
                                    char *const *servers,
                                    size_t servers_count,
                                    MF_OWN struct mf__resolver **ret_resolver);
/* No lookup is left. */
void mf__resolver_close(MF_OWN struct mf__resolver *resolver, void (*on_closed)(void *user), void *user);

typedef void mf__resolved_fn(void *user, int error, const struct sockaddr_storage *addresses, size_t count);

/* |host| is a name, not an address. The ports of the answers are 0. */
MF_MUST_CHECK int mf__resolve(struct mf__resolver *resolver,
                              const char *host,
                              mf__resolved_fn *on_done,
                              void *user,
                              struct mf__lookup **ret_lookup);
void mf__lookup_cancel(MF_OWN struct mf__lookup *lookup);

#endif
