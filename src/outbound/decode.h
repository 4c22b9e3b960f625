/* decode.h - content codings of an answer's body: gzip, deflate, br. Pure, in steps of bounded size: how much one byte may
 * become is the caller's to count.
 *
 * Sources: RFC 9110 section 8.4.1, RFC 1950 to 1952, RFC 7932. "deflate" is read as zlib's form or, as many servers send it,
 * without its frame. */
#ifndef MAYFLY_OUTBOUND_DECODE_H
#define MAYFLY_OUTBOUND_DECODE_H

#include <mayfly/base.h>

enum mf__coding {
    MF__CODING_NONE,
    MF__CODING_GZIP,
    MF__CODING_DEFLATE,
    MF__CODING_BR,
    MF__CODING_OTHER, /* Unknown, or several one after the other. */
};

/* Of a header list (name NUL value NUL). */
enum mf__coding mf__coding_of(struct mf_slice headers);

struct mf__decode;

/* Not for NONE and OTHER. NULL: no memory, or too much of it is in decoders already. */
MF_OWN struct mf__decode *mf__decode_new(enum mf__coding coding);
void mf__decode_free(MF_OWN struct mf__decode *decode); /* NULL is fine. */
/* Takes bytes off the front of *in and writes up to |size| to |space|. 0: what came out stands in *ret_written; call again as
 * long as that is not 0 or *in is not empty. MF_E_UPSTREAM_RESPONSE: it is not what it says. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__decode_step(struct mf__decode *decode,
                                  struct mf_slice *in,
                                  uint8_t *space,
                                  size_t size,
                                  size_t *ret_written);
/* All bytes came, and _step has nothing left: was it whole? */
bool mf__decode_is_whole(const struct mf__decode *decode);

#endif
