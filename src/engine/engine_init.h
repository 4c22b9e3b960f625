/* V8's one-time start. */
#ifndef MAYFLY_ENGINE_INIT_H
#define MAYFLY_ENGINE_INIT_H

namespace mf
{

/* MF_E_CONFIG when V8 does not know one of |flags| (may be NULL). */
int engine_init_v8(const char *flags, bool is_jitless);

} // namespace mf
#endif
