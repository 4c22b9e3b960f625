/* text.h - UTF-8 and JSON escapes, inside src/base: shared by slice.c, text.c and log.c. */
#ifndef MAYFLY_SRC_BASE_TEXT_H
#define MAYFLY_SRC_BASE_TEXT_H

#include <mayfly/base.h>

struct mf_utf8_step {
    uint32_t point; /* U+FFFD when not valid. */
    uint8_t size;   /* Bytes to go on by: 1 to 4. Of ill-formed text the maximal subpart (Unicode 3.9, table
                       3-8). */
    bool is_valid;
};

/* |text| has at least one byte. */
struct mf_utf8_step mf_utf8_next(struct mf_slice text);

#define MF_JSON_ESCAPE_BYTES_MAX 6 /* \u2028 */

/* Writes what stands for the front of |text| inside a JSON string to |out| (MF_JSON_ESCAPE_BYTES_MAX, no
 * NUL); returns its size, and in *ret_consumed the bytes of |text| that it stands for. |text| has at least
 * one byte. */
size_t mf_json_escape_next(struct mf_slice text, char *out, size_t *ret_consumed);

#endif
