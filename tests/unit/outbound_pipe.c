/* Bodies of answers on their way: decoded in any pieces, held back by a sink of any appetite, bombs stopped; and the bodies of
 * requests, kept as long as they are small. */
#include "check.h"
#include "pipe.h"
#include "upload.h"

#include <zlib.h>

#define PLAIN_BYTES 300000

static uint8_t plain[PLAIN_BYTES];

static void make_plain(void)
{
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)((i * 7919) >> (i % 5));
    }
}

/* |window_bits| as deflateInit2 takes it: + 16 for gzip, negative for no frame. */
static void deflate_to(struct mf_buf *out, const uint8_t *bytes, size_t size, int window_bits)
{
    z_stream zlib = {0};
    MF_CHECK_INT(deflateInit2(&zlib, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    MF_CHECK_INT(mf_buf_reserve(out, deflateBound(&zlib, size)), 0);
    zlib.next_in = (z_const Bytef *)(uintptr_t)bytes;
    zlib.avail_in = (uInt)size;
    zlib.next_out = out->data + out->size;
    zlib.avail_out = (uInt)(out->capacity - out->size);
    MF_CHECK_INT(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    out->size += zlib.total_out;
    MF_CHECK_INT(deflateEnd(&zlib), Z_OK);
}

/* ---- the sink ------------------------------------------------------------------------------------ */

static struct mf_buf got;
static size_t appetite; /* Bytes that it takes before it is full; then it must be fed again. */
static size_t room;

static size_t sink(void *user, struct mf_slice bytes)
{
    (void)user;
    size_t taken = bytes.size < room ? bytes.size : room;
    MF_CHECK_INT(mf_buf_append(&got, bytes.data, taken), 0);
    room -= taken;
    return taken;
}

/* All of |coded| in pieces of |piece|; 0 or the error. What came out is in |got|. */
static int flow(enum mf__coding coding, struct mf_slice coded, size_t piece, uint64_t decoded_max)
{
    struct mf__pipe pipe;
    int rc = 0;
    mf_buf_done(&got);
    mf_buf_init(&got, 64 << 20);
    room = appetite;
    mf__pipe_init(&pipe, 1 << 30, decoded_max, sink, NULL);
    mf__pipe_through(&pipe, coding == MF__CODING_NONE ? NULL : mf__decode_new(coding), NULL);
    for (size_t at = 0; rc == 0 && at < coded.size;) {
        size_t size = coded.size - at < piece ? coded.size - at : piece;
        rc = mf__pipe_push(&pipe, mf_slice_of(coded.data + at, size));
        at += size;
        while (rc == 0 && mf__pipe_is_blocked(&pipe)) {
            MF_CHECK(pipe.out.size <= 262144 && pipe.in.size <= 2 * MF_UPSTREAM_READ_BYTES);
            room = appetite;
            rc = mf__pipe_pump(&pipe);
        }
    }
    rc = rc < 0 ? rc : mf__pipe_end(&pipe);
    while (rc == 0 && !mf__pipe_is_over(&pipe)) {
        room = appetite;
        rc = mf__pipe_pump(&pipe);
    }
    mf__pipe_done(&pipe);
    return rc;
}

static void check_flow(enum mf__coding coding, struct mf_slice coded)
{
    static const size_t pieces[] = {1, 3, 1000, 16384, 65536};
    static const size_t appetites[] = {100, 65536, SIZE_MAX};
    for (size_t i = 0; i < MF_COUNT_OF(pieces); i++) {
        for (size_t j = 0; j < MF_COUNT_OF(appetites); j++) {
            appetite = appetites[j];
            MF_CHECK_INT(flow(coding, coded, pieces[i], PLAIN_BYTES), 0);
            MF_CHECK(mf_slice_equal(mf_buf_peek(&got), mf_slice_of(plain, sizeof plain)));
        }
    }
}

static void codings_come_off(void)
{
    struct mf_buf coded;
    make_plain();
    check_flow(MF__CODING_NONE, mf_slice_of(plain, sizeof plain));
    static const struct {
        enum mf__coding coding;
        int window_bits;
    } forms[] = {
        {MF__CODING_GZIP, MAX_WBITS + 16}, {MF__CODING_DEFLATE, MAX_WBITS}, {MF__CODING_DEFLATE, -MAX_WBITS}};
    for (size_t i = 0; i < MF_COUNT_OF(forms); i++) {
        mf_buf_init(&coded, 1 << 20);
        deflate_to(&coded, plain, sizeof plain, forms[i].window_bits);
        check_flow(forms[i].coding, mf_buf_peek(&coded));
        mf_buf_done(&coded);
    }
    /* Two members, and padding behind them. */
    mf_buf_init(&coded, 1 << 20);
    deflate_to(&coded, plain, 1000, MAX_WBITS + 16);
    deflate_to(&coded, plain + 1000, sizeof plain - 1000, MAX_WBITS + 16);
    MF_CHECK_INT(mf_buf_append(&coded, "\0\0\0\0", 4), 0);
    check_flow(MF__CODING_GZIP, mf_buf_peek(&coded));
    mf_buf_done(&coded);
}

static void what_is_no_coding_is_refused(void)
{
    struct mf_buf coded;
    appetite = SIZE_MAX;
    mf_buf_init(&coded, 1 << 20);
    deflate_to(&coded, plain, sizeof plain, MAX_WBITS + 16);
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_slice_of(coded.data, coded.size - 1), 1000, PLAIN_BYTES),
                 MF_E_UPSTREAM_RESPONSE); /* Cut off. */
    coded.data[coded.size / 2] ^= 0xff;
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_buf_peek(&coded), 1000, PLAIN_BYTES), MF_E_UPSTREAM_RESPONSE);
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_slice_of_cstr("this is no gzip"), 4, PLAIN_BYTES),
                 MF_E_UPSTREAM_RESPONSE);
    MF_CHECK_INT(flow(MF__CODING_DEFLATE, mf_slice_of_cstr("\xff\xff\xff\xff"), 4, PLAIN_BYTES),
                 MF_E_UPSTREAM_RESPONSE);
    MF_CHECK_INT(flow(MF__CODING_DEFLATE, mf_slice_of_cstr("x"), 4, PLAIN_BYTES), MF_E_UPSTREAM_RESPONSE);
    MF_CHECK_INT(flow(MF__CODING_BR, mf_slice_of_cstr("\xff\xff\xff\xff\xff\xff\xff"), 4, PLAIN_BYTES),
                 MF_E_UPSTREAM_RESPONSE);
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_slice_of("", 0), 4, PLAIN_BYTES),
                 0); /* Nothing at all is how some say "empty". */
    MF_CHECK_INT(got.size, 0);
    mf_buf_done(&coded);
}

