/* stderr.c - what an executor says on standard error: whole lines, a few each second, escaped, into our own log. Its last
 * line is kept: when it dies, that is often why. All of it is hostile text. */
#include <errno.h>
#include <stdio.h>
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

/* Our executor writes lines of mf_log: {"ts":...,"level":"warn",...,"msg":"..."}. What it says and how loud is taken out
 * of them; a line of any other form is taken as it is. Escapes stay: they are escaped once more in our own line. */
static struct mf_slice value_of(struct mf_slice line, const char *name)
{
    char key[32];
    (void)snprintf(key, sizeof key, "\"%s\":\"", name);
    const uint8_t *start = memmem(line.data, line.size, key, strlen(key));
    if (!start) {
        return mf_slice_of(NULL, 0);
    }
    start += strlen(key);
    const uint8_t *end = start;
    const uint8_t *line_end = line.data + line.size;
    while (end < line_end && *end != '"') {
        end += *end == '\\' && end + 1 < line_end ? 2 : 1;
    }
    return mf_slice_of(start, (size_t)(end - start));
}

struct said {
    enum mf_log_level level;
    bool is_of_jail;
    struct mf_slice text;
};

static struct said said_in(struct mf_slice line)
{
    struct said said = {.level = MF_LOG_INFO, .text = line};
    if (!mf_slice_starts_with(line, "{\"ts\":\"")) {
        return said;
    }
    struct mf_slice text = value_of(line, "msg");
    struct mf_slice level = value_of(line, "level");
    if (text.size > 0) {
        said.text = text;
    }
    said.is_of_jail = mf_slice_equal_cstr(value_of(line, "code"), mf_error_code(MF_E_JAIL));
    said.level = mf_slice_equal_cstr(level, "error")  ? MF_LOG_ERROR
                 : mf_slice_equal_cstr(level, "warn") ? MF_LOG_WARN
                                                      : MF_LOG_INFO;
    return said;
}

static void log_line(struct executor *executor, const struct said *said)
{
    struct executor_log *log = &executor->log;
    if (!may_log(log)) {
        log->dropped++;
        return;
    }
    log->lines++;
    if (log->dropped > 0) {
        mf_log(MF_LOG_WARN, 0, NULL, "executor %d: %llu lines were dropped", (int)executor->pid,
               (unsigned long long)log->dropped);
        log->dropped = 0;
    }
    mf_log(said->level, 0, NULL, "executor %d: %.*s", (int)executor->pid, (int)said->text.size,
           (const char *)said->text.data);
}

static void end_line(struct executor *executor)
{
    struct executor_log *log = &executor->log;
    if (log->size > 0) {
        struct said said = said_in(mf_slice_of(log->line, log->size));
        memcpy(log->last, said.text.data, said.text.size);
        log->last[said.text.size] = 0;
        log->is_last_of_jail = said.is_of_jail;
        log_line(executor, &said);
    }
    log->size = 0;
}

static void add_byte(struct executor *executor, char byte)
{
    struct executor_log *log = &executor->log;
    if (byte == '\n') {
        end_line(executor);
    } else if (log->size + 1 < sizeof log->line) {
        log->line[log->size++] = byte == 0 ? ' ' : byte;
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
