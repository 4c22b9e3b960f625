/* diff.h - two texts, line by line: what became what, as a unified diff. Pure.
 *
 * Source: Myers, An O(ND) Difference Algorithm and Its Variations, 1986. Past MF_WORKSPACE_DIFF_EDITS_MAX edits what differs is told as one
 * removal and one addition, which is as true and longer. */
#ifndef MAYFLY_WORKSPACE_DIFF_H
#define MAYFLY_WORKSPACE_DIFF_H

#include <mayfly/base.h>

struct diff_side {
    const char *mark; /* "a" or "b" in front of the name; NULL: there is no such file. */
    struct mf_slice name;
    struct mf_slice text;
};

/* Appends nothing when they are equal, and a sentence when either is binary. MF_E_FS_EFBIG: too many lines, or more than |out| holds. */
MF_MUST_CHECK int
mf__diff(struct mf_buf *out, const struct diff_side *from, const struct diff_side *to, size_t context);

#endif
