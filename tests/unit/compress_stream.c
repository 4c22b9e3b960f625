/* Streams of every format: there and back in all kinds of pieces, broken data, members, changed levels, refused memory. */
#include <zlib.h>

#include <mayfly/compress.h>

#include "check.h"

/* ---- memory that counts ---------------------------------------------------------------------- */

struct purse {
    size_t bytes;
    long left; /* Charges that are still granted; below zero: all. */
};

static struct purse purse = {0, -1};

static int charge(void *owner, size_t bytes)
{
    struct purse *own = owner;
    if (own->left == 0) {
        return MF_E_LIMIT_MEMORY;
    }
    if (own->left > 0) {
        own->left--;
    }
    own->bytes += bytes;
    return 0;
}

static void uncharge(void *owner, size_t bytes)
{
    struct purse *own = owner;
    MF_CHECK(own->bytes >= bytes);
    own->bytes -= bytes;
}

static const struct mf_compress_memory memory = {charge, uncharge, &purse};

static struct mf_compress *open_with(const struct mf_compress_options *options)
{
    struct mf_compress *stream = NULL;
    MF_CHECK_INT(mf_compress_new(options, &memory, &stream), 0);
    return stream;
}

static struct mf_compress *open_stream(enum mf_compress_format format, bool is_decoder)
{
    struct mf_compress_options options;
    mf_compress_options_init(&options, format, is_decoder);
    return open_with(&options);
}

static void close_stream(struct mf_compress *stream)
{
    mf_compress_free(stream);
    MF_CHECK_INT(purse.bytes, 0);
}

/* ---- there and back -------------------------------------------------------------------------- */

/* Reads until the stream wants input or has ended. Each piece of output lies in memory of its own that is freed at once, so
 * that a sanitizer sees what the stream may have kept of it. */
static int
drain(struct mf_compress *stream, size_t room, struct mf_buf *out, enum mf_compress_state *ret_state)
{
    enum mf_compress_state state = MF_COMPRESS_MORE;
    while (state == MF_COMPRESS_MORE) {
        size_t size = 0;
        uint8_t *piece = malloc(room);
        MF_CHECK(piece != NULL);
        int error = mf_compress_read(stream, piece, room, &size, &state);
        if (error < 0) {
            free(piece);
            return error;
        }
        MF_CHECK(size <= room && mf_buf_append(out, piece, size) == 0);
        free(piece);
    }
    *ret_state = state;
    return 0;
}

/* All of |input|, |step| bytes a write; the last write finishes. */
static int feed(struct mf_compress *stream,
                struct mf_slice input,
                size_t step,
                size_t room,
                struct mf_buf *out,
                enum mf_compress_state *ret_state)
{
    size_t at = 0;
    *ret_state = MF_COMPRESS_HUNGRY;
    do {
        size_t size = step < input.size - at ? step : input.size - at;
        uint8_t *piece = malloc(size + 1);
        MF_CHECK(piece != NULL);
        if (size > 0) {
            memcpy(piece, input.data + at, size);
        }
        at += size;
        int error = mf_compress_write(stream, mf_slice_of(piece, size),
                                      at == input.size ? MF_COMPRESS_FINISH : MF_COMPRESS_NO_FLUSH);
        free(piece); /* The stream has its own copy. */
        error = error < 0 ? error : drain(stream, room, out, ret_state);
        if (error < 0) {
            return error;
        }
    } while (at < input.size);
    return 0;
}

static struct mf_buf text_of(size_t size)
{
    struct mf_buf text;
    uint32_t seed = 12345;
    mf_buf_init(&text, size + 16);
    while (text.size < size) {
        seed = seed * 1664525 + 1013904223;
        /* Compressible, but not to nothing. */
        uint8_t bytes[4] = {'a', (uint8_t)('a' + (seed >> 28)), (uint8_t)(seed >> 24), 'z'};
        MF_CHECK_INT(mf_buf_append(&text, bytes, sizeof(bytes)), 0);
    }
    text.size = size;
    return text;
}

