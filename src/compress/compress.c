/* compress.c - one stream: what is pending of its input, and which of three states it is in.
 *
 *              write                  step: input used up
 *   HUNGRY -------------> MORE --------------------------> HUNGRY
 *                          |        step: the end
 *                          +-----------------------------> ENDED --> (write of another gzip member) MORE
 */
#include "codec.h"

static bool is_in(int value, int least, int most)
{
    return value >= least && value <= most;
}

static bool are_options_fine(const struct mf_compress_options *options)
{
    if ((unsigned)options->format >= MF_COMPRESS_FORMATS_COUNT ||
        (options->format == MF_COMPRESS_UNZIP && !options->is_decoder) ||
        options->dictionary.size > MF_COMPRESS_DICTIONARY_BYTES_MAX) {
        return false;
    }
    if (options->format == MF_COMPRESS_BROTLI) {
        return options->is_decoder || (is_in(options->level, 0, 11) && is_in(options->window_bits, 10, 24) &&
                                       is_in(options->strategy, 0, 2));
    }
    if (options->is_decoder) {
        return is_in(options->window_bits, 8, 15) ||
               (options->window_bits == 0 && options->format != MF_COMPRESS_DEFLATE_RAW);
    }
    return is_in(options->level, -1, 9) && is_in(options->window_bits, 8, 15) &&
           is_in(options->memory_level, 1, 9) && is_in(options->strategy, 0, 4);
}

void mf_compress_options_init(struct mf_compress_options *options,
                              enum mf_compress_format format,
                              bool is_decoder)
{
    bool is_brotli = format == MF_COMPRESS_BROTLI;

    memset(options, 0, sizeof(*options));
    options->format = format;
    options->is_decoder = is_decoder;
    options->level = is_brotli ? MF_COMPRESS_BROTLI_LEVEL : -1;
    options->window_bits = is_brotli ? MF_COMPRESS_BROTLI_WINDOW_BITS : 15;
    options->memory_level = 8;
}

static const struct mf__codec *codec_of(const struct mf_compress_options *options)
{
    if (options->format == MF_COMPRESS_BROTLI) {
        return options->is_decoder ? &mf__codec_brotli_decoder : &mf__codec_brotli_encoder;
    }
    return options->is_decoder ? &mf__codec_inflate : &mf__codec_deflate;
}

int mf__compress_fail(struct mf_compress *stream, int error, const char *why, int code)
{
    stream->why = why;
    stream->code = code;
    return error;
}

int mf_compress_new(const struct mf_compress_options *options,
                    const struct mf_compress_memory *memory,
                    struct mf_compress **ret_stream)
{
    struct mf_compress *stream;
    int error;

    if (!are_options_fine(options)) {
        return MF_E_INVALID;
    }
    if (memory->charge(memory->owner, sizeof(*stream)) < 0) {
        return MF_E_NO_MEMORY;
    }
    stream = mf_new(sizeof(*stream));
    stream->options = *options;
    stream->memory = *memory;
    stream->codec = codec_of(options);
    stream->state = MF_COMPRESS_HUNGRY;
    stream->why = "";
    stream->options.dictionary = mf_slice_of(NULL, 0);
    error = MF_E_NO_MEMORY;
    if (options->dictionary.size > 0) {
        stream->dictionary = mf__compress_alloc(stream, options->dictionary.size);
        if (stream->dictionary == NULL) {
            goto fail;
        }
        memcpy(stream->dictionary, options->dictionary.data, options->dictionary.size);
        stream->options.dictionary = mf_slice_of(stream->dictionary, options->dictionary.size);
    }
    error = stream->codec->start(stream);
    if (error < 0) {
        goto fail;
    }
    *ret_stream = stream;
    return 0;
fail:
    mf_compress_free(stream);
    return error;
}

void mf_compress_free(struct mf_compress *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->library != NULL) {
        stream->codec->stop(stream);
    }
    mf__compress_release(stream, stream->pending);
    mf__compress_release(stream, stream->dictionary);
    stream->memory.uncharge(stream->memory.owner, sizeof(*stream));
    mf_free(stream);
}

static bool is_pending(const struct mf_compress *stream)
{
    return stream->pending_at < stream->pending_end;
}

/* The decoder begins anew with what is pending. */
static int restart(struct mf_compress *stream)
{
    if (stream->library != NULL) {
        stream->codec->stop(stream);
    }
    stream->is_broken = false;
    stream->has_params = false;
    int error = stream->codec->start(stream);
    stream->is_broken = error < 0;
    return error;
}

/* Zeros behind a member are padding; anything else has to be a member. */
static bool is_next_member(const struct mf_compress *stream)
{
    return stream->options.has_members && stream->is_gzip && is_pending(stream) &&
           stream->pending[stream->pending_at] != 0;
}

