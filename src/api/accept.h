/* accept.h - what a caller of a run would rather have: the envelope or the worker's own response. Pure. */
#ifndef MAYFLY_API_ACCEPT_H
#define MAYFLY_API_ACCEPT_H

#include <mayfly/base.h>

/* True: application/json. |is_standard| is the answer where the header (empty: there is none) has no preference, such as
 * "application/json, text/plain", which some libraries send with everything. */
bool mf__accept_wants_json(struct mf_slice accept, bool is_standard);

#endif
