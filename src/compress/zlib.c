/* zlib.c - gzip, deflate and raw deflate over zlib. Its next_in and next_out are set for one call and gone after it. */
#include "codec.h"

#include <zlib.h>

static z_stream *library_of(struct mf_compress *stream)
{
    return (z_stream *)stream->library;
}

static void *zlib_alloc(void *opaque, unsigned items, unsigned size)
{
    size_t bytes = 0;
    return __builtin_mul_overflow((size_t)items, (size_t)size, &bytes) ? NULL
                                                                       : mf__compress_alloc(opaque, bytes);
}

static void zlib_free(void *opaque, void *memory)
{
    mf__compress_release(opaque, memory);
}

/* zlib's way to say which frame is meant. */
static int window_bits(const struct mf_compress_options *options)
{
    int bits = options->window_bits;

    switch (options->format) {
    case MF_COMPRESS_GZIP:
        return bits + 16;
    case MF_COMPRESS_UNZIP:
        return bits + 32;
    case MF_COMPRESS_DEFLATE_RAW:
        /* zlib cannot make raw streams with the smallest window: a larger one is as good. */
        return bits == 8 && !options->is_decoder ? -9 : -bits;
    case MF_COMPRESS_DEFLATE:
    case MF_COMPRESS_BROTLI:
    case MF_COMPRESS_FORMATS_COUNT:
        break;
    }
    return bits;
}

/* Gives what zlib says of |rc| a name. */
static int fail(struct mf_compress *stream, int rc)
{
    const z_stream *z = library_of(stream);

    switch (rc) {
    case Z_MEM_ERROR:
        return mf__compress_fail(stream, MF_E_NO_MEMORY, "Out of memory", rc);
    case Z_NEED_DICT:
        return mf__compress_fail(stream, MF_E_INVALID, "Missing dictionary", rc);
    default:
        return mf__compress_fail(stream, MF_E_INVALID, z != NULL && z->msg != NULL ? z->msg : "Zlib error",
                                 rc);
    }
}

static int start(struct mf_compress *stream, bool is_decoder)
{
    const struct mf_compress_options *options = &stream->options;
    bool is_raw = options->format == MF_COMPRESS_DEFLATE_RAW;
    z_stream *z = mf__compress_alloc(stream, sizeof(*z));
    int rc;

    if (z == NULL) {
        return fail(stream, Z_MEM_ERROR);
    }
    z->zalloc = zlib_alloc;
    z->zfree = zlib_free;
    z->opaque = stream;
    if (is_decoder) {
        rc = inflateInit2(z, window_bits(options));
    } else {
        rc = deflateInit2(z, options->level, Z_DEFLATED, window_bits(options), options->memory_level,
                          options->strategy);
    }
    if (rc != Z_OK) {
        mf__compress_release(stream, z);
        return fail(stream, rc);
    }
    stream->library = z;
    if (options->dictionary.size > 0 && (!is_decoder || is_raw)) {
        rc = is_decoder
                 ? inflateSetDictionary(z, options->dictionary.data, (unsigned)options->dictionary.size)
                 : deflateSetDictionary(z, options->dictionary.data, (unsigned)options->dictionary.size);
        if (rc != Z_OK) {
            (void)(is_decoder ? inflateEnd(z) : deflateEnd(z)); /* Either way it is over. */
            stream->library = NULL;
            mf__compress_release(stream, z);
            return mf__compress_fail(stream, MF_E_INVALID, "Failed to set dictionary", rc);
        }
    }
    return 0;
}

static int deflate_start(struct mf_compress *stream)
{
    return start(stream, false);
}

static int inflate_start(struct mf_compress *stream)
{
    return start(stream, true);
}

static void deflate_stop(struct mf_compress *stream)
{
    (void)deflateEnd(library_of(stream)); /* Says only whether data was discarded. */
    mf__compress_release(stream, stream->library);
    stream->library = NULL;
}