static void bombs_are_stopped(void)
{
    static uint8_t zeros[16 << 20];
    struct mf_buf coded;
    mf_buf_init(&coded, 32 << 20);
    deflate_to(&coded, zeros, sizeof zeros, MAX_WBITS + 16);
    MF_CHECK(coded.size < 20000);
    appetite = SIZE_MAX;
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_buf_peek(&coded), 65536, sizeof zeros), 0);
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_buf_peek(&coded), 65536, 1 << 20), MF_E_UPSTREAM_TOO_LARGE);
    MF_CHECK(got.size <= 1 << 20);
    appetite = 1000; /* Nobody reads: no more than a piece is made ahead, which flow() checks. */
    MF_CHECK_INT(flow(MF__CODING_GZIP, mf_buf_peek(&coded), 65536, 1 << 20), MF_E_UPSTREAM_TOO_LARGE);
    mf_buf_done(&coded);
}

static void answers_are_counted(void)
{
    struct mf__pipe pipe;
    room = SIZE_MAX;
    mf__pipe_init(&pipe, 10, 1 << 20, sink, NULL);
    MF_CHECK_INT(mf__pipe_push(&pipe, mf_slice_of_cstr("0123456789")), 0);
    MF_CHECK_INT(mf__pipe_push(&pipe, mf_slice_of_cstr("x")), MF_E_UPSTREAM_TOO_LARGE);
    mf__pipe_done(&pipe);
}

static enum mf__coding coding_of(const char *headers, size_t size)
{
    return mf__coding_of(mf_slice_of(headers, size));
}

#define CODING(headers) coding_of(headers, sizeof headers - 1)

static void codings_are_known_by_name(void)
{
    MF_CHECK_INT(CODING(""), MF__CODING_NONE);
    MF_CHECK_INT(CODING("content-encoding\0\0"), MF__CODING_NONE);
    MF_CHECK_INT(CODING("content-encoding\0identity\0"), MF__CODING_NONE);
    MF_CHECK_INT(CODING("content-encoding\0GZip\0"), MF__CODING_GZIP);
    MF_CHECK_INT(CODING("content-encoding\0x-gzip\0"), MF__CODING_GZIP);
    MF_CHECK_INT(CODING("a\0b\0content-encoding\0br\0"), MF__CODING_BR);
    MF_CHECK_INT(CODING("content-encoding\0deflate\0"), MF__CODING_DEFLATE);
    MF_CHECK_INT(CODING("content-encoding\0zstd\0"), MF__CODING_OTHER);
    MF_CHECK_INT(CODING("content-encoding\0gzip, br\0"), MF__CODING_OTHER);
    MF_CHECK_INT(CODING("content-encoding\0gzip\0content-encoding\0gzip\0"), MF__CODING_OTHER);
    MF_CHECK_INT(CODING("content-encoding\0gzip\0content-encoding\0identity\0"), MF__CODING_GZIP);
}

/* ---- uploads ------------------------------------------------------------------------------------- */

