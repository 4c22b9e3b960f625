/* codec.h - what zlib and brotli have in common here: one step of work on bytes that the stream owns. */
#ifndef MAYFLY_COMPRESS_CODEC_H
#define MAYFLY_COMPRESS_CODEC_H

#include <mayfly/compress.h>

/* Where a step reads and writes; all of it moves on by what was used. Gone from the library's state when the step is over. */
struct mf__step {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
    enum mf_compress_flush flush; /* For an encoder, as soon as |in| is used up. */
};

enum mf__outcome {
    MF__STEP_MORE,   /* The output is full: again, with the same flush. */
    MF__STEP_HUNGRY, /* |in| is used up (or no progress can be made without more of it). */
    MF__STEP_ENDED,
};

/* One library, one direction. */
struct mf__codec {
    int (*start)(
        struct mf_compress *stream); /* MF_E_INVALID, MF_E_NO_MEMORY; then |stop| must not be called. */
    void (*stop)(struct mf_compress *stream);
    int (*step)(struct mf_compress *stream, struct mf__step *step, enum mf__outcome *ret_outcome);
};

extern const struct mf__codec mf__codec_deflate;
extern const struct mf__codec mf__codec_inflate;
extern const struct mf__codec mf__codec_brotli_encoder;
extern const struct mf__codec mf__codec_brotli_decoder;

struct mf_compress {
    const struct mf__codec *codec;
    struct mf_compress_options options;
    struct mf_compress_memory memory;
    uint8_t *dictionary; /* options.dictionary's bytes */
    void *library;       /* z_stream, BrotliEncoderState or BrotliDecoderState; NULL: not started. */
    enum mf_compress_state state;
    bool is_broken;  /* A step failed. */
    bool has_params; /* level and strategy of the options are new to zlib. */
    bool is_gzip;    /* A decoder's input began like gzip. */
    bool is_begun;   /* A decoder saw its first byte. */
    enum mf_compress_flush flush;
    uint8_t *pending; /* MF_COMPRESS_WRITE_BYTES_MAX; from the first write to the end of the stream's life. */
    size_t pending_at;
    size_t pending_end;
    const char *why; /* Static text, or zlib's own, which is static too. */
    int code;
};

/* Wiped when freed, charged while they live. */
void *mf__compress_alloc(struct mf_compress *stream, size_t size);
void mf__compress_release(struct mf_compress *stream, void *memory);

/* Notes |why| and |code|; returns |error|. */
int mf__compress_fail(struct mf_compress *stream, int error, const char *why, int code);

#endif
