/* compatibility.h - compatibilityDate and compatibilityFlags: checked with Cloudflare's own texts. Pure.
 * Source: shared semantics of https://developers.cloudflare.com/workers/configuration/compatibility-dates/. */
#ifndef MAYFLY_API_COMPATIBILITY_H
#define MAYFLY_API_COMPATIBILITY_H

#include <mayfly/base.h>

/* The first fault of |date| ("2026-09-01") as a sentence in |ret_why|: MF_E_API_CODE. Not in the future of |now_unix_ms|. */
MF_MUST_CHECK int
mf__compatibility_check_date(struct mf_slice date, uint64_t now_unix_ms, struct mf_buf *ret_why);
/* The first fault of a set of flags: unknown, twice, or contradictory. */
MF_MUST_CHECK int
mf__compatibility_check_flags(const struct mf_slice *flags, size_t count, struct mf_buf *ret_why);

#endif
