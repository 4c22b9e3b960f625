#include "decode.h"

#include <brotli/decode.h>
#include <zlib.h>

#include <mayfly/http.h>

struct mf__decode {
    enum mf__coding coding;
    z_stream zlib;
    BrotliDecoderState *brotli;
    bool is_begun; /* zlib knows which form it is. */
    bool is_ended; /* Of a stream or member; what follows is another member, or nothing. */
    bool has_input;
    uint8_t first[2]; /* Of "deflate", until both are there. */
    size_t first_count;
};

/* [loop] Bytes that all decoders hold: a brotli window alone may have 16 MiB. */
static size_t bytes_held;

/* ---- memory, counted ---------------------------------------------------------------------------- */

struct block {
    size_t size;
    uint64_t unused; /* Keeps what follows aligned. */
};

static void *take(void *user, size_t size)
{
    (void)user;
    if (size > MF_UPSTREAM_DECODERS_BYTES_MAX - bytes_held) {
        return NULL;
    }
    struct block *block = mf_try_alloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    bytes_held += size;
    return block + 1;
}

static void give(void *user, void *memory)
{
    (void)user;
    if (memory != NULL) {
        struct block *block = (struct block *)memory - 1;
        bytes_held -= block->size;
        mf_free(block);
    }
}

static void *zlib_take(void *user, unsigned count, unsigned size)
{
    return take(user, (size_t)count * size);
}

/* ---- which coding --------------------------------------------------------------------------------- */

static enum mf__coding coding_named(struct mf_slice name)
{
    static const struct {
        const char *name;
        enum mf__coding coding;
    } codings[] = {
        {"", MF__CODING_NONE},       {"identity", MF__CODING_NONE},   {"gzip", MF__CODING_GZIP},
        {"x-gzip", MF__CODING_GZIP}, {"deflate", MF__CODING_DEFLATE}, {"br", MF__CODING_BR},
    };

    for (size_t i = 0; i < MF_COUNT_OF(codings); i++) {
        if (mf_slice_equal_nocase(name, codings[i].name)) {
            return codings[i].coding;
        }
    }
    return MF__CODING_OTHER;
}

enum mf__coding mf__coding_of(struct mf_slice headers)
{
    struct mf_http_header header;
    size_t cursor = 0;
    enum mf__coding coding = MF__CODING_NONE;

    while (mf_http_headers_next(headers, &cursor, &header) == 1) {
        if (mf_slice_equal_nocase(header.name, "content-encoding")) {
            enum mf__coding one = coding_named(header.value);
            coding = coding == MF__CODING_NONE ? one : one == MF__CODING_NONE ? coding : MF__CODING_OTHER;
        }
    }
    return coding;
}

/* ---- a decoder ---------------------------------------------------------------------------------------- */

static bool begin_zlib(struct mf__decode *decode, int window_bits)
{
    decode->zlib.zalloc = zlib_take;
    decode->zlib.zfree = give;
    decode->is_begun = inflateInit2(&decode->zlib, window_bits) == Z_OK;
    return decode->is_begun;
}

struct mf__decode *mf__decode_new(enum mf__coding coding)
{
    struct mf__decode *decode = mf_try_alloc(sizeof *decode);
    bool is_ready = decode != NULL;

    MF_ASSERT(coding != MF__CODING_NONE && coding != MF__CODING_OTHER);
    if (!is_ready) {
        return NULL;
    }
    decode->coding = coding;
    if (coding == MF__CODING_GZIP) {
        is_ready = begin_zlib(decode, MAX_WBITS + 16);
    } else if (coding == MF__CODING_BR) {
        decode->brotli = BrotliDecoderCreateInstance(take, give, NULL);
        is_ready = decode->brotli != NULL;
    }
    if (!is_ready) {
        mf__decode_free(decode);
        return NULL;
    }
    return decode;
}

void mf__decode_free(struct mf__decode *decode)
{
    if (decode == NULL) {
        return;
    }
    if (decode->is_begun) {
        (void)inflateEnd(&decode->zlib);
    }
    if (decode->brotli != NULL) {
        BrotliDecoderDestroyInstance(decode->brotli);
    }
    mf_free(decode);
}

static void advance(struct mf_slice *in, size_t size)
{
    *in = mf_slice_of(in->data + size, in->size - size);
}

