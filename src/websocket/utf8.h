/* utf8.h - is a text that comes in pieces UTF-8? Says no at the first byte that no valid text could have there. */
#ifndef MAYFLY_WEBSOCKET_UTF8_H
#define MAYFLY_WEBSOCKET_UTF8_H

#include <mayfly/base.h>

/* Zeroed storage is ready. */
struct utf8 {
    uint8_t missing; /* Bytes of a character that has begun. */
    uint8_t low;     /* What the next one may be, with |missing|. */
    uint8_t high;
};

bool utf8_take(struct utf8 *utf8, struct mf_slice piece);

/* May the text end here? */
static inline bool utf8_is_whole(const struct utf8 *utf8)
{
    return utf8->missing == 0;
}

#endif
