/* <mayfly/engine.h> as C++ reads it: there a struct and a function of one name shadow each other. */
#ifndef MAYFLY_ENGINE_DOOR_H
#define MAYFLY_ENGINE_DOOR_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <mayfly/engine.h>
#pragma GCC diagnostic pop

namespace mf
{

/* For a result whose failure leaves nothing to do: an exception is under way, or the run is ending. */
template <class T> inline void ignore(const T &)
{
}

} // namespace mf
#endif
