/* reader.c - frames of a client to messages.
 *
 *            head whole, checked           payload whole: an event, or the next frame of the message
 *   HEAD ---------------------> PAYLOAD --------------------------------------------------> HEAD
 *     \____________________________\____ any error: FAILED, for good
 *
 * A head is at most 14 bytes and is gathered; a payload is unmasked on its way into |message| or |control|, so each byte is
 * copied once. What a frame says of its length is compared with the maximum before a byte of it is taken.
 */
#include <mayfly/websocket.h>

#include "utf8.h"

#define HEAD_BYTES_MAX 14 /* Two bytes, a length of eight, the mask. */
#define FIN 0x80
#define RESERVED 0x70
#define OPCODE 0x0f
#define MASKED 0x80
#define LENGTH 0x7f

enum phase { PHASE_HEAD, PHASE_PAYLOAD, PHASE_FAILED };

struct mf_websocket_reader {
    struct mf_buf message;
    struct utf8 utf8; /* Of |message|, when it is text. */
    uint64_t left;    /* Of this frame's payload. */
    uint64_t bytes;   /* Of messages, in all. */
    size_t message_bytes_max;
    unsigned empty_count; /* Frames without a byte in this message. */
    int error;
    enum phase phase;
    enum mf_websocket_opcode opcode;         /* Of this frame. */
    enum mf_websocket_opcode message_opcode; /* CONTINUATION: no message is under way. */
    bool is_final;
    bool is_told; /* |message| was handed out; the next feed empties it. */
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t head_size;
    uint8_t control_size;
    uint8_t head[HEAD_BYTES_MAX];
    uint8_t control[MF_WEBSOCKET_CONTROL_BYTES];
};

static bool is_control(enum mf_websocket_opcode opcode)
{
    return opcode >= MF_WEBSOCKET_OPCODE_CLOSE;
}

/* ---- the head of a frame --------------------------------------------------------------------- */

static size_t length_digits(const struct mf_websocket_reader *reader)
{
    unsigned length = reader->head[1] & LENGTH;

    return length < 126 ? 0 : length == 126 ? 2 : 8;
}

/* How many bytes the head has, as far as it is known. */
static size_t head_wanted(const struct mf_websocket_reader *reader)
{
    return reader->head_size < 2 ? 2 : 2 + length_digits(reader) + sizeof(reader->mask);
}

/* What the first two bytes may not say (5.2, 5.4, 5.5). */
static int check_start(const struct mf_websocket_reader *reader)
{
    enum mf_websocket_opcode opcode = (enum mf_websocket_opcode)(reader->head[0] & OPCODE);
    bool is_amid = reader->message_opcode != MF_WEBSOCKET_OPCODE_CONTINUATION;
    bool is_valid = (reader->head[0] & RESERVED) == 0 && (reader->head[1] & MASKED) != 0;

    switch (opcode) {
    case MF_WEBSOCKET_OPCODE_CONTINUATION:
        is_valid = is_valid && is_amid;
        break;
    case MF_WEBSOCKET_OPCODE_TEXT:
    case MF_WEBSOCKET_OPCODE_BINARY:
        is_valid = is_valid && !is_amid;
        break;
    case MF_WEBSOCKET_OPCODE_CLOSE:
    case MF_WEBSOCKET_OPCODE_PING:
    case MF_WEBSOCKET_OPCODE_PONG:
        is_valid = is_valid && (reader->head[0] & FIN) != 0 && length_digits(reader) == 0;
        break;
    default:
        is_valid = false;
        break;
    }
    return is_valid ? 0 : MF_E_WEBSOCKET_PROTOCOL;
}

/* The shortest form only, and never the top bit (5.2). */
static int read_length(const struct mf_websocket_reader *reader, uint64_t *ret_length)
{
    size_t digits = length_digits(reader);
    uint64_t length = digits == 0 ? reader->head[1] & LENGTH : 0;

    for (size_t i = 0; i < digits; i++) {
        length = length << 8 | reader->head[2 + i];
    }
    if ((digits == 2 && length < 126) || (digits == 8 && (length <= UINT16_MAX || length > INT64_MAX))) {
        return MF_E_WEBSOCKET_PROTOCOL;
    }
    *ret_length = length;
    return 0;
}

