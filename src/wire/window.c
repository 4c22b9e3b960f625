/* window.c - credit: how much one end of one stream may send, or may still be sent. */
#include <mayfly/wire.h>

void mf_window_init(struct mf_window *window)
{
    window->bytes_left = MF_STREAM_WINDOW_BYTES;
    window->bytes_consumed = 0;
}

size_t mf_window_sendable(const struct mf_window *window, size_t wanted)
{
    size_t most =
        window->bytes_left < MF_STREAM_CHUNK_BYTES_MAX ? window->bytes_left : MF_STREAM_CHUNK_BYTES_MAX;

    return wanted < most ? wanted : most;
}

int mf_window_use(struct mf_window *window, size_t bytes)
{
    if (bytes > window->bytes_left) {
        return MF_E_WIRE;
    }
    window->bytes_left -= (uint32_t)bytes;
    return 0;
}

int mf_window_grant(struct mf_window *window, uint32_t bytes)
{
    if (bytes == 0 || bytes > MF_STREAM_WINDOW_BYTES - window->bytes_left) {
        return MF_E_WIRE;
    }
    window->bytes_left += bytes;
    return 0;
}

uint32_t mf_window_consume(struct mf_window *window, size_t bytes)
{
    uint32_t grant;

    MF_ASSERT(bytes <= MF_STREAM_WINDOW_BYTES - window->bytes_left - window->bytes_consumed);
    window->bytes_consumed += (uint32_t)bytes;
    if (window->bytes_consumed < MF_STREAM_WINDOW_BYTES / 2) {
        return 0;
    }
    grant = window->bytes_consumed;
    window->bytes_left += grant;
    window->bytes_consumed = 0;
    return grant;
}
