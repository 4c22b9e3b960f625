/* mayfly/compress.h - gzip, deflate and brotli, one stream at a time: bytes are put in, bytes are taken out.
 *
 * Use:      1) mf_compress_new  2) mf_compress_write  3) mf_compress_read until it is HUNGRY or has ENDED; 2 and 3 as often as
 *           needed  4) mf_compress_free
 * Threads:  [any] one at a time for each stream.
 * Owns:     input is copied in mf_compress_write and output in mf_compress_read: between two calls no pointer of the caller's
 *           is held, not even inside zlib's or brotli's state.
 * Limits:   MF_COMPRESS_WRITE_BYTES_MAX in one write; what one read takes on (MF_COMPRESS_STEP_BYTES), so that no call is long;
 *           all memory is asked of struct mf_compress_memory and wiped when it is given back.
 * Fails:    MF_E_INVALID: the data or an option is not valid, mf_compress_why says what; MF_E_NO_MEMORY: memory refused;
 *           MF_E_CLOSED: written to after it ended. After an error of a read the stream is fit for mf_compress_free and
 *           mf_compress_reset only.
 * Not here: streams of JavaScript (runtime), what a run may have (engine).
 *
 * Source: https://www.rfc-editor.org/rfc/rfc1950, 1951, 1952 and 7932.
 */
#ifndef MAYFLY_COMPRESS_H
#define MAYFLY_COMPRESS_H

#include <mayfly/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mf_compress;

enum mf_compress_format {
    MF_COMPRESS_GZIP,
    MF_COMPRESS_DEFLATE, /* zlib's frame around it: what HTTP and the Compression standard call deflate. */
    MF_COMPRESS_DEFLATE_RAW,
    MF_COMPRESS_BROTLI,
    MF_COMPRESS_UNZIP, /* Decoders only: gzip or deflate, as the first bytes say. */
    MF_COMPRESS_FORMATS_COUNT,
};

/* The numbers are zlib's; brotli knows the first, the third and the fifth. */
enum mf_compress_flush {
    MF_COMPRESS_NO_FLUSH = 0,
    MF_COMPRESS_PARTIAL_FLUSH = 1,
    MF_COMPRESS_SYNC_FLUSH = 2,
    MF_COMPRESS_FULL_FLUSH = 3,
    MF_COMPRESS_FINISH = 4,
    MF_COMPRESS_BLOCK = 5,
};

struct mf_compress_options {
    enum mf_compress_format format;
    bool is_decoder;
    bool has_members;           /* gzip decoders: what follows the end and looks like gzip is decoded too. */
    int level;                  /* -1 to 9 (-1: 6). brotli: 0 to 11. */
    int window_bits;            /* 8 to 15; decoders also 0: as the header says. brotli: 10 to 24. */
    int memory_level;           /* 1 to 9. brotli: unused. */
    int strategy;               /* 0 to 4. brotli: its mode, 0 to 2. */
    struct mf_slice dictionary; /* For deflate; empty: none. Copied. */
};

/* The options that nobody minds: level and window of the Compression standard's streams. */
void mf_compress_options_init(struct mf_compress_options *options,
                              enum mf_compress_format format,
                              bool is_decoder);

struct mf_compress_memory {
    /* May |bytes| more be had? Below zero: no. Each yes is followed by one uncharge of as much. */
    int (*charge)(void *owner, size_t bytes);
    void (*uncharge)(void *owner, size_t bytes);
    void *owner;
};

/* MF_E_INVALID for options out of their range, MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_compress_new(const struct mf_compress_options *options,
                                  const struct mf_compress_memory *memory,
                                  MF_OWN struct mf_compress **ret_stream);
void mf_compress_free(MF_OWN struct mf_compress *stream); /* NULL is fine. */

/* The next input and how it is to be flushed; the last write's must be used up (HUNGRY), else MF_E_AGAIN. MF_E_TOO_LARGE;
 * MF_E_CLOSED after ENDED, unless |input| is empty. */
MF_MUST_CHECK int
mf_compress_write(struct mf_compress *stream, struct mf_slice input, enum mf_compress_flush flush);

enum mf_compress_state {
    MF_COMPRESS_MORE, /* Read again. *ret_size may be 0: a step of input was used up and nothing came out yet. */
    MF_COMPRESS_HUNGRY, /* All input is used up, and what the flush asked for was given. */
    MF_COMPRESS_ENDED,  /* The stream's end; MF_COMPRESS_FINISH was served, or the decoder saw it. */
};

/* One step: up to |room| bytes of output. */
MF_MUST_CHECK int mf_compress_read(struct mf_compress *stream,
                                   uint8_t *out,
                                   size_t room,
                                   size_t *ret_size,
                                   enum mf_compress_state *ret_state);

/* Bytes of the last write that no read has used: after ENDED what stood behind the stream's end. */
size_t mf_compress_unused(const struct mf_compress *stream);
/* deflate encoders, with no input pending (MF_E_AGAIN): level and strategy from the next byte on. MF_E_INVALID for others. */
MF_MUST_CHECK int mf_compress_params(struct mf_compress *stream, int level, int strategy);
/* As new, with the same options. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_compress_reset(struct mf_compress *stream);

/* What the last error was about, never NULL, and zlib's or brotli's number of it. */
const char *mf_compress_why(const struct mf_compress *stream);
int mf_compress_code(const struct mf_compress *stream);

/* CRC-32 of |bytes| behind what gave |before| (0 for none). */
uint32_t mf_compress_crc32(uint32_t before, struct mf_slice bytes);

#ifdef __cplusplus
}
#endif
#endif