static void check_round_trip(enum mf_compress_format format, size_t size, size_t step, size_t room)
{
    struct mf_buf text = text_of(size);
    struct mf_buf packed;
    struct mf_buf back;
    enum mf_compress_state state;
    struct mf_compress *encoder = open_stream(format, false);
    struct mf_compress *decoder = open_stream(format, true);
    mf_buf_init(&packed, size * 2 + 4096);
    mf_buf_init(&back, size + 4096);
    MF_CHECK_INT(feed(encoder, mf_buf_peek(&text), step, room, &packed, &state), 0);
    MF_CHECK_INT(state, MF_COMPRESS_ENDED);
    MF_CHECK(size < 1000 || packed.size < size);
    MF_CHECK_INT(feed(decoder, mf_buf_peek(&packed), step, room, &back, &state), 0);
    MF_CHECK_INT(state, MF_COMPRESS_ENDED);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&back), mf_buf_peek(&text)));
    mf_compress_free(encoder);
    close_stream(decoder);
    mf_buf_done(&text);
    mf_buf_done(&packed);
    mf_buf_done(&back);
}

static void test_there_and_back(void)
{
    static const size_t sizes[] = {0, 1, 100, 4096, 4097, 70000, 700000};
    for (int format = MF_COMPRESS_GZIP; format <= MF_COMPRESS_BROTLI; format++) {
        for (size_t i = 0; i < MF_COUNT_OF(sizes); i++) {
            check_round_trip((enum mf_compress_format)format, sizes[i], 65536, 65536);
            check_round_trip((enum mf_compress_format)format, sizes[i], 1000, 64);
        }
        check_round_trip((enum mf_compress_format)format, 3000, 1, 64);
    }
}

static struct mf_buf pack(enum mf_compress_format format, const char *text)
{
    struct mf_buf out;
    enum mf_compress_state state;
    struct mf_compress *stream = open_stream(format, false);
    mf_buf_init(&out, 65536);
    MF_CHECK_INT(feed(stream, mf_slice_of_cstr(text), 65536, 65536, &out, &state), 0);
    close_stream(stream);
    return out;
}

/* zlib itself reads what we wrote: the frames are the ones they say they are. */
static void test_frames_are_zlibs(void)
{
    static const struct {
        enum mf_compress_format format;
        int bits;
    } rows[] = {{MF_COMPRESS_GZIP, 31}, {MF_COMPRESS_DEFLATE, 15}, {MF_COMPRESS_DEFLATE_RAW, -15}};
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        struct mf_buf packed = pack(rows[i].format, "hello hello hello");
        uint8_t out[64];
        z_stream z;
        memset(&z, 0, sizeof(z));
        MF_CHECK_INT(inflateInit2(&z, rows[i].bits), Z_OK);
        z.next_in = packed.data;
        z.avail_in = (unsigned)packed.size;
        z.next_out = out;
        z.avail_out = sizeof(out);
        MF_CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
        MF_CHECK_TEXT(mf_slice_of(out, z.total_out), "hello hello hello");
        inflateEnd(&z);
        mf_buf_done(&packed);
    }
}

/* ---- what is wrong with the data --------------------------------------------------------------- */

static int unpack(enum mf_compress_format format,
                  struct mf_slice input,
                  size_t step,
                  bool has_members,
                  struct mf_buf *out,
                  enum mf_compress_state *ret_state)
{
    struct mf_compress_options options;
    mf_compress_options_init(&options, format, true);
    options.has_members = has_members;
    struct mf_compress *stream = open_with(&options);
    mf_buf_reset(out);
    int error = feed(stream, input, step, 4096, out, ret_state);
    if (error == MF_E_INVALID) {
        MF_CHECK(mf_compress_why(stream)[0] != '\0' && mf_compress_code(stream) != 0);
        size_t size;
        uint8_t byte[64];
        /* It stays broken, until it is reset. */
        MF_CHECK_INT(mf_compress_write(stream, input, MF_COMPRESS_NO_FLUSH), MF_E_INVALID);
        MF_CHECK_INT(mf_compress_read(stream, byte, sizeof(byte), &size, ret_state), MF_E_INVALID);
        MF_CHECK_INT(mf_compress_reset(stream), 0);
        MF_CHECK_INT(mf_compress_read(stream, byte, sizeof(byte), &size, ret_state), 0);
        MF_CHECK_INT(*ret_state, MF_COMPRESS_HUNGRY);
    }
    close_stream(stream);
    return error;
}

