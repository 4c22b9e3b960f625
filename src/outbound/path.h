/* path.h - the two ways to read a path, so that a rule cannot be passed by spelling it differently. Pure.
 *
 * "/%76%31/x", "//v1/x" and "/a%2f..%2fv1" are one thing to the URL Standard and another to many servers. A path has a plain
 * reading (escapes of unreserved characters decoded) and a loose one (every escape decoded, "\" and "//" made "/", ";..." of
 * a segment cut off). A rule that opens something needs its prefix to fit both; a rule that denies needs either.
 * Source: https://www.rfc-editor.org/rfc/rfc3986 sections 2.3, 6.2.2. */
#ifndef MAYFLY_OUTBOUND_PATH_H
#define MAYFLY_OUTBOUND_PATH_H

#include <mayfly/base.h>

/* 1 for ".", 2 for "..", written out or escaped; else 0. */
int mf__path_dots(struct mf_slice segment);
/* True when a "." or ".." stands in any reading of |path|: a serialised URL has none that can be seen, and a hidden one
 * ("..%2f", "..;") is there to deceive. */
bool mf__path_climbs(struct mf_slice path);

/* Both readings, appended. The results begin with "/". */
MF_MUST_CHECK int mf__path_read_plain(struct mf_slice path, struct mf_buf *out);
MF_MUST_CHECK int mf__path_read_loose(struct mf_slice path, struct mf_buf *out);

/* True when |prefix| is |path| or ends before a "/" of it: "/v1" fits "/v1" and "/v1/x", never "/v1x"; "/v1/" fits
 * "/v1/x" only. */
bool mf__path_has_prefix(struct mf_slice path, struct mf_slice prefix, bool ignores_case);

#endif
