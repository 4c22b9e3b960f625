/* redact.h - takes secrets out of a stream of bytes: an upstream may echo the credential that was sent to it. Pure.
 *
 * Use:      mf__needles_new, mf__needles_add for each secret, mf__needles_compile; then for each stream (a header value, a
 *           body) mf__redact_new, mf__redact_feed for each chunk, mf__redact_end, mf__redact_free.
 * Threads:  [any] needles are immutable once compiled and may serve many streams; a stream belongs to one thread.
 * Owns:     the secrets' bytes are copied, and wiped in mf__needles_unref; they have no accessor.
 * Limits:   MF_REDACT_*. What a stream holds back is bounded by the longest needle.
 * Not here: compressed bodies (ask for identity), a secret cut in two by something else, a digest of it, its bytes in
 *           another order. It is best effort; docs/outbound.md says so.
 *
 * What is found, wherever chunks are cut: the bytes themselves; base64 and base64url with the secret at any of the three
 * alignments; hexadecimal, lower and upper case; and all of these again under percent-encoding (both cases, "+" for a
 * space) and under JSON's escapes (\uXXXX in both cases, surrogate pairs, \/, \", \\, \n ..., and \xXX), any byte of them escaped
 * or not.
 * A secret of fewer than MF_REDACT_SECRET_BYTES_MIN bytes is not searched for: it would be found everywhere.
 *
 * How: one Aho-Corasick automaton, which up to four readings of the stream walk (as it is, percent-decoded, JSON-unescaped,
 * and as a form when a secret has a blank). They part at an escape and are one again when none has anything begun; where
 * nothing begins, which is nearly everywhere, two bytes at a time are looked up in a bitmap. A byte is read a bounded number
 * of times, whatever stands there. */
#ifndef MAYFLY_OUTBOUND_REDACT_H
#define MAYFLY_OUTBOUND_REDACT_H

#include <mayfly/base.h>

/* ---- what to look for -------------------------------------------------------------------------- */

struct mf__needles;

MF_OWN struct mf__needles *mf__needles_new(void);
/* One secret in all its forms. *ret_is_short (may be NULL): it is too short and was left out. MF_E_TOO_LARGE past
 * MF_REDACT_SECRET_BYTES_MAX or MF_REDACT_NODES_MAX: do not send the request then. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__needles_add(struct mf__needles *needles, struct mf_slice secret, bool *ret_is_short);
/* Nothing may be added afterwards. */
MF_MUST_CHECK int mf__needles_compile(struct mf__needles *needles);
void mf__needles_ref(struct mf__needles *needles);
void mf__needles_unref(MF_OWN struct mf__needles *needles); /* NULL is fine. */
bool mf__needles_is_empty(const struct mf__needles *needles);

/* ---- one stream ---------------------------------------------------------------------------------- */

#define MF__REDACTED "[redacted]"

struct mf__redact;

/* |needles| gets a reference. NULL: no memory. |blocks|: the first find ends it with MF_E_OUTBOUND_ECHO instead of being replaced. */
MF_OWN struct mf__redact *mf__redact_new(struct mf__needles *needles, bool blocks);
void mf__redact_free(MF_OWN struct mf__redact *redact); /* NULL is fine. */
/* Appends to |out| what may go on; at most the bytes held back, |chunk|, and MF__REDACTED for each find. Nothing of a find is ever
 * appended, in part neither. MF_E_OUTBOUND_ECHO, MF_E_TOO_LARGE (|out|), MF_E_NO_MEMORY: the stream is over. */
MF_MUST_CHECK int mf__redact_feed(struct mf__redact *redact, struct mf_slice chunk, struct mf_buf *out);
/* The rest. */
MF_MUST_CHECK int mf__redact_end(struct mf__redact *redact, struct mf_buf *out);
/* |redact|'s successor, which knows nothing of what went through it. NULL: no memory; |redact| is freed all the same. */
MF_OWN struct mf__redact *mf__redact_again(MF_OWN struct mf__redact *redact);
/* How many finds were replaced; two that overlap count as one. */
uint64_t mf__redact_count(const struct mf__redact *redact);

/* All of a text at once, such as a header value. *ret_count (may be NULL) adds up. */
MF_MUST_CHECK int mf__redact_text(struct mf__needles *needles,
                                  struct mf_slice text,
                                  bool blocks,
                                  struct mf_buf *out,
                                  uint64_t *ret_count);

#endif
