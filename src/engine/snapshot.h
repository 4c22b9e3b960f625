/* The blob that mayfly-mksnapshot writes: V8's snapshot with the runtime in it, and code caches of the lazy scripts. */
#ifndef MAYFLY_ENGINE_SNAPSHOT_H
#define MAYFLY_ENGINE_SNAPSHOT_H

#include <v8.h>

#include "door.h"

namespace mf
{

/* MF_E_CONFIG when the blob is not one, or one of another program or V8. Empty is fine: no snapshot. */
int snapshot_use(mf_slice blob);
/* NULL when there is none. */
const v8::StartupData *snapshot_startup();
/* Of script |index|; empty when there is none. */
mf_slice snapshot_code_cache(size_t index);

} // namespace mf
#endif
