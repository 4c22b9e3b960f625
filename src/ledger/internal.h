/* internal.h - what the files of the ledger share.
 *
 * <dir>/usage/ holds segments, "0000000000000001.log" and so on, that only grow. The store knows up to where they are summed up
 * (struct mf_store_usage_mark); a segment that is behind that is deleted. */
#ifndef MAYFLY_LEDGER_INTERNAL_H
#define MAYFLY_LEDGER_INTERNAL_H

#include <mayfly/ledger.h>

/* ---- record.c: one record as bytes. Pure ---------------------------------------------------------- */

/* A head of 8 bytes, size and CRC-32 of what follows, then numbers little-endian, then texts. */
MF_MUST_CHECK int mf__ledger_encode(struct mf_buf *out, const struct mf_ledger_run *run);
/* The record at the front of |bytes|: its size, and slices that point into |bytes|. 0: it is cut off; MF_E_STORE_FILE: damaged. */
MF_MUST_CHECK int mf__ledger_decode(struct mf_slice bytes, struct mf_ledger_run *ret_run);

/* ---- segment.c: the files. [any], blocking --------------------------------------------------------- */

#define LEDGER_PATH_BYTES_MAX (MF_STORE_PATH_BYTES_MAX + 64)

void mf__segment_path(const char *dir, uint64_t number, char ret_path[LEDGER_PATH_BYTES_MAX]);
/* Makes the directory; the least and the greatest number in it, 0 when it is empty. */
MF_MUST_CHECK int mf__segments_find(const char *dir, uint64_t *ret_first, uint64_t *ret_last, char *ret_why);
/* A new one, open to write. */
MF_MUST_CHECK int mf__segment_new(const char *dir, uint64_t number, int *ret_fd);
/* Looks at everything from |offset| on. What is no whole record at the end of the last one is cut off; any other damage, and a whole
 * record behind it, is MF_E_STORE_FILE. */
MF_MUST_CHECK int
mf__segment_repair(const char *dir, uint64_t number, uint64_t offset, bool is_last, char *ret_why);

/* ---- sum.c: [worker] --------------------------------------------------------------------------------- */

/* Brings one piece of the segments to the disk and into the store's sums: from the store's mark on, at most MF_LEDGER_SUM_BYTES_MAX,
 * not beyond |until|. 1: there is more; 0: the mark is at |until|. */
MF_MUST_CHECK int
mf__ledger_sum(struct mf_store *store, const char *dir, const struct mf_store_usage_mark *until);

#endif