static void small_uploads_can_be_sent_again(void)
{
    struct mf__upload upload;
    struct mf_slice all;
    uint8_t space[16];
    bool is_end = true;
    mf__upload_init(&upload, 10);
    MF_CHECK_INT(mf__upload_read(&upload, space, sizeof space, &is_end), 0);
    MF_CHECK(!is_end);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of_cstr("01234")), 0);
    MF_CHECK_INT(mf__upload_read(&upload, space, 3, &is_end), 3);
    MF_CHECK(!is_end && memcmp(space, "012", 3) == 0);
    MF_CHECK(!mf__upload_peek(&upload, &all));
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of_cstr("56789")), 0);
    mf__upload_end(&upload, 0);
    MF_CHECK_INT(mf__upload_read(&upload, space, sizeof space, &is_end), 7);
    MF_CHECK(is_end && memcmp(space, "3456789", 7) == 0);
    MF_CHECK(mf__upload_peek(&upload, &all));
    MF_CHECK_TEXT(all, "0123456789");
    MF_CHECK(mf__upload_rewind(&upload));
    MF_CHECK_INT(mf__upload_read(&upload, space, sizeof space, &is_end), 10);
    MF_CHECK(is_end);
    mf__upload_done(&upload);
}

static void large_uploads_are_let_go(void)
{
    struct mf__upload upload;
    uint8_t space[16];
    bool is_end;
    mf__upload_init(&upload, 4);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of_cstr("abc")), 0);
    MF_CHECK_INT(mf__upload_read(&upload, space, 2, &is_end), 2);
    MF_CHECK(mf__upload_rewind(&upload));
    MF_CHECK_INT(mf__upload_read(&upload, space, 2, &is_end), 2);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of_cstr("defg")), 0); /* "ab" is let go. */
    MF_CHECK(!mf__upload_rewind(&upload));
    MF_CHECK_INT(upload.bytes.size, 5);
    MF_CHECK_INT(mf__upload_total(&upload), 7);
    MF_CHECK_INT(mf__upload_read(&upload, space, sizeof space, &is_end), 5);
    MF_CHECK(!is_end && memcmp(space, "cdefg", 5) == 0);
    MF_CHECK_INT(upload.bytes.size, 0);
    mf__upload_end(&upload, MF_E_EXCEPTION);
    MF_CHECK_INT(mf__upload_read(&upload, space, sizeof space, &is_end), MF_E_EXCEPTION);
    mf__upload_done(&upload);
}

static void uploads_wait_within_bounds(void)
{
    static uint8_t window[MF_STREAM_WINDOW_BYTES];
    struct mf__upload upload;
    mf__upload_init(&upload, 4);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of(window, sizeof window)), 0);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of(window, 5)), MF_E_TOO_LARGE);
    mf__upload_hold(&upload, sizeof window);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of(window, sizeof window)), 0);
    MF_CHECK_INT(mf__upload_append(&upload, mf_slice_of(window, 1)), MF_E_TOO_LARGE);
    mf__upload_done(&upload);
}

/* What ends like a secret begins is held back, but not from a reader that may have to answer it first. */
static void nothing_is_held_from_who_answers(void)
{
    struct mf__needles *needles = mf__needles_new();
    bool is_short;

    MF_CHECK_INT(mf__needles_add(needles, mf_slice_of_cstr("swordfish-swordfish"), &is_short), 0);
    MF_CHECK_INT(mf__needles_compile(needles), 0);
    for (int is_prompt = 0; is_prompt < 2; is_prompt++) {
        struct mf__pipe pipe;
        mf_buf_done(&got);
        mf_buf_init(&got, 4096);
        room = SIZE_MAX;
        mf__pipe_init(&pipe, 1 << 20, 1 << 20, sink, NULL);
        mf__pipe_through(&pipe, NULL, mf__redact_new(needles, true));
        pipe.is_prompt = is_prompt != 0;
        MF_CHECK_INT(mf__pipe_push(&pipe, mf_slice_of_cstr("yes: sword")), 0);
        MF_CHECK_INT(got.size, is_prompt != 0 ? 10 : 5);
        MF_CHECK_INT(mf__pipe_push(&pipe, mf_slice_of_cstr("s, and swords")), 0);
        MF_CHECK_INT(mf__pipe_push(&pipe, mf_slice_of_cstr("a swordfish-swordfish here")),
                     MF_E_OUTBOUND_ECHO);
        MF_CHECK(memmem(got.data, got.size, "fish", 4) == NULL);
        mf__pipe_done(&pipe);
    }
    mf__needles_unref(needles);
}

int main(void)
{
    MF_RUN(codings_come_off);
    MF_RUN(what_is_no_coding_is_refused);
    MF_RUN(bombs_are_stopped);
    MF_RUN(answers_are_counted);
    MF_RUN(codings_are_known_by_name);
    MF_RUN(nothing_is_held_from_who_answers);
    MF_RUN(small_uploads_can_be_sent_again);
    MF_RUN(large_uploads_are_let_go);
    MF_RUN(uploads_wait_within_bounds);
    mf_buf_done(&got);
    return 0;
}