/* One call of inflate with what there is. */
static int
inflate_some(struct mf__decode *decode, struct mf_slice *in, uint8_t *space, size_t size, size_t *ret_written)
{
    z_stream *zlib = &decode->zlib;
    size_t given = in->size < UINT32_MAX ? in->size : UINT32_MAX;
    int rc;

    zlib->next_in = (z_const Bytef *)(uintptr_t)in->data;
    zlib->avail_in = (uInt)given;
    zlib->next_out = space;
    zlib->avail_out = (uInt)size;
    rc = inflate(zlib, Z_NO_FLUSH);
    advance(in, given - zlib->avail_in);
    *ret_written = size - zlib->avail_out;
    if (rc == Z_STREAM_END) {
        decode->is_ended = true;
        return 0;
    }
    if (rc == Z_MEM_ERROR) {
        return MF_E_NO_MEMORY;
    }
    return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : MF_E_UPSTREAM_RESPONSE;
}

/* Behind a gzip member comes another, or padding that nobody reads. */
static int next_member(struct mf__decode *decode, struct mf_slice *in)
{
    if (decode->coding == MF__CODING_GZIP && in->data[0] == 0x1f) {
        decode->is_ended = false;
        return inflateReset(&decode->zlib) == Z_OK ? 0 : MF_E_INTERNAL;
    }
    advance(in, in->size);
    return 0;
}

static bool has_zlib_head(const uint8_t first[2])
{
    return (first[0] & 0x0f) == Z_DEFLATED && first[0] >> 4 <= 7 && (first[0] * 256 + first[1]) % 31 == 0;
}

/* The first two bytes say which form it is; then they are the first to be read. */
static int begin_deflate(struct mf__decode *decode,
                         struct mf_slice *in,
                         uint8_t *space,
                         size_t size,
                         size_t *ret_written)
{
    while (decode->first_count < sizeof decode->first && in->size > 0) {
        decode->first[decode->first_count++] = in->data[0];
        advance(in, 1);
    }
    *ret_written = 0;
    if (decode->first_count < sizeof decode->first) {
        return 0;
    }
    if (!begin_zlib(decode, has_zlib_head(decode->first) ? MAX_WBITS : -MAX_WBITS)) {
        return MF_E_NO_MEMORY;
    }
    struct mf_slice first = mf_slice_of(decode->first, sizeof decode->first);
    int rc = inflate_some(decode, &first, space, size, ret_written);
    return rc == 0 && first.size > 0 && !decode->is_ended ? MF_E_UPSTREAM_RESPONSE : rc;
}

static int
step_zlib(struct mf__decode *decode, struct mf_slice *in, uint8_t *space, size_t size, size_t *ret_written)
{
    if (!decode->is_begun) {
        return begin_deflate(decode, in, space, size, ret_written);
    }
    if (decode->is_ended) {
        *ret_written = 0;
        return in->size == 0 ? 0 : next_member(decode, in);
    }
    return inflate_some(decode, in, space, size, ret_written);
}

static int
step_brotli(struct mf__decode *decode, struct mf_slice *in, uint8_t *space, size_t size, size_t *ret_written)
{
    size_t left = in->size;
    size_t room = size;
    const uint8_t *next = in->data;
    uint8_t *out = space;
    BrotliDecoderResult result;

    *ret_written = 0;
    if (decode->is_ended) {
        advance(in, in->size);
        return 0;
    }
    result = BrotliDecoderDecompressStream(decode->brotli, &left, &next, &room, &out, NULL);
    advance(in, in->size - left);
    *ret_written = size - room;
    if (result == BROTLI_DECODER_RESULT_ERROR) {
        BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(decode->brotli);
        return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                       code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
                   ? MF_E_NO_MEMORY
                   : MF_E_UPSTREAM_RESPONSE;
    }
    decode->is_ended = result == BROTLI_DECODER_RESULT_SUCCESS;
    return 0;
}

int mf__decode_step(struct mf__decode *decode,
                    struct mf_slice *in,
                    uint8_t *space,
                    size_t size,
                    size_t *ret_written)
{
    decode->has_input = decode->has_input || in->size > 0;
    return decode->coding == MF__CODING_BR ? step_brotli(decode, in, space, size, ret_written)
                                           : step_zlib(decode, in, space, size, ret_written);
}

bool mf__decode_is_whole(const struct mf__decode *decode)
{
    return decode->is_ended || !decode->has_input; /* No bytes at all is how some say "empty". */
}