static void test_cut_and_broken(void)
{
    struct mf_buf out;
    enum mf_compress_state state;
    mf_buf_init(&out, 65536);
    for (int format = MF_COMPRESS_GZIP; format <= MF_COMPRESS_BROTLI; format++) {
        struct mf_buf packed = pack((enum mf_compress_format)format, "some text that is some text");
        for (size_t size = 0; size < packed.size; size++) {
            MF_CHECK_INT(unpack((enum mf_compress_format)format, mf_slice_of(packed.data, size), 3, false,
                                &out, &state),
                         0);
            MF_CHECK_INT(state, MF_COMPRESS_HUNGRY); /* Never an end. */
        }
        MF_CHECK_INT(mf_buf_append_cstr(&packed, "tail"), 0);
        struct mf_compress *stream = open_stream((enum mf_compress_format)format, true);
        mf_buf_reset(&out);
        MF_CHECK_INT(feed(stream, mf_buf_peek(&packed), 65536, 64, &out, &state), 0);
        MF_CHECK_INT(state, MF_COMPRESS_ENDED);
        MF_CHECK_INT(mf_compress_unused(stream), 4);
        MF_CHECK_INT(mf_compress_write(stream, mf_slice_of("x", 1), MF_COMPRESS_NO_FLUSH), MF_E_CLOSED);
        MF_CHECK_INT(mf_compress_write(stream, mf_slice_of(NULL, 0), MF_COMPRESS_FINISH), 0);
        close_stream(stream);
        mf_buf_done(&packed);
    }
    MF_CHECK_INT(unpack(MF_COMPRESS_GZIP, mf_slice_of("plain text", 10), 65536, false, &out, &state),
                 MF_E_INVALID);
    MF_CHECK_INT(unpack(MF_COMPRESS_DEFLATE, mf_slice_of("\x78\x9d", 2), 1, false, &out, &state),
                 MF_E_INVALID);
    MF_CHECK_INT(unpack(MF_COMPRESS_BROTLI, mf_slice_of("\xff\xff\xff", 3), 1, false, &out, &state),
                 MF_E_INVALID);
    struct mf_buf packed = pack(MF_COMPRESS_GZIP, "checked");
    packed.data[packed.size - 6] ^= 1; /* The checksum. */
    MF_CHECK_INT(unpack(MF_COMPRESS_GZIP, mf_buf_peek(&packed), 1, false, &out, &state), MF_E_INVALID);
    mf_buf_done(&packed);
    mf_buf_done(&out);
}

