/* frame.c - cuts the channel's byte stream into frames; refuses what is no frame before its payload is waited for. */
#include <mayfly/wire.h>

/* One whole frame may still lack a byte when the next read brings as much again. */
#define READER_BYTES_MAX (2 * (MF_FRAME_HEADER_BYTES + MF_FRAME_PAYLOAD_BYTES_MAX))

struct message {
    uint16_t type;
    enum mf_message_direction direction;
    const char *name;
};

static const struct message messages[] = {
#define MESSAGE(name, NAME, number, direction) {(number), MF_##direction, #NAME},
#define FIELD_U8(name)
#define FIELD_U16(name)
#define FIELD_U32(name)
#define FIELD_I32(name)
#define FIELD_U64(name)
#define FIELD_SLICE(name)
#define MESSAGE_END(name)
#include <mayfly/wire.def>
};

/* NULL for a number that is none. */
static const struct message *message_of(uint16_t type)
{
    for (size_t i = 0; i < MF_COUNT_OF(messages); i++) {
        if (messages[i].type == type) {
            return &messages[i];
        }
    }
    return NULL;
}

const char *mf_message_name(uint16_t type)
{
    const struct message *message = message_of(type);

    return message == NULL ? "?" : message->name;
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint16_t read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

void mf_frame_reader_init(struct mf_frame_reader *reader, enum mf_message_direction allowed)
{
    MF_ASSERT(allowed == MF_TO_EXECUTOR || allowed == MF_TO_DAEMON);
    mf_buf_init(&reader->buf, READER_BYTES_MAX);
    reader->consumed = 0;
    reader->allowed = allowed;
    reader->is_broken = false;
}

void mf_frame_reader_done(struct mf_frame_reader *reader)
{
    mf_buf_done(&reader->buf);
}

int mf_frame_reader_reserve(struct mf_frame_reader *reader, size_t size, uint8_t **ret_space)
{
    int error;

    if (reader->is_broken) {
        return MF_E_WIRE;
    }
    /* Frames that were given out leave here, all at once: not one move of the rest for each small frame. */
    mf_buf_consume(&reader->buf, reader->consumed);
    reader->consumed = 0;
    error = mf_buf_reserve(&reader->buf, size);
    if (error < 0) {
        return error;
    }
    *ret_space = reader->buf.data + reader->buf.size;
    return 0;
}

void mf_frame_reader_commit(struct mf_frame_reader *reader, size_t size)
{
    MF_ASSERT(size <= reader->buf.capacity - reader->buf.size);
    reader->buf.size += size;
}

int mf_frame_reader_feed(struct mf_frame_reader *reader, const void *bytes, size_t size)
{
    uint8_t *space = NULL;
    int error = mf_frame_reader_reserve(reader, size, &space);

    if (error < 0) {
        return error;
    }
    if (size > 0) {
        memcpy(space, bytes, size);
    }
    mf_frame_reader_commit(reader, size);
    return 0;
}

int mf_frame_reader_next(struct mf_frame_reader *reader, struct mf_frame *ret_frame)
{
    const struct message *message;
    const uint8_t *at;
    size_t left, payload_bytes;

    if (reader->is_broken) {
        return MF_E_WIRE;
    }
    left = reader->buf.size - reader->consumed;
    if (left < MF_FRAME_HEADER_BYTES) {
        return 0;
    }
    at = reader->buf.data + reader->consumed;
    payload_bytes = read_u32(at);
    message = message_of(read_u16(at + 4));
    if (payload_bytes > MF_FRAME_PAYLOAD_BYTES_MAX || message == NULL ||
        ((unsigned)message->direction & (unsigned)reader->allowed) == 0 || read_u16(at + 6) != 0) {
        reader->is_broken = true;
        return MF_E_WIRE;
    }
    if (left - MF_FRAME_HEADER_BYTES < payload_bytes) {
        return 0;
    }
    ret_frame->type = message->type;
    ret_frame->run = read_u32(at + 8);
    ret_frame->payload = mf_slice_of(at + MF_FRAME_HEADER_BYTES, payload_bytes);
    reader->consumed += MF_FRAME_HEADER_BYTES + payload_bytes;
    return 1;
}
