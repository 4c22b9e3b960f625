/* A hostile script: the first bytes say which stream and how it is used, the rest is its data. However the data is cut, a
 * decoder gives the same bytes; what an encoder wrote is what its decoder reads. */
#include <mayfly/compress.h>

#define OUTPUT_BYTES_MAX (UINT64_C(1) << 20)
#define MEMORY_BYTES_MAX (UINT64_C(64) << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t memory_bytes;

static int charge(void *owner, size_t bytes)
{
    (void)owner;
    if (bytes > MEMORY_BYTES_MAX - memory_bytes) {
        return MF_E_LIMIT_MEMORY;
    }
    memory_bytes += bytes;
    return 0;
}

static void uncharge(void *owner, size_t bytes)
{
    (void)owner;
    MF_ASSERT(memory_bytes >= bytes);
    memory_bytes -= bytes;
}

static const struct mf_compress_memory memory = {charge, uncharge, NULL};

/* 1 when |out| is full. */
static int
drain(struct mf_compress *stream, size_t room, struct mf_buf *out, enum mf_compress_state *ret_state)
{
    enum mf_compress_state state = MF_COMPRESS_MORE;
    while (state == MF_COMPRESS_MORE) {
        size_t size = 0;
        uint8_t *piece = mf_try_alloc(room); /* Its own, so that a sanitizer sees a pointer that was kept. */
        MF_ASSERT(piece != NULL);
        int error = mf_compress_read(stream, piece, room, &size, &state);
        MF_ASSERT(error < 0 || size <= room);
        bool is_full = error == 0 && mf_buf_append(out, piece, size) < 0;
        mf_free(piece);
        if (error < 0 || is_full) {
            return is_full ? 1 : error;
        }
    }
    *ret_state = state;
    return 0;
}

static int use(struct mf_compress *stream,
               struct mf_slice input,
               size_t step,
               size_t room,
               uint8_t habits,
               struct mf_buf *out,
               enum mf_compress_state *ret_state)
{
    int error = 0;
    size_t at = 0;
    do {
        size_t size = step < input.size - at ? step : input.size - at;
        uint8_t *piece = mf_try_alloc(size + 1);
        MF_ASSERT(piece != NULL);
        memcpy(piece, input.data + at, size);
        at += size;
        enum mf_compress_flush flush =
            at == input.size ? MF_COMPRESS_FINISH : (enum mf_compress_flush)(habits & 3);
        error = mf_compress_write(stream, mf_slice_of(piece, size), flush);
        mf_free(piece);
        error = error < 0 ? error : drain(stream, room, out, ret_state);
        if (error == 0 && (habits & 4) != 0 && at < input.size) {
            error = mf_compress_params(stream, (int)(at % 10), (int)(at % 5));
            error = error == MF_E_INVALID ? 0 : error < 0 ? error : drain(stream, room, out, ret_state);
        }
    } while (error == 0 && at < input.size);
    return error;
}

static struct mf_compress *
open_stream(uint8_t kind, bool is_decoder, const uint8_t *numbers, struct mf_slice dictionary)
{
    struct mf_compress_options options;
    struct mf_compress *stream = NULL;
    mf_compress_options_init(&options, (enum mf_compress_format)(kind % MF_COMPRESS_FORMATS_COUNT),
                             is_decoder);
    options.has_members = (kind & 0x40) != 0;
    if ((kind & 0x20) != 0) {
        options.level = numbers[0] % 14 - 2;
        options.window_bits = numbers[1] % 28;
        options.memory_level = numbers[2] % 11;
        options.strategy = numbers[3] % 7 - 1;
        options.dictionary = dictionary;
    }
    int error = mf_compress_new(&options, &memory, &stream);
    MF_ASSERT((error == 0) == (stream != NULL));
    return stream;
}

static void try_decoder(uint8_t kind, const uint8_t *numbers, uint8_t habits, struct mf_slice input)
{
    struct mf_slice dictionary = mf_slice_of(input.data, input.size / 8);
    struct mf_compress *stream = open_stream(kind, true, numbers, dictionary);
    struct mf_buf out[2];
    int errors[2];
    enum mf_compress_state states[2] = {MF_COMPRESS_HUNGRY, MF_COMPRESS_HUNGRY};
    size_t step = (size_t)habits + 1;
    if (stream == NULL) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        mf_buf_init(&out[i], OUTPUT_BYTES_MAX);
        errors[i] = use(stream, input, i == 0 ? MF_COMPRESS_WRITE_BYTES_MAX : step, i == 0 ? 65536 : 64,
                        habits, &out[i], &states[i]);
        if (i == 0 && mf_compress_reset(stream) < 0) {
            errors[1] = errors[0] = MF_E_NO_MEMORY;
            break;
        }
    }
    /* What stands behind the end is one write's unused rest or a refused write. */
    bool is_end = states[0] == MF_COMPRESS_ENDED || states[1] == MF_COMPRESS_ENDED;
    if (errors[0] == 0 && errors[1] == 0) {
        MF_ASSERT(states[0] == states[1]);
    }
    if (errors[0] == 0 && (errors[1] == 0 || is_end)) {
        MF_ASSERT(mf_slice_equal(mf_buf_peek(&out[0]), mf_buf_peek(&out[1])));
    }
    mf_buf_done(&out[0]);
    mf_buf_done(&out[1]);
    mf_compress_free(stream);
}

static void try_encoder(uint8_t kind, const uint8_t *numbers, uint8_t habits, struct mf_slice input)
{
    struct mf_slice dictionary = mf_slice_of(input.data, input.size / 8);
    struct mf_compress *encoder = open_stream(kind, false, numbers, dictionary);
    struct mf_compress *decoder;
    struct mf_buf packed;
    struct mf_buf back;
    enum mf_compress_state state = MF_COMPRESS_HUNGRY;
    uint8_t widest[4] = {8, kind % MF_COMPRESS_FORMATS_COUNT == MF_COMPRESS_BROTLI ? 22 : 15, 8, 1};
    if (encoder == NULL) {
        return;
    }
    mf_buf_init(&packed, 2 * OUTPUT_BYTES_MAX);
    mf_buf_init(&back, OUTPUT_BYTES_MAX);
    if (use(encoder, input, (size_t)habits * 64 + 1, 64 + numbers[3], habits, &packed, &state) == 0) {
        MF_ASSERT(state == MF_COMPRESS_ENDED);
        decoder = open_stream(kind, true, widest, dictionary);
        MF_ASSERT(decoder != NULL);
        MF_ASSERT(use(decoder, mf_buf_peek(&packed), MF_COMPRESS_WRITE_BYTES_MAX, 4096, 0, &back, &state) ==
                  0);
        MF_ASSERT(state == MF_COMPRESS_ENDED && mf_slice_equal(mf_buf_peek(&back), input));
        mf_compress_free(decoder);
    }
    mf_buf_done(&packed);
    mf_buf_done(&back);
    mf_compress_free(encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 6 || size > 65536) {
        return 0;
    }
    struct mf_slice input = mf_slice_of(data + 6, size - 6);
    ((data[0] & 0x80) != 0 ? try_encoder : try_decoder)(data[0], data + 2, data[1], input);
    MF_ASSERT(memory_bytes == 0);
    return 0;
}