/* Data of |length| is announced: is there room for it, and does it bring anything? */
static int begin_data(struct mf_websocket_reader *reader, uint64_t length)
{
    if (reader->opcode != MF_WEBSOCKET_OPCODE_CONTINUATION) {
        reader->message_opcode = reader->opcode;
        reader->utf8 = (struct utf8){0};
        reader->empty_count = 0;
    }
    if (length > reader->message_bytes_max - reader->message.size) {
        return MF_E_WEBSOCKET_SIZE;
    }
    if (length == 0 && !reader->is_final && ++reader->empty_count > MF_WEBSOCKET_EMPTY_FRAMES_MAX) {
        return MF_E_WEBSOCKET_PROTOCOL;
    }
    return 0;
}

static int end_head(struct mf_websocket_reader *reader)
{
    uint64_t length;
    int error = read_length(reader, &length);

    if (error < 0) {
        return error;
    }
    reader->opcode = (enum mf_websocket_opcode)(reader->head[0] & OPCODE);
    reader->is_final = (reader->head[0] & FIN) != 0;
    reader->left = length;
    memcpy(reader->mask, reader->head + reader->head_size - sizeof(reader->mask), sizeof(reader->mask));
    reader->mask_at = 0;
    reader->head_size = 0;
    reader->phase = PHASE_PAYLOAD;
    if (is_control(reader->opcode)) {
        reader->control_size = 0;
        return 0;
    }
    return begin_data(reader, length);
}

static int take_head(struct mf_websocket_reader *reader, struct mf_slice *bytes)
{
    size_t wanted;

    while (bytes->size > 0 && reader->head_size < (wanted = head_wanted(reader))) {
        reader->head[reader->head_size++] = bytes->data[0];
        *bytes = mf_slice_of(bytes->data + 1, bytes->size - 1);
        if (reader->head_size == 2 && check_start(reader) < 0) {
            return MF_E_WEBSOCKET_PROTOCOL;
        }
    }
    return reader->head_size >= 2 && reader->head_size == head_wanted(reader) ? end_head(reader) : 0;
}

/* ---- the payload ------------------------------------------------------------------------------ */

static void unmask(struct mf_websocket_reader *reader, uint8_t *to, struct mf_slice from)
{
    uint8_t mask[8];
    uint64_t wide_mask;
    uint64_t eight;
    size_t at = 0;

    for (size_t i = 0; i < sizeof(mask); i++) {
        mask[i] = reader->mask[(reader->mask_at + i) % sizeof(reader->mask)];
    }
    memcpy(&wide_mask, mask, sizeof(wide_mask));
    for (; from.size - at >= sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, from.data + at, sizeof(eight));
        eight ^= wide_mask;
        memcpy(to + at, &eight, sizeof(eight));
    }
    for (; at < from.size; at++) {
        to[at] = from.data[at] ^ mask[at % sizeof(mask)];
    }
    reader->mask_at = (uint8_t)((reader->mask_at + from.size) % sizeof(reader->mask));
}

static int take_data(struct mf_websocket_reader *reader, struct mf_slice piece)
{
    struct mf_buf *message = &reader->message;
    int error = mf_buf_reserve(message, piece.size);

    if (error < 0) {
        return error;
    }
    uint8_t *to = message->data + message->size;
    unmask(reader, to, piece);
    message->size += piece.size;
    reader->bytes += piece.size;
    if (reader->message_opcode == MF_WEBSOCKET_OPCODE_TEXT &&
        !utf8_take(&reader->utf8, mf_slice_of(to, piece.size))) {
        return MF_E_WEBSOCKET_DATA;
    }
    return 0;
}

static int take_payload(struct mf_websocket_reader *reader, struct mf_slice *bytes)
{
    size_t size = bytes->size < reader->left ? bytes->size : (size_t)reader->left;
    struct mf_slice piece = mf_slice_of(bytes->data, size);
    int error = 0;

    if (size == 0) {
        return 0;
    }
    *bytes = mf_slice_of(bytes->data + size, bytes->size - size);
    reader->left -= size;
    if (is_control(reader->opcode)) {
        unmask(reader, reader->control + reader->control_size, piece);
        reader->control_size = (uint8_t)(reader->control_size + size);
    } else {
        error = take_data(reader, piece);
    }
    return error;
}

/* ---- the end of a frame ------------------------------------------------------------------------ */

