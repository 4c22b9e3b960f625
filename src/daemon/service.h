/* service.h - the daemon between its start and its end: loop, listeners, pool, api, signals. */
#ifndef MAYFLY_DAEMON_SERVICE_H
#define MAYFLY_DAEMON_SERVICE_H

#include <mayfly/base.h>
#include <mayfly/config.h>

/* Serves until SIGTERM or SIGINT, then drains: 0. Below zero: it could not start; the log says why. Takes |config|, which was loaded
 * with |args|; SIGHUP loads it anew. */
MF_MUST_CHECK int mf_service_run(const struct mf_config_args *args, MF_OWN struct mf_config *config);

#endif
