/* Every message of wire.def survives the wire; anything but exactly one message is refused. */
#include <mayfly/wire.h>

#include "check.h"

static uint64_t seed;

/* Values with all bytes different, so that a swapped or shortened field shows. */
static uint64_t some_number(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed ^ seed >> 29;
}

static struct mf_slice some_bytes(void)
{
    static const char text[] = "a\0b\xff-0123456789abcdefghijklmnopqrstuvwxyz";
    return mf_slice_of(text, some_number() % sizeof(text));
}

static void check_refused(struct mf_buf *frame, int (*decode)(struct mf_slice payload))
{
    struct mf_slice payload =
        mf_slice_of(frame->data + MF_FRAME_HEADER_BYTES, frame->size - MF_FRAME_HEADER_BYTES);

    for (size_t size = 0; size < payload.size; size++) {
        /* A copy of its own, so that ASan sees a byte read past it. */
        uint8_t *part = malloc(size + 1);
        memcpy(part, payload.data, size);
        MF_CHECK_INT(decode(mf_slice_of(part, size)), MF_E_WIRE);
        free(part);
    }
    MF_CHECK_INT(mf_buf_append(frame, "", 1), 0);
    payload = mf_slice_of(frame->data + MF_FRAME_HEADER_BYTES, frame->size - MF_FRAME_HEADER_BYTES);
    MF_CHECK_INT(decode(payload), MF_E_WIRE);
}

#define MESSAGE(name, NAME, number, direction)                                                               \
    static int decode_only_##name(struct mf_slice payload)                                                   \
    {                                                                                                        \
        struct mf_msg_##name message;                                                                        \
        return mf_decode_##name(payload, &message);                                                          \
    }
#define FIELD_U8(name)
#define FIELD_U16(name)
#define FIELD_U32(name)
#define FIELD_I32(name)
#define FIELD_U64(name)
#define FIELD_SLICE(name)
#define MESSAGE_END(name)
#include <mayfly/wire.def>

