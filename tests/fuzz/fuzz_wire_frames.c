/* Bytes of a hostile peer through the frame reader and every decoder; what decodes must encode to the same bytes. */
#include <mayfly/wire.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(const struct mf_frame *frame)
{
    struct mf_buf out;
    int error = 0;

    mf_buf_init(&out, MF_FRAME_HEADER_BYTES + MF_FRAME_PAYLOAD_BYTES_MAX);
    switch ((enum mf_message_type)frame->type) {
#define MESSAGE(name, NAME, number, direction)                                                               \
    case MF_MESSAGE_##NAME: {                                                                                \
        struct mf_msg_##name message;                                                                        \
        error = mf_decode_##name(frame->payload, &message);                                                  \
        if (error == 0) {                                                                                    \
            error = mf_encode_##name(&out, frame->run, &message);                                            \
            MF_ASSERT(error == 0);                                                                           \
        }                                                                                                    \
        break;                                                                                               \
    }
#define FIELD_U8(name)
#define FIELD_U16(name)
#define FIELD_U32(name)
#define FIELD_I32(name)
#define FIELD_U64(name)
#define FIELD_SLICE(name)
#define MESSAGE_END(name)
#include <mayfly/wire.def>
    }
    MF_ASSERT(error == 0 || error == MF_E_WIRE);
    if (error == 0) {
        MF_ASSERT(out.size == MF_FRAME_HEADER_BYTES + frame->payload.size);
        MF_ASSERT(frame->payload.size == 0 ||
                  memcmp(out.data + MF_FRAME_HEADER_BYTES, frame->payload.data, frame->payload.size) == 0);
    }
    mf_buf_done(&out);
}

/* The first byte says which end reads and how the bytes are cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_frame_reader reader;
    struct mf_frame frame;
    size_t step;
    int result = 0;

    if (size < 1) {
        return 0;
    }
    mf_frame_reader_init(&reader, data[0] & 1 ? MF_TO_EXECUTOR : MF_TO_DAEMON);
    step = (size_t)(data[0] >> 1) + 1;
    for (size_t at = 1; at < size && result >= 0; at += step) {
        size_t piece = size - at < step ? size - at : step;
        result = mf_frame_reader_feed(&reader, data + at, piece);
        MF_ASSERT(result == 0);
        while ((result = mf_frame_reader_next(&reader, &frame)) == 1) {
            check_frame(&frame);
        }
    }
    mf_frame_reader_done(&reader);
    return 0;
}
