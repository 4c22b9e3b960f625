/* Where a text stood before a compiler moved it: the "mappings" of a source map with one source. Pure.
 *
 * https://tc39.es/ecma426/#sec-mappings: lines parted by ';', segments by ',', numbers as differences in base64 VLQ.
 */
#ifndef MAYFLY_ENGINE_MAPPINGS_H
#define MAYFLY_ENGINE_MAPPINGS_H

#include "door.h"

namespace mf
{

/* |line| and |column|, both from 1, of the text that runs become those of its source: of the last segment that begins
 * there or before. False when there is none, or a segment before it cannot be read. */
bool mappings_find(mf_slice mappings, int *line, int *column);

} // namespace mf
#endif