static void test_members(void)
{
    static const enum mf_compress_format formats[] = {MF_COMPRESS_GZIP, MF_COMPRESS_UNZIP};
    struct mf_buf out;
    enum mf_compress_state state;
    mf_buf_init(&out, 65536);
    struct mf_buf packed = pack(MF_COMPRESS_GZIP, "one,");
    struct mf_buf second = pack(MF_COMPRESS_GZIP, "two");
    MF_CHECK_INT(mf_buf_append_slice(&packed, mf_buf_peek(&second)), 0);
    MF_CHECK_INT(mf_buf_append(&packed, "\0\0\0\0\0\0", 6), 0);
    for (size_t i = 0; i < MF_COUNT_OF(formats); i++) {
        for (size_t step = 1; step <= packed.size; step++) {
            MF_CHECK_INT(unpack(formats[i], mf_buf_peek(&packed), step, true, &out, &state), 0);
            MF_CHECK_INT(state, MF_COMPRESS_ENDED);
            MF_CHECK_TEXT(mf_buf_peek(&out), "one,two");
        }
    }
    MF_CHECK_INT(unpack(MF_COMPRESS_GZIP, mf_buf_peek(&packed), 65536, false, &out, &state), 0);
    MF_CHECK_TEXT(mf_buf_peek(&out), "one,");
    memcpy(packed.data + packed.size - 6, "\x1f\x8b\xff\xff\0\0", 6);
    MF_CHECK_INT(unpack(MF_COMPRESS_GZIP, mf_buf_peek(&packed), 65536, true, &out, &state), MF_E_INVALID);
    mf_buf_done(&second);
    second = pack(MF_COMPRESS_DEFLATE, "zlib's");
    MF_CHECK_INT(unpack(MF_COMPRESS_UNZIP, mf_buf_peek(&second), 1, true, &out, &state), 0);
    MF_CHECK_TEXT(mf_buf_peek(&out), "zlib's");
    mf_buf_done(&second);
    mf_buf_done(&packed);
    mf_buf_done(&out);
}

/* ---- how it is used --------------------------------------------------------------------------- */

/* A flush gives all that was written; what was written before a change of level stays as it was. Output goes to memory that is
 * freed between the calls: none of it may be remembered. */
static void test_flush_and_params(void)
{
    struct mf_buf text = text_of(40000);
    struct mf_buf packed;
    struct mf_buf back;
    enum mf_compress_state state;
    struct mf_compress *encoder = open_stream(MF_COMPRESS_DEFLATE, false);
    struct mf_compress *decoder = open_stream(MF_COMPRESS_DEFLATE, true);
    mf_buf_init(&packed, 1u << 20);
    mf_buf_init(&back, 1u << 20);
    for (int i = 0; i < 10; i++) {
        size_t before = packed.size;
        struct mf_slice piece = mf_slice_of(text.data + i * 4000, 4000);
        MF_CHECK_INT(mf_compress_write(encoder, piece, i % 2 ? MF_COMPRESS_SYNC_FLUSH : MF_COMPRESS_NO_FLUSH),
                     0);
        MF_CHECK_INT(mf_compress_write(encoder, piece, MF_COMPRESS_NO_FLUSH), MF_E_AGAIN);
        MF_CHECK_INT(mf_compress_params(encoder, 1, 0), MF_E_AGAIN);
        MF_CHECK_INT(drain(encoder, 64, &packed, &state), 0);
        MF_CHECK_INT(state, MF_COMPRESS_HUNGRY);
        MF_CHECK_INT(mf_compress_params(encoder, i % 10, i % 5), 0);
        MF_CHECK_INT(drain(encoder, 64, &packed, &state), 0);
        MF_CHECK_INT(mf_compress_write(decoder, mf_slice_of(packed.data + before, packed.size - before),
                                       MF_COMPRESS_NO_FLUSH),
                     0);
        MF_CHECK_INT(drain(decoder, 64, &back, &state), 0);
        MF_CHECK(i % 2 == 0 || back.size == (size_t)(i + 1) * 4000);
    }
    MF_CHECK(mf_slice_equal(mf_buf_peek(&back), mf_buf_peek(&text)));
    MF_CHECK_INT(mf_compress_params(encoder, 10, 0), MF_E_INVALID);
    MF_CHECK_INT(mf_compress_params(decoder, 1, 0), MF_E_INVALID);
    mf_compress_free(encoder);
    close_stream(decoder);
    mf_buf_done(&text);
    mf_buf_done(&packed);
    mf_buf_done(&back);
}

