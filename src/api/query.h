/* query.h - the query of a request's target as names and values. Pure. Source: https://url.spec.whatwg.org/#urlencoded-parsing */
#ifndef MAYFLY_API_QUERY_H
#define MAYFLY_API_QUERY_H

#include <mayfly/base.h>

/* Walks: *cursor starts at 0. 1 and a parameter with its escapes taken off, in buffers that it resets first; 0 at the end;
 * MF_E_API_FIELD: an escape is not one, a text is no UTF-8 or has a NUL, or is larger than its buffer may be. */
MF_MUST_CHECK int
mf__query_next(struct mf_slice query, size_t *cursor, struct mf_buf *ret_name, struct mf_buf *ret_value);

#endif
