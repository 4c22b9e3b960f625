/* writer.c - what a server sends: the head of a frame, a Close frame. */
#include <mayfly/websocket.h>

#define FIN 0x80

size_t mf_websocket_head(uint8_t head[MF_WEBSOCKET_HEAD_BYTES], enum mf_websocket_opcode opcode, size_t size)
{
    uint64_t length = size;
    size_t digits = size < 126 ? 0 : size <= UINT16_MAX ? 2 : 8;

    head[0] = (uint8_t)(FIN | opcode);
    head[1] = digits == 0 ? (uint8_t)size : digits == 2 ? 126 : 127;
    for (size_t i = 0; i < digits; i++) {
        head[2 + i] = (uint8_t)(length >> (8 * (digits - 1 - i)));
    }
    return 2 + digits;
}

/* Where a text may be cut so that at most |bytes_max| are left and no character is halved. */
static size_t cut(struct mf_slice text, size_t bytes_max)
{
    size_t size = text.size;

    if (size > bytes_max) {
        size = bytes_max;
        while (size > 0 && (text.data[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    return size;
}

size_t
mf_websocket_close_frame(uint8_t frame[2 + MF_WEBSOCKET_CONTROL_BYTES], int code, struct mf_slice reason)
{
    if (code == MF_WEBSOCKET_NO_CODE) {
        return mf_websocket_head(frame, MF_WEBSOCKET_OPCODE_CLOSE, 0);
    }
    MF_ASSERT(mf_websocket_code_is_sendable(code) && mf_slice_is_utf8(reason));
    size_t reason_size = cut(reason, MF_WEBSOCKET_CONTROL_BYTES - 2);
    size_t at = mf_websocket_head(frame, MF_WEBSOCKET_OPCODE_CLOSE, 2 + reason_size);
    frame[at++] = (uint8_t)(code >> 8);
    frame[at++] = (uint8_t)code;
    if (reason_size > 0) {
        memcpy(frame + at, reason.data, reason_size);
    }
    return at + reason_size;
}

bool mf_websocket_code_is_sendable(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

enum mf_websocket_code mf_websocket_code_of(int error)
{
    switch (error) {
    case MF_E_WEBSOCKET_PROTOCOL:
        return MF_WEBSOCKET_PROTOCOL;
    case MF_E_WEBSOCKET_DATA:
        return MF_WEBSOCKET_DATA;
    case MF_E_WEBSOCKET_SIZE:
        return MF_WEBSOCKET_TOO_BIG;
    default:
        return MF_WEBSOCKET_INTERNAL;
    }
}
