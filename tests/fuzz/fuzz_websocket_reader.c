/* A hostile client after the handshake: the first byte says how the rest is cut. However it is cut, the same messages must come
 * out and the same error end them, and each must keep what websocket.h promises. */
#include <mayfly/websocket.h>

#define MESSAGE_BYTES_MAX 4096
#define DIGEST_BYTES_MAX 8388608

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct mf_buf *out, struct mf_slice bytes)
{
    int error = mf_buf_append_slice(out, bytes);
    MF_ASSERT(error == 0);
}

static void check_event(const struct mf_websocket_event *event, struct mf_buf *out)
{
    bool is_control = event->kind >= MF_WEBSOCKET_PING;
    bool is_text = event->kind == MF_WEBSOCKET_TEXT || event->kind == MF_WEBSOCKET_CLOSE;

    MF_ASSERT(event->payload.size <= (is_control ? MF_WEBSOCKET_CONTROL_BYTES : MESSAGE_BYTES_MAX));
    MF_ASSERT(!is_text || mf_slice_is_utf8(event->payload));
    if (event->kind == MF_WEBSOCKET_CLOSE) {
        uint8_t frame[2 + MF_WEBSOCKET_CONTROL_BYTES];
        MF_ASSERT(event->code == MF_WEBSOCKET_NO_CODE || mf_websocket_code_is_sendable(event->code));
        add(out, mf_slice_of(frame, mf_websocket_close_frame(frame, event->code, event->payload)));
    }
    add(out, mf_slice_of(&event->kind, sizeof(event->kind)));
    add(out, event->payload);
}

static int parse(struct mf_slice input, size_t step, struct mf_buf *out)
{
    struct mf_websocket_reader *reader = mf_websocket_reader_new(MESSAGE_BYTES_MAX);
    bool is_closed = false;
    int error = 0;

    for (size_t at = 0; error == 0 && !is_closed && at < input.size;) {
        struct mf_slice part = mf_slice_of(input.data + at, step < input.size - at ? step : input.size - at);
        struct mf_websocket_event event = {.kind = MF_WEBSOCKET_PING};
        at += part.size;
        while (event.kind != MF_WEBSOCKET_MORE && !is_closed &&
               (error = mf_websocket_reader_feed(reader, part, &event)) == 0) {
            MF_ASSERT(event.consumed <= part.size);
            part = mf_slice_of(part.data + event.consumed, part.size - event.consumed);
            is_closed = event.kind == MF_WEBSOCKET_CLOSE;
            if (event.kind != MF_WEBSOCKET_MORE) {
                check_event(&event, out);
            }
        }
        MF_ASSERT(error < 0 || is_closed || part.size == 0);
    }
    MF_ASSERT(mf_websocket_reader_bytes(reader) <= input.size);
    mf_websocket_reader_free(reader);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_buf whole;
    struct mf_buf cut;

    if (size < 2 || size > 65536) {
        return 0;
    }
    struct mf_slice input = mf_slice_of(data + 1, size - 1);
    mf_buf_init(&whole, DIGEST_BYTES_MAX);
    mf_buf_init(&cut, DIGEST_BYTES_MAX);
    int error_whole = parse(input, input.size, &whole);
    int error_cut = parse(input, (size_t)data[0] + 1, &cut);
    MF_ASSERT(error_whole == error_cut);
    MF_ASSERT(mf_slice_equal(mf_buf_peek(&whole), mf_buf_peek(&cut)));
    mf_buf_done(&whole);
    mf_buf_done(&cut);
    return 0;
}
