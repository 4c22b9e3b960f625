/* mayfly/snapshot.h - the startup snapshot that the build made of the runtime, as it lies in this program's text.
 *
 * Use:      give mf_snapshot_blob() to struct mf_engine_options.
 * Threads:  [any].
 * Owns:     static storage.
 * Limits:   none.
 * Fails:    never; mf_engine_init says MF_E_CONFIG when it is of another build.
 * Not here: how it is made (cmake/snapshot.cmake, src/runtime/main_snapshot.c, src/engine/snapshot.cc).
 */
#ifndef MAYFLY_SNAPSHOT_H
#define MAYFLY_SNAPSHOT_H

#include <mayfly/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mf_slice mf_snapshot_blob(void);

#ifdef __cplusplus
}
#endif
#endif
