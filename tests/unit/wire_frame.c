/* The frame reader: any cut of the byte stream gives the same frames; what is no frame breaks it for good. */
#include <mayfly/wire.h>

#include "check.h"

static void append_log(struct mf_buf *out, uint32_t run, const char *text)
{
    struct mf_msg_log message = {.method = 2, .unix_ms = 5, .text = mf_slice_of_cstr(text)};
    MF_CHECK_INT(mf_encode_log(out, run, &message), 0);
}

static void test_every_cut(void)
{
    struct mf_buf out;

    mf_buf_init(&out, 4096);
    append_log(&out, 1, "");
    append_log(&out, 2, "hello");
    append_log(&out, 3, "a longer line");
    for (size_t step = 1; step <= out.size; step++) {
        struct mf_frame_reader reader;
        struct mf_frame frame;
        uint32_t run = 0;

        mf_frame_reader_init(&reader, MF_TO_DAEMON);
        for (size_t at = 0; at < out.size; at += step) {
            size_t size = out.size - at < step ? out.size - at : step;
            MF_CHECK_INT(mf_frame_reader_feed(&reader, out.data + at, size), 0);
            while (mf_frame_reader_next(&reader, &frame) == 1) {
                struct mf_msg_log message;
                MF_CHECK_INT(frame.run, ++run);
                MF_CHECK_INT(mf_decode_log(frame.payload, &message), 0);
                MF_CHECK_INT(message.text.size, run == 1 ? 0 : run == 2 ? 5 : 13);
            }
        }
        MF_CHECK_INT(run, 3);
        mf_frame_reader_done(&reader);
    }
    mf_buf_done(&out);
}

static void check_broken(enum mf_message_direction allowed, const uint8_t header[MF_FRAME_HEADER_BYTES])
{
    struct mf_frame_reader reader;
    struct mf_frame frame;
    uint8_t *space = NULL;

    mf_frame_reader_init(&reader, allowed);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, header, MF_FRAME_HEADER_BYTES - 1), 0);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 0);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, header + MF_FRAME_HEADER_BYTES - 1, 1), 0);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), MF_E_WIRE);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), MF_E_WIRE);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, "", 1), MF_E_WIRE);
    MF_CHECK_INT(mf_frame_reader_reserve(&reader, 1, &space), MF_E_WIRE);
    mf_frame_reader_done(&reader);
}

static void test_refused_headers(void)
{
    static const uint8_t unknown_type[] = {0, 0, 0, 0, 22, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t type_high_byte[] = {0, 0, 0, 0, 2, 1, 0, 0, 1, 0, 0, 0};
    static const uint8_t done_to_executor[] = {0, 0, 0, 0, 15, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t start_to_daemon[] = {0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t flags[] = {0, 0, 0, 0, 16, 0, 0, 1, 1, 0, 0, 0};
    static const uint8_t too_large[] = {1, 0, 4, 0, 16, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 16, 0, 0, 0, 1, 0, 0, 0};

    check_broken(MF_TO_EXECUTOR, unknown_type);
    check_broken(MF_TO_EXECUTOR, type_high_byte);
    check_broken(MF_TO_EXECUTOR, done_to_executor);
    check_broken(MF_TO_DAEMON, start_to_daemon);
    check_broken(MF_TO_EXECUTOR, flags);
    check_broken(MF_TO_EXECUTOR, too_large);
    check_broken(MF_TO_DAEMON, huge);
}

/* The largest frame fits, with a second one a byte short behind it; a reader that is never emptied says no. */
static void test_largest(void)
{
    size_t size = MF_FRAME_PAYLOAD_BYTES_MAX - 4;
    uint8_t *bytes = calloc(1, size);
    struct mf_msg_bundle message = {.bytes = mf_slice_of(bytes, size)};
    struct mf_frame_reader reader;
    struct mf_frame frame;
    struct mf_buf out;

    mf_buf_init(&out, 4 * size);
    MF_CHECK_INT(mf_encode_bundle(&out, 1, &message), 0);
    mf_frame_reader_init(&reader, MF_TO_EXECUTOR);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, out.data, out.size - 1), 0);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 0);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, "", 1), 0);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, out.data, out.size), 0);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, out.data, 1), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 1);
    MF_CHECK_INT(frame.payload.size, size + 4);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 1);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 0);
    MF_CHECK_INT(mf_frame_reader_feed(&reader, out.data, out.size), 0);
    MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 1);
    mf_frame_reader_done(&reader);
    mf_buf_done(&out);
    free(bytes);
}

int main(void)
{
    MF_RUN(test_every_cut);
    MF_RUN(test_refused_headers);
    MF_RUN(test_largest);
    MF_CHECK(strcmp(mf_message_name(0), "?") == 0);
    return 0;
}