static void test_dictionary(void)
{
    struct mf_compress_options options;
    struct mf_buf packed;
    struct mf_buf out;
    enum mf_compress_state state;
    struct mf_compress *stream;
    mf_buf_init(&packed, 4096);
    mf_buf_init(&out, 4096);
    for (int format = MF_COMPRESS_DEFLATE; format <= MF_COMPRESS_DEFLATE_RAW; format++) {
        mf_compress_options_init(&options, (enum mf_compress_format)format, false);
        options.dictionary = mf_slice_of_cstr("words that are often said");
        stream = open_with(&options);
        mf_buf_reset(&packed);
        MF_CHECK_INT(feed(stream, mf_slice_of_cstr("often said words"), 4, 64, &packed, &state), 0);
        close_stream(stream);
        options.is_decoder = true;
        stream = open_with(&options);
        mf_buf_reset(&out);
        MF_CHECK_INT(feed(stream, mf_buf_peek(&packed), 1, 64, &out, &state), 0);
        MF_CHECK_TEXT(mf_buf_peek(&out), "often said words");
        close_stream(stream);
    }
    options.format = MF_COMPRESS_DEFLATE;
    mf_buf_done(&packed);
    packed = pack(MF_COMPRESS_DEFLATE, "x");
    packed.data[1] = 0xbb; /* "A dictionary is needed", its checksum follows. */
    options.dictionary = mf_slice_of_cstr("other words");
    stream = open_with(&options);
    MF_CHECK_INT(feed(stream, mf_buf_peek(&packed), 1, 64, &out, &state), MF_E_INVALID);
    MF_CHECK(strcmp(mf_compress_why(stream), "Bad dictionary") == 0);
    close_stream(stream);
    options.dictionary = mf_slice_of(NULL, 0);
    stream = open_with(&options);
    MF_CHECK_INT(feed(stream, mf_buf_peek(&packed), 1, 64, &out, &state), MF_E_INVALID);
    MF_CHECK(strcmp(mf_compress_why(stream), "Missing dictionary") == 0);
    close_stream(stream);
    mf_buf_done(&packed);
    mf_buf_done(&out);
}

static void test_options_are_checked(void)
{
    struct mf_compress *stream = NULL;
    for (int bad = 0; bad < 10; bad++) {
        struct mf_compress_options options;
        mf_compress_options_init(&options, bad >= 7 ? MF_COMPRESS_BROTLI : MF_COMPRESS_GZIP, false);
        switch (bad) {
        case 0:
            options.level = 10;
            break;
        case 1:
            options.level = -2;
            break;
        case 2:
            options.window_bits = 16;
            break;
        case 3:
            options.memory_level = 0;
            break;
        case 4:
            options.strategy = 5;
            break;
        case 5:
            options.format = MF_COMPRESS_UNZIP;
            break;
        case 6:
            options.format = MF_COMPRESS_FORMATS_COUNT;
            break;
        case 7:
            options.level = 12;
            break;
        case 8:
            options.window_bits = 25;
            break;
        case 9:
            options.strategy = -1;
            break;
        default:
            break;
        }
        MF_CHECK_INT(mf_compress_new(&options, &memory, &stream), MF_E_INVALID);
    }
    MF_CHECK_INT(purse.bytes, 0);
    static const uint8_t much[MF_COMPRESS_WRITE_BYTES_MAX + 1];
    stream = open_stream(MF_COMPRESS_GZIP, false);
    MF_CHECK_INT(mf_compress_write(stream, mf_slice_of(much, sizeof(much)), MF_COMPRESS_NO_FLUSH),
                 MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_compress_write(stream, mf_slice_of(much, 1), (enum mf_compress_flush)6), MF_E_INVALID);
    close_stream(stream);
}

