/* Ops of compression streams: gzip, deflate and brotli, for CompressionStream and node:zlib. A script holds numbers; the
 * streams are ours, one table for each isolate, and their memory is counted to the run.
 */
#include "ops.h"

#include <math.h>

#include <mayfly/compress.h>

#include "state.h"

struct op_streams {
    struct mf_map *map; /* handle -> struct mf_compress */
    uint32_t last;      /* Handles are never used again. */
};

void op_streams_free(struct op_streams *streams)
{
    size_t cursor = 0;
    struct mf_compress *stream;
    if (streams == NULL) {
        return;
    }
    while ((stream = mf_map_next(streams->map, &cursor)) != NULL) {
        mf_compress_free(stream);
    }
    mf_map_free(streams->map);
    mf_free(streams);
}

static int charge(void *owner, size_t bytes)
{
    return mf_isolate_charge(owner, bytes);
}

static void uncharge(void *owner, size_t bytes)
{
    mf_isolate_uncharge(owner, bytes);
}

static struct op_streams *streams_of(struct mf_op_call *call)
{
    struct op_state *state = op_state_of(call);
    if (state->streams == NULL) {
        state->streams = mf_new(sizeof(*state->streams));
        state->streams->map = mf_map_new(MF_COMPRESS_STREAMS_MAX);
    }
    return state->streams;
}

/* The stream that argument 0 names, or NULL and an exception. */
static struct mf_compress *stream_arg(struct mf_op_call *call)
{
    uint32_t handle;
    if (mf_op_arg_u32(call, 0, &handle) < 0) {
        return NULL;
    }
    struct mf_compress *stream = mf_map_get(streams_of(call)->map, handle);
    if (stream == NULL) {
        mf_op_throw(call, MF_OP_ERROR, "The compression stream is closed.");
    }
    return stream;
}

static void throw_failure(struct mf_op_call *call, const struct mf_compress *stream, int error)
{
    const char *why = stream != NULL ? mf_compress_why(stream) : "";
    if (error == MF_E_NO_MEMORY) {
        mf_op_throw(call, MF_OP_RANGE_ERROR, "There is no memory for the compression stream.");
    } else {
        mf_op_throw(call, MF_OP_TYPE_ERROR, why[0] != '\0' ? why : mf_error_message(error));
    }
}

static int arg_int(struct mf_op_call *call, size_t index, int *ret_value)
{
    double number;
    int error = mf_op_arg_number(call, index, &number);
    if (error < 0) {
        return error;
    }
    *ret_value = fabs(number) <= 1e6 ? (int)number : INT32_MAX; /* Out of every range; so is NaN. */
    return 0;
}

/* compressOpen(format, isDecoder, hasMembers, level, windowBits, memoryLevel, strategy, dictionary): a handle. */
void op_compress_open(struct mf_op_call *call)
{
    struct mf_compress_options options;
    uint32_t format;
    if (mf_op_arg_u32(call, 0, &format) < 0 || mf_op_arg_bool(call, 1, &options.is_decoder) < 0 ||
        mf_op_arg_bool(call, 2, &options.has_members) < 0 || arg_int(call, 3, &options.level) < 0 ||
        arg_int(call, 4, &options.window_bits) < 0 || arg_int(call, 5, &options.memory_level) < 0 ||
        arg_int(call, 6, &options.strategy) < 0 || mf_op_arg_bytes(call, 7, &options.dictionary) < 0) {
        return;
    }
    options.format =
        format < MF_COMPRESS_FORMATS_COUNT ? (enum mf_compress_format)format : MF_COMPRESS_FORMATS_COUNT;
    struct mf_compress_memory memory = {charge, uncharge, mf_op_isolate(call)};
    struct op_streams *streams = streams_of(call);
    struct mf_compress *stream = NULL;
    int error = mf_compress_new(&options, &memory, &stream);
    if (error == 0) {
        error = mf_map_put(streams->map, ++streams->last, stream);
    }
    if (error == MF_E_TOO_MANY) {
        mf_compress_free(stream);
        mf_op_throw(call, MF_OP_RANGE_ERROR, "There are too many compression streams that are not finished.");
        return;
    }
    if (error < 0) {
        mf_compress_free(stream);
        throw_failure(call, NULL, error);
        return;
    }
    mf_op_return(call, mf_value_number(streams->last));
}

