/* brotli.c - brotli over libbrotli.
 *
 * The encoder as Debian builds it ends the process when it is refused memory, and a run is refused memory as soon as it has
 * had its share. So its allocator does not return then: it jumps out of the library to whoever called it. That is safe
 * here and nowhere else: an encoder has nothing but memory, all of it is the allocator's and listed, and what was jumped out
 * of is never entered again.
 */
#include "codec.h"

#include <setjmp.h>

#include <brotli/decode.h>
#include <brotli/encode.h>

/* ---- the encoder's memory -------------------------------------------------------------------- */

/* In front of each of an encoder's blocks. */
struct listed {
    struct mf_list link;
};

struct encoder {
    struct mf_compress *stream;
    BrotliEncoderState *state;
    struct mf_list blocks; /* struct listed.link */
    jmp_buf refused;       /* Set while a call into the library is under way. */
};

static void *encoder_alloc(void *opaque, size_t size)
{
    struct encoder *encoder = opaque;
    struct listed *block =
        size > SIZE_MAX - sizeof(*block) ? NULL : mf__compress_alloc(encoder->stream, sizeof(*block) + size);

    if (block == NULL) {
        longjmp(encoder->refused, 1);
    }
    mf_list_push_back(&encoder->blocks, &block->link);
    return block + 1;
}

static void encoder_release(void *opaque, void *memory)
{
    struct encoder *encoder = opaque;

    if (memory != NULL) {
        struct listed *block = (struct listed *)memory - 1;
        mf_list_remove(&block->link);
        mf__compress_release(encoder->stream, block);
    }
}

/* The whole encoder, in whatever state the library left it. */
static void encoder_free(struct encoder *encoder)
{
    struct mf_compress *stream = encoder->stream;

    MF_LIST_FOR_EACH(link, &encoder->blocks)
    {
        mf__compress_release(stream, MF_CONTAINER_OF(link, struct listed, link));
    }
    mf__compress_release(stream, encoder);
}

static void *decoder_alloc(void *opaque, size_t size)
{
    return mf__compress_alloc(opaque, size);
}

static void decoder_release(void *opaque, void *memory)
{
    mf__compress_release(opaque, memory);
}

static int no_memory(struct mf_compress *stream)
{
    return mf__compress_fail(stream, MF_E_NO_MEMORY, "Out of memory", -4);
}

/* ---- the encoder ----------------------------------------------------------------------------- */

/* The highest levels optimise a whole window at once: in a large one for most of a second, in which nothing could stop it. */
static uint32_t window_bits(const struct mf_compress_options *options)
{
    bool is_cut = options->level >= 10 && options->window_bits > MF_COMPRESS_BROTLI_SLOW_WINDOW_BITS;
    return is_cut ? MF_COMPRESS_BROTLI_SLOW_WINDOW_BITS : (uint32_t)options->window_bits;
}

static int encoder_start(struct mf_compress *stream)
{
    const struct mf_compress_options *options = &stream->options;
    struct encoder *encoder = mf__compress_alloc(stream, sizeof(*encoder));

    if (encoder == NULL) {
        return no_memory(stream);
    }
    encoder->stream = stream;
    mf_list_init(&encoder->blocks);
    if (setjmp(encoder->refused) != 0) {
        encoder_free(encoder);
        return no_memory(stream);
    }
    encoder->state = BrotliEncoderCreateInstance(encoder_alloc, encoder_release, encoder);
    /* All are in their range, and the encoder has not begun: these cannot fail. */
    MF_ASSERT(encoder->state != NULL &&
              BrotliEncoderSetParameter(encoder->state, BROTLI_PARAM_QUALITY, (uint32_t)options->level) &&
              BrotliEncoderSetParameter(encoder->state, BROTLI_PARAM_LGWIN, window_bits(options)) &&
              BrotliEncoderSetParameter(encoder->state, BROTLI_PARAM_MODE, (uint32_t)options->strategy) &&
              BrotliEncoderSetParameter(encoder->state, BROTLI_PARAM_LGBLOCK, BROTLI_MIN_INPUT_BLOCK_BITS));
    stream->library = encoder;
    return 0;
}

static void encoder_stop(struct mf_compress *stream)
{
    encoder_free(stream->library);
    stream->library = NULL;
}

static int encoder_step(struct mf_compress *stream, struct mf__step *step, enum mf__outcome *ret_outcome)
{
    struct encoder *encoder = stream->library;
    BrotliEncoderOperation operation = step->flush == MF_COMPRESS_FINISH     ? BROTLI_OPERATION_FINISH
                                       : step->flush == MF_COMPRESS_NO_FLUSH ? BROTLI_OPERATION_PROCESS
                                                                             : BROTLI_OPERATION_FLUSH;

    if (setjmp(encoder->refused) != 0) {
        encoder_stop(stream);
        return no_memory(stream);
    }
    if (!BrotliEncoderCompressStream(encoder->state, operation, &step->in_size, &step->in, &step->out_size,
                                     &step->out, NULL)) {
        return no_memory(stream); /* Its only other failure is a state of its own making. */
    }
    if (BrotliEncoderIsFinished(encoder->state)) {
        *ret_outcome = MF__STEP_ENDED;
    } else {
        *ret_outcome =
            step->in_size > 0 || BrotliEncoderHasMoreOutput(encoder->state) ? MF__STEP_MORE : MF__STEP_HUNGRY;
    }
    return 0;
}

/* ---- the decoder ----------------------------------------------------------------------------- */

static int decoder_start(struct mf_compress *stream)
{
    stream->library = BrotliDecoderCreateInstance(decoder_alloc, decoder_release, stream);
    return stream->library == NULL ? no_memory(stream) : 0;
}

static void decoder_stop(struct mf_compress *stream)
{
    BrotliDecoderDestroyInstance(stream->library);
    stream->library = NULL;
}

static int decoder_step(struct mf_compress *stream, struct mf__step *step, enum mf__outcome *ret_outcome)
{
    BrotliDecoderState *state = stream->library;

    switch (
        BrotliDecoderDecompressStream(state, &step->in_size, &step->in, &step->out_size, &step->out, NULL)) {
    case BROTLI_DECODER_RESULT_SUCCESS:
        *ret_outcome = MF__STEP_ENDED;
        return 0;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        *ret_outcome = MF__STEP_HUNGRY;
        return 0;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        *ret_outcome = MF__STEP_MORE;
        return 0;
    case BROTLI_DECODER_RESULT_ERROR:
        break;
    }
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state);
    bool is_memory = code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                     code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
    return mf__compress_fail(stream, is_memory ? MF_E_NO_MEMORY : MF_E_INVALID,
                             BrotliDecoderErrorString(code), (int)code);
}

const struct mf__codec mf__codec_brotli_encoder = {encoder_start, encoder_stop, encoder_step};
const struct mf__codec mf__codec_brotli_decoder = {decoder_start, decoder_stop, decoder_step};