/* Refuses each allocation of a life in turn: an error, never a crash, and nothing is lost. */
static void test_memory_refused(void)
{
    struct mf_buf text = text_of(200000);
    struct mf_buf out;
    enum mf_compress_state state;
    mf_buf_init(&out, 1u << 20);
    for (int format = MF_COMPRESS_GZIP; format <= MF_COMPRESS_BROTLI; format++) {
        struct mf_buf packed;
        mf_buf_init(&packed, 1u << 20);
        for (int is_decoder = 0; is_decoder < 2; is_decoder++) {
            int error = MF_E_NO_MEMORY;
            int refusals = 0;
            for (long granted = 0; error == MF_E_NO_MEMORY; granted++, refusals++) {
                struct mf_compress_options options;
                struct mf_compress *stream = NULL;
                mf_compress_options_init(&options, (enum mf_compress_format)format, is_decoder);
                purse.left = granted;
                error = mf_compress_new(&options, &memory, &stream);
                if (error == 0) {
                    mf_buf_reset(&out);
                    error =
                        feed(stream, mf_buf_peek(is_decoder ? &packed : &text), 65536, 65536, &out, &state);
                    mf_compress_free(stream);
                }
                MF_CHECK_INT(purse.bytes, 0);
            }
            purse.left = -1;
            MF_CHECK_INT(error, 0);
            MF_CHECK(refusals >= 3);
            if (!is_decoder) {
                MF_CHECK_INT(mf_buf_append_slice(&packed, mf_buf_peek(&out)), 0);
            }
        }
        mf_buf_done(&packed);
    }
    mf_buf_done(&text);
    mf_buf_done(&out);
}

/* A gigabyte in a megabyte: no read gives more than its room, and the memory stays small. */
static void test_bomb(void)
{
    static uint8_t out[MF_COMPRESS_READ_BYTES_MAX];
    static const uint8_t zeros[65536];
    for (int format = MF_COMPRESS_GZIP; format <= MF_COMPRESS_BROTLI; format++) {
        struct mf_buf packed;
        enum mf_compress_state state = MF_COMPRESS_HUNGRY;
        struct mf_compress *stream = open_stream((enum mf_compress_format)format, false);
        mf_buf_init(&packed, 1u << 20);
        for (int i = 0; i < 256; i++) {
            MF_CHECK_INT(mf_compress_write(stream, mf_slice_of(zeros, sizeof(zeros)),
                                           i == 255 ? MF_COMPRESS_FINISH : MF_COMPRESS_NO_FLUSH),
                         0);
            MF_CHECK_INT(drain(stream, 65536, &packed, &state), 0);
        }
        close_stream(stream);
        MF_CHECK(packed.size < 32768);
        stream = open_stream((enum mf_compress_format)format, true);
        MF_CHECK_INT(mf_compress_write(stream, mf_buf_peek(&packed), MF_COMPRESS_FINISH), 0);
        size_t all = 0;
        do {
            size_t size;
            MF_CHECK_INT(mf_compress_read(stream, out, sizeof(out), &size, &state), 0);
            all += size;
            MF_CHECK(purse.bytes < (20u << 20));
        } while (state == MF_COMPRESS_MORE);
        MF_CHECK_INT(all, 256 * sizeof(zeros));
        close_stream(stream);
        mf_buf_done(&packed);
    }
}

static void test_crc32(void)
{
    MF_CHECK(mf_compress_crc32(0, mf_slice_of_cstr("123456789")) == 0xcbf43926u);
    MF_CHECK(mf_compress_crc32(mf_compress_crc32(0, mf_slice_of_cstr("12345")), mf_slice_of_cstr("6789")) ==
             0xcbf43926u);
    MF_CHECK(mf_compress_crc32(7, mf_slice_of(NULL, 0)) == 7 ||
             mf_compress_crc32(0, mf_slice_of("", 0)) == 0);
}

int main(void)
{
    MF_RUN(test_there_and_back);
    MF_RUN(test_frames_are_zlibs);
    MF_RUN(test_cut_and_broken);
    MF_RUN(test_members);
    MF_RUN(test_flush_and_params);
    MF_RUN(test_dictionary);
    MF_RUN(test_options_are_checked);
    MF_RUN(test_memory_refused);
    MF_RUN(test_bomb);
    MF_RUN(test_crc32);
    return 0;
}
