/* stderr.c - what an executor says on standard error: whole lines, a few each second, escaped, into our own log. Its last
 * line is kept: when it dies, that is often why. All of it is hostile text. */
#include <errno.h>
#include <unistd.h>

#include "internal.h"

#define READ_BYTES 4096

static bool may_log(struct executor_log *log)
{
    uint64_t second = mf_clock_now_ns() / MF_NS_PER_S;
    if (second != log->second) {
        log->second = second;
        log->lines = 0;
    }
    return log->lines < MF_EXECUTOR_LOG_LINES_PER_SECOND_MAX;
}

static void end_line(struct executor *executor)
{
    struct executor_log *log = &executor->log;
    log->line[log->size] = 0;
    if (log->size > 0) {
        memcpy(log->last, log->line, log->size + 1);
        if (may_log(log)) {
            log->lines++;
            if (log->dropped > 0) {
                mf_log(MF_LOG_WARN, 0, NULL, "executor %d: %llu lines were dropped", (int)executor->pid,
                       (unsigned long long)log->dropped);
                log->dropped = 0;
            }
            mf_log(MF_LOG_INFO, 0, NULL, "executor %d: %s", (int)executor->pid, log->line);
        } else {
            log->dropped++;
        }
    }
    log->size = 0;
    log->is_cut = false;
}

static void add_byte(struct executor *executor, char byte)
{
    struct executor_log *log = &executor->log;
    if (byte == '\n') {
        end_line(executor);
    } else if (log->size + 1 < sizeof log->line) {
        log->line[log->size++] = byte == 0 ? ' ' : byte;
    } else {
        log->is_cut = true;
    }
}

void mf__log_read(struct executor *executor)
{
    char bytes[READ_BYTES];
    ssize_t got = read(executor->log_fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < got; i++) {
        add_byte(executor, bytes[i]);
    }
    bool is_over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (is_over) {
        end_line(executor);
        (void)uv_poll_stop(&executor->log_poll);
    }
}

void mf__log_on_poll(uv_poll_t *poll, int status, int events)
{
    struct executor *executor = poll->data;
    (void)events;
    if (status < 0) {
        (void)uv_poll_stop(poll);
        return;
    }
    mf__log_read(executor);
}
