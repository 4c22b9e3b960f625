/* Credit: two ends that follow the rules never disagree; one that does not is caught. */
#include <mayfly/wire.h>

#include "check.h"

static void test_sender(void)
{
    struct mf_window window;

    mf_window_init(&window);
    MF_CHECK_INT(mf_window_sendable(&window, 10), 10);
    MF_CHECK_INT(mf_window_sendable(&window, SIZE_MAX), MF_STREAM_CHUNK_BYTES_MAX);
    MF_CHECK_INT(mf_window_use(&window, MF_STREAM_WINDOW_BYTES - 5), 0);
    MF_CHECK_INT(mf_window_sendable(&window, 10), 5);
    MF_CHECK_INT(mf_window_use(&window, 6), MF_E_WIRE);
    MF_CHECK_INT(mf_window_use(&window, 5), 0);
    MF_CHECK_INT(mf_window_sendable(&window, 1), 0);
    MF_CHECK_INT(mf_window_grant(&window, 0), MF_E_WIRE);
    MF_CHECK_INT(mf_window_grant(&window, MF_STREAM_WINDOW_BYTES + 1), MF_E_WIRE);
    MF_CHECK_INT(mf_window_grant(&window, MF_STREAM_WINDOW_BYTES), 0);
    MF_CHECK_INT(mf_window_grant(&window, 1), MF_E_WIRE);
    MF_CHECK_INT(mf_window_grant(&window, UINT32_MAX), MF_E_WIRE);
}

static void test_receiver(void)
{
    struct mf_window window;

    mf_window_init(&window);
    MF_CHECK_INT(mf_window_use(&window, MF_STREAM_WINDOW_BYTES), 0);
    MF_CHECK_INT(mf_window_use(&window, 1), MF_E_WIRE);
    MF_CHECK_INT(mf_window_consume(&window, MF_STREAM_WINDOW_BYTES / 2 - 1), 0);
    MF_CHECK_INT(mf_window_consume(&window, 2), MF_STREAM_WINDOW_BYTES / 2 + 1);
    MF_CHECK_INT(window.bytes_left, MF_STREAM_WINDOW_BYTES / 2 + 1);
    MF_CHECK_INT(window.bytes_consumed, 0);
}

/* A sender and a receiver over 16 MiB in odd pieces: both windows agree at every credit, and nothing stalls. */
static void test_pair(void)
{
    struct mf_window sender, receiver;
    size_t sent = 0, step = 1;

    mf_window_init(&sender);
    mf_window_init(&receiver);
    while (sent < 16u << 20) {
        size_t bytes = mf_window_sendable(&sender, step);
        uint32_t grant;

        MF_CHECK(bytes > 0);
        MF_CHECK_INT(mf_window_use(&sender, bytes), 0);
        MF_CHECK_INT(mf_window_use(&receiver, bytes), 0);
        grant = mf_window_consume(&receiver, bytes);
        if (grant > 0) {
            MF_CHECK_INT(mf_window_grant(&sender, grant), 0);
            MF_CHECK_INT(sender.bytes_left, receiver.bytes_left);
        }
        sent += bytes;
        step = step * 7 % 100003 + 1;
    }
}

int main(void)
{
    MF_RUN(test_sender);
    MF_RUN(test_receiver);
    MF_RUN(test_pair);
    return 0;
}
