/* der.h - the little of DER that keys are written in: reading is strict, and neither side allocates.
 *
 * Not OpenSSL's decoders: those try every format and algorithm that they know, take BER, and compute with curves that the input
 * describes. What is read here are bytes of a script's.
 */
#ifndef MAYFLY_CRYPTO_DER_H
#define MAYFLY_CRYPTO_DER_H

#include "crypto.h"

#define DER_INTEGER 0x02
#define DER_BITS 0x03
#define DER_OCTETS 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_SEQUENCE 0x30
#define DER_CONTEXT(number) (0xa0 | (number)) /* Constructed. */
#define DER_CONTEXT_PLAIN(number) (0x80 | (number))

/* ---- reading: each takes one element off the front of |rest|, or leaves it as it is -------- */

/* The contents of the element with this |tag|; definite, shortest length. */
bool der_take(struct mf_slice *rest, uint8_t tag, struct mf_slice *ret_contents);
/* A number of 0 or more in its shortest form, without the zero that keeps it positive. */
bool der_take_uint(struct mf_slice *rest, struct mf_slice *ret_number);
/* Whole bytes. */
bool der_take_bits(struct mf_slice *rest, uint8_t tag, struct mf_slice *ret_bytes);
/* Exactly these contents. */
bool der_take_same(struct mf_slice *rest, uint8_t tag, struct mf_slice contents);

/* ---- writing: from the end to the front, so that lengths are known ------------------------- */

struct der_writer {
    uint8_t memory[MF_CRYPTO_KEY_BYTES_MAX];
    size_t free; /* What is written lies behind this many bytes. */
};

void der_begin(struct der_writer *writer);
/* How much is written: what der_put_header() is given back, to close over what came after. */
size_t der_mark(const struct der_writer *writer);
void der_put(struct der_writer *writer, struct mf_slice bytes);
void der_put_header(struct der_writer *writer, uint8_t tag, size_t mark);
void der_put_element(struct der_writer *writer, uint8_t tag, struct mf_slice contents);
void der_put_uint(struct der_writer *writer, struct mf_slice number);
struct mf_slice der_written(const struct der_writer *writer);

#endif
