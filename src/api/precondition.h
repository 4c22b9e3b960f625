/* precondition.h - If-Match and If-None-Match: a change that happens only to what the caller has seen. Pure.
 * Source: RFC 9110, section 13. */
#ifndef MAYFLY_API_PRECONDITION_H
#define MAYFLY_API_PRECONDITION_H

#include <mayfly/net.h>

struct mf__precondition {
    bool has_match;
    bool has_none_match;
    bool is_too_long; /* It names more than anybody has seen of one thing: it never holds. */
    char match[MF_API_PRECONDITION_BYTES_MAX];
    char none_match[MF_API_PRECONDITION_BYTES_MAX];
};

void mf__precondition_read(const struct mf_request *request, struct mf__precondition *ret_precondition);
/* |etag|: of what is there, with its quotes; NULL: nothing is. 0 or MF_E_API_PRECONDITION. */
MF_MUST_CHECK int mf__precondition_check(const struct mf__precondition *precondition, const char *etag);

#endif