int mf_compress_write(struct mf_compress *stream, struct mf_slice input, enum mf_compress_flush flush)
{
    if (stream->is_broken || (unsigned)flush > MF_COMPRESS_BLOCK) {
        return MF_E_INVALID;
    }
    if (input.size > MF_COMPRESS_WRITE_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    if (stream->state == MF_COMPRESS_MORE) {
        return MF_E_AGAIN;
    }
    if (stream->state == MF_COMPRESS_ENDED && (!stream->options.has_members || !stream->is_gzip)) {
        return input.size > 0 ? MF_E_CLOSED : 0;
    }
    if (stream->pending == NULL && input.size > 0) {
        stream->pending = mf__compress_alloc(stream, MF_COMPRESS_WRITE_BYTES_MAX);
        if (stream->pending == NULL) {
            return mf__compress_fail(stream, MF_E_NO_MEMORY, "Out of memory", -4);
        }
    }
    if (input.size > 0) {
        memcpy(stream->pending, input.data, input.size);
    }
    stream->pending_at = 0;
    stream->pending_end = input.size;
    stream->flush = flush;
    if (stream->state == MF_COMPRESS_ENDED) {
        if (!is_next_member(stream)) {
            return 0;
        }
        int error = restart(stream);
        if (error < 0) {
            return error;
        }
    }
    if (!stream->is_begun && input.size > 0) {
        stream->is_begun = true;
        stream->is_gzip =
            stream->options.is_decoder && input.data[0] == 0x1f &&
            (stream->options.format == MF_COMPRESS_GZIP || stream->options.format == MF_COMPRESS_UNZIP);
    }
    stream->state = MF_COMPRESS_MORE;
    return 0;
}

/* What the step's end means for the stream. */
static int conclude(struct mf_compress *stream, enum mf__outcome outcome)
{
    switch (outcome) {
    case MF__STEP_MORE:
        break;
    case MF__STEP_HUNGRY:
        if (!is_pending(stream)) {
            stream->state = MF_COMPRESS_HUNGRY;
        }
        break;
    case MF__STEP_ENDED:
        if (is_next_member(stream)) {
            return restart(stream);
        }
        stream->state = MF_COMPRESS_ENDED;
        break;
    }
    return 0;
}

int mf_compress_read(struct mf_compress *stream,
                     uint8_t *out,
                     size_t room,
                     size_t *ret_size,
                     enum mf_compress_state *ret_state)
{
    size_t left = stream->pending_end - stream->pending_at;
    bool is_last = left <= MF_COMPRESS_STEP_BYTES;
    struct mf__step step = {
        .in_size = is_last ? left : MF_COMPRESS_STEP_BYTES,
        .out = out,
        .out_size = room,
        .flush = is_last ? stream->flush : MF_COMPRESS_NO_FLUSH,
    };
    enum mf__outcome outcome = MF__STEP_MORE;
    int error;

    MF_ASSERT(room >= MF_COMPRESS_ROOM_BYTES_MIN && room <= UINT32_MAX);
    if (stream->is_broken) {
        return MF_E_INVALID;
    }
    if (stream->state != MF_COMPRESS_MORE) {
        *ret_size = 0;
        *ret_state = stream->state;
        return 0;
    }
    if (left > 0) {
        step.in = stream->pending + stream->pending_at;
    }
    error = stream->codec->step(stream, &step, &outcome);
    if (error == 0) {
        stream->pending_at =
            stream->pending_end - left + (is_last ? left : MF_COMPRESS_STEP_BYTES) - step.in_size;
        error = conclude(stream, outcome);
    }
    if (error < 0) {
        stream->is_broken = true;
        return error;
    }
    *ret_size = room - step.out_size;
    *ret_state = stream->state;
    return 0;
}

size_t mf_compress_unused(const struct mf_compress *stream)
{
    return stream->pending_end - stream->pending_at;
}

int mf_compress_params(struct mf_compress *stream, int level, int strategy)
{
    if (stream->codec != &mf__codec_deflate || !is_in(level, -1, 9) || !is_in(strategy, 0, 4) ||
        stream->is_broken) {
        return MF_E_INVALID;
    }
    if (stream->state == MF_COMPRESS_MORE) {
        return MF_E_AGAIN;
    }
    if (stream->state == MF_COMPRESS_HUNGRY) {
        stream->options.level = level;
        stream->options.strategy = strategy;
        stream->has_params = true;
        stream->pending_at = 0;
        stream->pending_end = 0;
        stream->flush = MF_COMPRESS_NO_FLUSH;
        stream->state = MF_COMPRESS_MORE;
    }
    return 0;
}

int mf_compress_reset(struct mf_compress *stream)
{
    stream->pending_at = 0;
    stream->pending_end = 0;
    stream->state = MF_COMPRESS_HUNGRY;
    stream->is_begun = false;
    stream->is_gzip = false;
    return restart(stream);
}

const char *mf_compress_why(const struct mf_compress *stream)
{
    return stream->why;
}

int mf_compress_code(const struct mf_compress *stream)
{
    return stream->code;
}