/* compressWrite(handle, bytes, flush) */
void op_compress_write(struct mf_op_call *call)
{
    struct mf_compress *stream = stream_arg(call);
    struct mf_slice bytes;
    uint32_t flush;
    if (stream == NULL || mf_op_arg_bytes(call, 1, &bytes) < 0 || mf_op_arg_u32(call, 2, &flush) < 0) {
        return;
    }
    if (flush > MF_COMPRESS_BLOCK) {
        throw_failure(call, NULL, MF_E_INVALID);
        return;
    }
    int error = mf_compress_write(stream, bytes, (enum mf_compress_flush)flush);
    if (error < 0) {
        throw_failure(call, stream, error);
    }
}

/* compressRead(handle): bytes; or null: it is hungry, true: it has ended, false: none yet, read again. */
void op_compress_read(struct mf_op_call *call)
{
    uint8_t out[MF_COMPRESS_READ_BYTES_MAX];
    struct mf_compress *stream = stream_arg(call);
    size_t size = 0;
    enum mf_compress_state state = MF_COMPRESS_MORE;
    if (stream == NULL) {
        return;
    }
    int error = mf_compress_read(stream, out, sizeof(out), &size, &state);
    if (error < 0) {
        throw_failure(call, stream, error);
    } else if (size > 0) {
        mf_op_return(call, mf_value_of(MF_VALUE_BYTES, mf_slice_of(out, size)));
    } else if (state == MF_COMPRESS_HUNGRY) {
        struct mf_value null = {MF_VALUE_NULL, {false}};
        mf_op_return(call, null);
    } else {
        mf_op_return(call, mf_value_bool(state == MF_COMPRESS_ENDED));
    }
}

/* compressUnused(handle): bytes of the last write that are not used. */
void op_compress_unused(struct mf_op_call *call)
{
    const struct mf_compress *stream = stream_arg(call);
    if (stream != NULL) {
        mf_op_return(call, mf_value_number((double)mf_compress_unused(stream)));
    }
}

/* compressCode(handle): the library's number of the last error. */
void op_compress_code(struct mf_op_call *call)
{
    const struct mf_compress *stream = stream_arg(call);
    if (stream != NULL) {
        mf_op_return(call, mf_value_number(mf_compress_code(stream)));
    }
}

/* compressParams(handle, level, strategy) */
void op_compress_params(struct mf_op_call *call)
{
    struct mf_compress *stream = stream_arg(call);
    int level;
    int strategy;
    if (stream == NULL || arg_int(call, 1, &level) < 0 || arg_int(call, 2, &strategy) < 0) {
        return;
    }
    int error = mf_compress_params(stream, level, strategy);
    if (error < 0) {
        throw_failure(call, NULL, error);
    }
}

/* compressReset(handle) */
void op_compress_reset(struct mf_op_call *call)
{
    struct mf_compress *stream = stream_arg(call);
    if (stream != NULL) {
        int error = mf_compress_reset(stream);
        if (error < 0) {
            throw_failure(call, stream, error);
        }
    }
}

/* compressClose(handle): may be called for one that is closed. */
void op_compress_close(struct mf_op_call *call)
{
    uint32_t handle;
    if (mf_op_arg_u32(call, 0, &handle) == 0) {
        mf_compress_free(mf_map_take(streams_of(call)->map, handle));
    }
}

/* crc32(bytes, before) */
void op_crc32(struct mf_op_call *call)
{
    struct mf_slice bytes;
    uint32_t before;
    if (mf_op_arg_bytes(call, 0, &bytes) < 0 || mf_op_arg_u32(call, 1, &before) < 0) {
        return;
    }
    mf_op_return(call, mf_value_number(mf_compress_crc32(before, bytes)));
}
