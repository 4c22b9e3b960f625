/* upload.h - the body of a fetch's request on its way out: what waits, and as long as it is small all of it, so that it can be
 * sent again. Pure. */
#ifndef MAYFLY_OUTBOUND_UPLOAD_H
#define MAYFLY_OUTBOUND_UPLOAD_H

#include <mayfly/base.h>

struct mf__upload {
    struct mf_buf bytes;
    size_t sent;      /* Of |bytes|. */
    uint64_t dropped; /* Bytes before |bytes|, which are gone. */
    bool is_whole;    /* The end has come. */
    int error;        /* The worker broke it off. */
};

/* |held_max|: what may be kept to be sent again, besides a window that waits. */
void mf__upload_init(struct mf__upload *upload, size_t held_max);
void mf__upload_done(struct mf__upload *upload);
/* From here on more is kept: all of it is needed at once. */
void mf__upload_hold(struct mf__upload *upload, size_t held_max);
/* MF_E_TOO_LARGE: more than was allowed to wait. */
MF_MUST_CHECK int mf__upload_append(struct mf__upload *upload, struct mf_slice bytes);
/* |error| 0: it is whole. */
void mf__upload_end(struct mf__upload *upload, int error);
/* Up to |size| bytes to |space|; 0 with *ret_is_end false: more are to come. MF_E_*: it broke off. */
int64_t mf__upload_read(struct mf__upload *upload, uint8_t *space, size_t size, bool *ret_is_end);
/* Back to the first byte; false when it is gone. */
bool mf__upload_rewind(struct mf__upload *upload);
/* All of it; only when it is whole and nothing is gone. */
bool mf__upload_peek(const struct mf__upload *upload, struct mf_slice *ret_bytes);
/* How many bytes there are, that are gone included. */
uint64_t mf__upload_total(const struct mf__upload *upload);

#endif