static int end_close(struct mf_slice payload, struct mf_websocket_event *event)
{
    if (payload.size == 0) {
        event->code = MF_WEBSOCKET_NO_CODE;
        return 0;
    }
    if (payload.size == 1) {
        return MF_E_WEBSOCKET_PROTOCOL;
    }
    event->code = payload.data[0] << 8 | payload.data[1];
    event->payload = mf_slice_of(payload.data + 2, payload.size - 2);
    if (!mf_websocket_code_is_sendable(event->code)) {
        return MF_E_WEBSOCKET_PROTOCOL;
    }
    return mf_slice_is_utf8(event->payload) ? 0 : MF_E_WEBSOCKET_DATA;
}

static int end_control(struct mf_websocket_reader *reader, struct mf_websocket_event *event)
{
    event->payload = mf_slice_of(reader->control, reader->control_size);
    if (reader->opcode == MF_WEBSOCKET_OPCODE_CLOSE) {
        event->kind = MF_WEBSOCKET_CLOSE;
        return end_close(event->payload, event);
    }
    event->kind = reader->opcode == MF_WEBSOCKET_OPCODE_PING ? MF_WEBSOCKET_PING : MF_WEBSOCKET_PONG;
    return 0;
}

static int end_data(struct mf_websocket_reader *reader, struct mf_websocket_event *event)
{
    bool is_text = reader->message_opcode == MF_WEBSOCKET_OPCODE_TEXT;

    if (!reader->is_final) {
        return 0;
    }
    reader->message_opcode = MF_WEBSOCKET_OPCODE_CONTINUATION;
    reader->is_told = true;
    event->kind = is_text ? MF_WEBSOCKET_TEXT : MF_WEBSOCKET_BINARY;
    event->payload = mf_buf_peek(&reader->message);
    return is_text && !utf8_is_whole(&reader->utf8) ? MF_E_WEBSOCKET_DATA : 0;
}

static int end_frame(struct mf_websocket_reader *reader, struct mf_websocket_event *event)
{
    reader->phase = PHASE_HEAD;
    return is_control(reader->opcode) ? end_control(reader, event) : end_data(reader, event);
}

/* ---- one call ----------------------------------------------------------------------------------- */

/* A large message's memory is not kept for the small ones behind it. */
static void drop_told(struct mf_websocket_reader *reader)
{
    if (!reader->is_told) {
        return;
    }
    reader->is_told = false;
    mf_buf_reset(&reader->message);
    if (reader->message.capacity > MF_WEBSOCKET_KEPT_BYTES_MAX) {
        mf_buf_done(&reader->message);
    }
}

static int step(struct mf_websocket_reader *reader, struct mf_slice *rest, struct mf_websocket_event *event)
{
    int error = 0;

    if (reader->phase == PHASE_HEAD) {
        error = take_head(reader, rest);
    }
    if (error >= 0 && reader->phase == PHASE_PAYLOAD) {
        error = take_payload(reader, rest);
    }
    if (error >= 0 && reader->phase == PHASE_PAYLOAD && reader->left == 0) {
        error = end_frame(reader, event);
    }
    return error;
}

int mf_websocket_reader_feed(struct mf_websocket_reader *reader,
                             struct mf_slice bytes,
                             struct mf_websocket_event *ret_event)
{
    struct mf_websocket_event event = {.kind = MF_WEBSOCKET_MORE};
    struct mf_slice rest = bytes;
    int error = 0;

    if (reader->phase == PHASE_FAILED) {
        return reader->error;
    }
    drop_told(reader);
    while (error >= 0 && event.kind == MF_WEBSOCKET_MORE && rest.size > 0) {
        error = step(reader, &rest, &event);
    }
    if (error < 0) {
        reader->phase = PHASE_FAILED;
        reader->error = error;
        return error;
    }
    event.consumed = bytes.size - rest.size;
    *ret_event = event;
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------------- */

struct mf_websocket_reader *mf_websocket_reader_new(size_t message_bytes_max)
{
    struct mf_websocket_reader *reader = mf_new(sizeof(*reader));

    reader->message_bytes_max = message_bytes_max;
    mf_buf_init(&reader->message, message_bytes_max);
    return reader;
}

void mf_websocket_reader_free(struct mf_websocket_reader *reader)
{
    if (reader != NULL) {
        mf_buf_done(&reader->message);
        mf_free(reader);
    }
}

bool mf_websocket_reader_is_idle(const struct mf_websocket_reader *reader)
{
    return reader->phase == PHASE_HEAD && reader->head_size == 0 &&
           reader->message_opcode == MF_WEBSOCKET_OPCODE_CONTINUATION;
}

uint64_t mf_websocket_reader_bytes(const struct mf_websocket_reader *reader)
{
    return reader->bytes;
}
