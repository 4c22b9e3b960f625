/* json_digest.h - one number for one JSON value, however it is written: blanks, the order of members, escapes and forms of a number do
 * not count. Pure; no memory; time grows with the text alone. Equal digests are equal values, but for a chance that nobody who does not know
 * this process's key can better: good for comparisons inside of it, and for nothing else. */
#ifndef MAYFLY_API_JSON_DIGEST_H
#define MAYFLY_API_JSON_DIGEST_H

#include <mayfly/base.h>

/* |text| was checked (mf__json_text_check). */
uint64_t mf__json_digest(struct mf_slice text);

#endif
