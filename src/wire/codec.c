/* codec.c - mf_encode_* and mf_decode_* for every message, made from wire.def.
 *
 * Each inclusion of the table below makes one kind of function: the payload's size, encode, decode. Integers are
 * little-endian whatever the machine; compilers turn the byte-wise loads and stores into single moves.
 */
#include <mayfly/wire.h>

/* ---- bytes -------------------------------------------------------------------------------- */

static uint8_t *put_uint(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
    return at + size;
}

static uint8_t *put_slice(uint8_t *at, struct mf_slice bytes)
{
    at = put_uint(at, bytes.size, 4);
    if (bytes.size > 0) {
        memcpy(at, bytes.data, bytes.size);
    }
    return at + bytes.size;
}

/* What is left of a payload. Once a field does not fit it stays failed and gives zeros. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool is_failed;
};

static uint64_t get_uint(struct cursor *cursor, size_t size)
{
    uint64_t value = 0;

    if (cursor->left < size) {
        cursor->is_failed = true;
        cursor->left = 0;
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)cursor->at[i] << (8 * i);
    }
    cursor->at += size;
    cursor->left -= size;
    return value;
}

static struct mf_slice get_slice(struct cursor *cursor)
{
    size_t size = (size_t)get_uint(cursor, 4);
    struct mf_slice bytes = {NULL, 0};

    if (cursor->left < size) {
        cursor->is_failed = true;
        cursor->left = 0;
        return bytes;
    }
    bytes = mf_slice_of(cursor->at, size);
    cursor->at += size;
    cursor->left -= size;
    return bytes;
}

/* Appends the frame's header and makes room for |payload_bytes|; *ret_at is where the payload goes. */
static int
begin_frame(struct mf_buf *out, uint16_t type, uint32_t run, size_t payload_bytes, uint8_t **ret_at)
{
    uint8_t *at;
    int error;

    if (payload_bytes > MF_FRAME_PAYLOAD_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    error = mf_buf_reserve(out, MF_FRAME_HEADER_BYTES + payload_bytes);
    if (error < 0) {
        return error;
    }
    at = out->data + out->size;
    at = put_uint(at, payload_bytes, 4);
    at = put_uint(at, type, 2);
    at = put_uint(at, 0, 2);
    at = put_uint(at, run, 4);
    out->size += MF_FRAME_HEADER_BYTES + payload_bytes;
    *ret_at = at;
    return 0;
}

/* A slice too large for any payload must not wrap the sum around. */
static size_t slice_bytes(struct mf_slice slice)
{
    return slice.size > MF_FRAME_PAYLOAD_BYTES_MAX ? (size_t)MF_FRAME_PAYLOAD_BYTES_MAX + 1 : 4 + slice.size;
}

/* ---- sizes -------------------------------------------------------------------------------- */

#define MESSAGE(name, NAME, number, direction)                                                               \
    static size_t bytes_of_##name(const struct mf_msg_##name *message)                                       \
    {                                                                                                        \
        size_t bytes = 0;                                                                                    \
        (void)message;
#define FIELD_U8(name) bytes += 1;
#define FIELD_U16(name) bytes += 2;
#define FIELD_U32(name) bytes += 4;
#define FIELD_I32(name) bytes += 4;
#define FIELD_U64(name) bytes += 8;
#define FIELD_SLICE(name) bytes += slice_bytes(message->name);
#define MESSAGE_END(name)                                                                                    \
    return bytes;                                                                                            \
    }
#include <mayfly/wire.def>

/* ---- encode ------------------------------------------------------------------------------- */

#define MESSAGE(name, NAME, number, direction)                                                               \
    int mf_encode_##name(struct mf_buf *out, uint32_t run, const struct mf_msg_##name *message)              \
    {                                                                                                        \
        uint8_t *at = NULL;                                                                                  \
        int error = begin_frame(out, MF_MESSAGE_##NAME, run, bytes_of_##name(message), &at);                 \
        if (error < 0) {                                                                                     \
            return error;                                                                                    \
        }
#define FIELD_U8(name) at = put_uint(at, message->name, 1);
#define FIELD_U16(name) at = put_uint(at, message->name, 2);
#define FIELD_U32(name) at = put_uint(at, message->name, 4);
#define FIELD_I32(name) at = put_uint(at, (uint32_t)message->name, 4);
#define FIELD_U64(name) at = put_uint(at, message->name, 8);
#define FIELD_SLICE(name) at = put_slice(at, message->name);
#define MESSAGE_END(name)                                                                                    \
    MF_ASSERT(at == out->data + out->size);                                                                  \
    return 0;                                                                                                \
    }
#include <mayfly/wire.def>

/* ---- decode ------------------------------------------------------------------------------- */

#define MESSAGE(name, NAME, number, direction)                                                               \
    int mf_decode_##name(struct mf_slice payload, struct mf_msg_##name *ret_message)                         \
    {                                                                                                        \
        struct cursor cursor = {payload.data, payload.size, false};                                          \
        struct mf_msg_##name message = {0};
#define FIELD_U8(name) message.name = (uint8_t)get_uint(&cursor, 1);
#define FIELD_U16(name) message.name = (uint16_t)get_uint(&cursor, 2);
#define FIELD_U32(name) message.name = (uint32_t)get_uint(&cursor, 4);
#define FIELD_I32(name) message.name = (int32_t)(uint32_t)get_uint(&cursor, 4);
#define FIELD_U64(name) message.name = get_uint(&cursor, 8);
#define FIELD_SLICE(name) message.name = get_slice(&cursor);
#define MESSAGE_END(name)                                                                                    \
    if (cursor.is_failed || cursor.left > 0) {                                                               \
        return MF_E_WIRE;                                                                                    \
    }                                                                                                        \
    *ret_message = message;                                                                                  \
    return 0;                                                                                                \
    }
#include <mayfly/wire.def>
