/* What happens when an isolate spends too much memory: collect, end the run, and at the very last park the thread. */
#ifndef MAYFLY_ENGINE_HEAP_H
#define MAYFLY_ENGINE_HEAP_H

#include <v8.h>

#include <cstdint>

struct mf_isolate;

namespace mf
{

/* The young generation and V8's own limit, before there is an isolate. */
void heap_configure(v8::ResourceConstraints *constraints, uint64_t heap_bytes_max);
/* Handlers of a new isolate. */
void heap_install(mf_isolate *isolate);
/* The run's own limit replaces the one the isolate was made with. */
void heap_set_limit(mf_isolate *isolate, uint64_t bytes_max);

/* account.cc: a charge passed the limit. Called from inside V8's allocator: only asks. */
void heap_over_limit(mf_isolate *isolate, uint64_t total, uint64_t limit);

void heap_oom(const char *where, const v8::OOMDetails &details);
void heap_fatal(const char *where, const char *message);

} // namespace mf
#endif