#define MESSAGE(name, NAME, number, direction)                                                               \
    static void encode_some_##name(struct mf_buf *out, struct mf_msg_##name *sent)                           \
    {                                                                                                        \
        memset(sent, 0, sizeof(*sent));
#define FIELD_U8(name) sent->name = (uint8_t)some_number();
#define FIELD_U16(name) sent->name = (uint16_t)some_number();
#define FIELD_U32(name) sent->name = (uint32_t)some_number();
#define FIELD_I32(name) sent->name = (int32_t)(uint32_t)some_number();
#define FIELD_U64(name) sent->name = some_number();
#define FIELD_SLICE(name) sent->name = some_bytes();
#define MESSAGE_END(name)                                                                                    \
    MF_CHECK_INT(mf_encode_##name(out, 0xfedcba98u, sent), 0);                                               \
    }
#include <mayfly/wire.def>

#define MESSAGE(name, NAME, number, direction)                                                               \
    static void test_##name(void)                                                                            \
    {                                                                                                        \
        struct mf_frame_reader reader;                                                                       \
        struct mf_frame frame;                                                                               \
        struct mf_buf out;                                                                                   \
        struct mf_msg_##name sent, came;                                                                     \
        mf_buf_init(&out, 4096);                                                                             \
        encode_some_##name(&out, &sent);                                                                     \
        mf_frame_reader_init(&reader, (MF_##direction & MF_TO_DAEMON) ? MF_TO_DAEMON : MF_TO_EXECUTOR);      \
        MF_CHECK_INT(mf_frame_reader_feed(&reader, out.data, out.size), 0);                                  \
        MF_CHECK_INT(mf_frame_reader_next(&reader, &frame), 1);                                              \
        MF_CHECK_INT(frame.type, number);                                                                    \
        MF_CHECK_INT(frame.run, 0xfedcba98u);                                                                \
        MF_CHECK(strcmp(mf_message_name(frame.type), #NAME) == 0);                                           \
        MF_CHECK_INT(mf_decode_##name(frame.payload, &came), 0);
#define FIELD_U8(name) MF_CHECK(came.name == sent.name);
#define FIELD_U16(name) MF_CHECK(came.name == sent.name);
#define FIELD_U32(name) MF_CHECK(came.name == sent.name);
#define FIELD_I32(name) MF_CHECK(came.name == sent.name);
#define FIELD_U64(name) MF_CHECK(came.name == sent.name);
#define FIELD_SLICE(name) MF_CHECK(mf_slice_equal(came.name, sent.name));
#define MESSAGE_END(name)                                                                                    \
    check_refused(&out, decode_only_##name);                                                                 \
    mf_frame_reader_done(&reader);                                                                           \
    mf_buf_done(&out);                                                                                       \
    }
#include <mayfly/wire.def>

/* The bytes themselves: the order on the wire is a promise to the other program. */
static void test_bytes_are_little_endian(void)
{
    static const uint8_t expected[] = {11,   0,    0,    0,    16, 0, 0, 0, 7,   0,   0,  0,
                                       0x04, 0x03, 0x02, 0x01, 3,  0, 0, 0, 'a', 'b', 'c'};
    struct mf_msg_stream_data message = {.stream = 0x01020304u, .bytes = mf_slice_of_cstr("abc")};
    struct mf_buf out;

    mf_buf_init(&out, 4096);
    MF_CHECK_INT(mf_encode_stream_data(&out, 7, &message), 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&out), mf_slice_of(expected, sizeof(expected))));
    mf_buf_done(&out);
}

static void test_too_large_appends_nothing(void)
{
    size_t size = MF_FRAME_PAYLOAD_BYTES_MAX;
    uint8_t *bytes = calloc(1, size);
    struct mf_msg_bundle message = {.bytes = mf_slice_of(bytes, size)};
    struct mf_buf out;

    mf_buf_init(&out, 4 * size);
    MF_CHECK_INT(mf_encode_bundle(&out, 1, &message), MF_E_TOO_LARGE);
    MF_CHECK_INT(out.size, 0);
    message.bytes.size = SIZE_MAX; /* 4 + SIZE_MAX must not become 3. */
    MF_CHECK_INT(mf_encode_bundle(&out, 1, &message), MF_E_TOO_LARGE);
    message.bytes.size = size - 4;
    MF_CHECK_INT(mf_encode_bundle(&out, 1, &message), 0);
    MF_CHECK_INT(out.size, MF_FRAME_HEADER_BYTES + size);
    mf_buf_done(&out);

    mf_buf_init(&out, 20); /* The buffer's own maximum. */
    message.bytes.size = 5;
    MF_CHECK_INT(mf_encode_bundle(&out, 1, &message), MF_E_TOO_LARGE);
    MF_CHECK_INT(out.size, 0);
    mf_buf_done(&out);
    free(bytes);
}

/* A length that reaches past the payload, and one that would wrap a 32-bit sum. */
static void test_slice_past_the_end(void)
{
    uint8_t payload[] = {1, 0, 0, 0, 4, 0, 0, 0, 'a', 'b', 'c'};
    struct mf_msg_stream_data message = {.stream = 99};

    MF_CHECK_INT(mf_decode_stream_data(mf_slice_of(payload, sizeof(payload)), &message), MF_E_WIRE);
    memset(payload + 4, 0xff, 4);
    MF_CHECK_INT(mf_decode_stream_data(mf_slice_of(payload, sizeof(payload)), &message), MF_E_WIRE);
    MF_CHECK_INT(message.stream, 99);
}

int main(void)
{
    for (seed = 1; seed < 50; seed = (seed & 0xff) + 1) {
        uint64_t round = seed;
#define MESSAGE(name, NAME, number, direction) test_##name();
#define FIELD_U8(name)
#define FIELD_U16(name)
#define FIELD_U32(name)
#define FIELD_I32(name)
#define FIELD_U64(name)
#define FIELD_SLICE(name)
#define MESSAGE_END(name)
#include <mayfly/wire.def>
        seed = round;
    }
    MF_RUN(test_bytes_are_little_endian);
    MF_RUN(test_too_large_appends_nothing);
    MF_RUN(test_slice_past_the_end);
    return 0;
}