static void inflate_stop(struct mf_compress *stream)
{
    (void)inflateEnd(library_of(stream)); /* Fails for what is no state only. */
    mf__compress_release(stream, stream->library);
    stream->library = NULL;
}

static void lend(z_stream *z, const struct mf__step *step)
{
    static const uint8_t none[1];

    z->next_in = (uint8_t *)(uintptr_t)(step->in_size > 0 ? step->in : none); /* zlib's type lacks a const. */
    z->avail_in = (unsigned)step->in_size;
    z->next_out = step->out;
    z->avail_out = (unsigned)step->out_size;
}

static void take_back(z_stream *z, struct mf__step *step)
{
    step->in += step->in_size - z->avail_in;
    step->in_size = z->avail_in;
    step->out += step->out_size - z->avail_out;
    step->out_size = z->avail_out;
    z->next_in = NULL;
    z->avail_in = 0;
    z->next_out = NULL;
    z->avail_out = 0;
}

/* deflateParams writes the block so far: into this step's output, and again when that was too small. */
static int change_params(struct mf_compress *stream, struct mf__step *step, enum mf__outcome *ret_outcome)
{
    z_stream *z = library_of(stream);
    struct mf__step only_out = {step->in, 0, step->out, step->out_size, step->flush};
    size_t room = step->out_size;

    lend(z, &only_out);
    int rc = deflateParams(z, stream->options.level, stream->options.strategy);
    take_back(z, &only_out);
    step->out = only_out.out;
    step->out_size = only_out.out_size;
    *ret_outcome = MF__STEP_MORE;
    if (rc == Z_OK) {
        stream->has_params = false;
        return 0;
    }
    return rc == Z_BUF_ERROR && step->out_size < room ? 0 : fail(stream, rc);
}

static int deflate_step(struct mf_compress *stream, struct mf__step *step, enum mf__outcome *ret_outcome)
{
    z_stream *z = library_of(stream);

    if (stream->has_params) {
        return change_params(stream, step, ret_outcome);
    }
    lend(z, step);
    int rc = deflate(z, (int)step->flush);
    take_back(z, step);
    if (rc == Z_STREAM_END) {
        *ret_outcome = MF__STEP_ENDED;
        return 0;
    }
    if (rc != Z_OK && rc != Z_BUF_ERROR) { /* The latter: there was nothing to do. */
        return fail(stream, rc);
    }
    *ret_outcome = step->out_size == 0 ? MF__STEP_MORE : MF__STEP_HUNGRY;
    return 0;
}

static int inflate_step(struct mf_compress *stream, struct mf__step *step, enum mf__outcome *ret_outcome)
{
    z_stream *z = library_of(stream);

    lend(z, step);
    int rc = inflate(z, Z_NO_FLUSH);
    if (rc == Z_NEED_DICT && stream->options.dictionary.size > 0) {
        rc = inflateSetDictionary(z, stream->dictionary, (unsigned)stream->options.dictionary.size);
        if (rc != Z_OK) {
            take_back(z, step);
            return mf__compress_fail(stream, MF_E_INVALID, "Bad dictionary", rc);
        }
        rc = inflate(z, Z_NO_FLUSH);
    }
    take_back(z, step);
    if (rc == Z_STREAM_END) {
        *ret_outcome = MF__STEP_ENDED;
        return 0;
    }
    if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return fail(stream, rc);
    }
    *ret_outcome = step->out_size == 0 ? MF__STEP_MORE : MF__STEP_HUNGRY;
    return 0;
}

const struct mf__codec mf__codec_deflate = {deflate_start, deflate_stop, deflate_step};
const struct mf__codec mf__codec_inflate = {inflate_start, inflate_stop, inflate_step};

uint32_t mf_compress_crc32(uint32_t before, struct mf_slice bytes)
{
    return (uint32_t)crc32_z(before, bytes.data, bytes.size);
}
