/* Stacks of modules whose text was moved before it ran: in them, places are those of the source that was sent. */
#ifndef MAYFLY_ENGINE_STACK_H
#define MAYFLY_ENGINE_STACK_H

#include <v8.h>

#include <string>

struct mf_isolate;

namespace mf
{

/* From now on V8 asks the runtime's formatter for the text of a stack. Not for isolates that need none: Error.prepareStackTrace
 * is V8's own matter there. */
void stack_install(v8::Isolate *isolate);

/* |line| and |column| of the module |name| become those of its source. False: they are, or nobody knows better. */
bool stack_map(mf_isolate *isolate, const std::string &name, int *line, int *column);

} // namespace mf
#endif
