/* Log lines: their form, escapes, the cut, levels, the rate limit, last words. Standard error is a file here.
 */
#include <mayfly/base.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static char captured[1 << 20];
static int capture_fd;
static int real_stderr;

static void capture_start(void)
{
    char path[] = "/tmp/mayfly-log-XXXXXX";
    capture_fd = mkstemp(path);
    MF_CHECK(capture_fd >= 0 && unlink(path) == 0);
    real_stderr = dup(STDERR_FILENO);
    MF_CHECK(dup2(capture_fd, STDERR_FILENO) >= 0);
}

static struct mf_slice capture_end(void)
{
    MF_CHECK(dup2(real_stderr, STDERR_FILENO) >= 0);
    ssize_t size = pread(capture_fd, captured, sizeof(captured) - 1, 0);
    MF_CHECK(size >= 0);
    captured[size] = '\0';
    close(capture_fd);
    close(real_stderr);
    return mf_slice_of(captured, (size_t)size);
}

/* What follows the ts, which is checked to be |"ts":"dddd-dd-ddTdd:dd:dd.dddZ"|. */
static struct mf_slice after_ts(struct mf_slice line)
{
    static const char form[] = "{\"ts\":\"dddd-dd-ddTdd:dd:dd.dddZ\"";
    MF_CHECK(line.size > sizeof(form));
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool is_digit = line.data[i] >= '0' && line.data[i] <= '9';
        MF_CHECK(form[i] == 'd' ? is_digit || line.data[i] == 'd' : line.data[i] == form[i]);
    }
    return mf_slice_of(line.data + sizeof(form) - 1, line.size - (sizeof(form) - 1));
}

/* The limit of lines counts a second of the monotonic clock; tests that count begin with a fresh one. */
static void wait_for_a_fresh_second(void)
{
    uint64_t second = mf_clock_now_ns() / MF_NS_PER_S;
    struct timespec rest = {0, (long)(MF_NS_PER_S - mf_clock_now_ns() % MF_NS_PER_S)};
    while (mf_clock_now_ns() / MF_NS_PER_S == second) {
        nanosleep(&rest, NULL);
        rest.tv_nsec = 100000;
    }
}

static void has_its_form(void)
{
    capture_start();
    mf_log(MF_LOG_WARN, MF_E_LIMIT_CPU, "run_1", "stopped after %d ms", 30);
    MF_CHECK_TEXT(after_ts(capture_end()),
                  ",\"level\":\"warn\",\"program\":\"tester\",\"id\":\"run_1\",\"code\":\"limit.cpu\","
                  "\"msg\":\"stopped after 30 ms\"}\n");
    capture_start();
    mf_log(MF_LOG_INFO, 0, NULL, "up");
    MF_CHECK_TEXT(after_ts(capture_end()), ",\"level\":\"info\",\"program\":\"tester\",\"msg\":\"up\"}\n");
}

static void says_the_time(void)
{
    capture_start();
    time_t before = time(NULL);
    mf_log(MF_LOG_INFO, 0, NULL, "now");
    time_t after = time(NULL);
    struct mf_slice line = capture_end();
    char expected[2][32];
    struct tm parts;
    MF_CHECK(strftime(expected[0], sizeof(expected[0]), "%Y-%m-%dT%H:%M:%S", gmtime_r(&before, &parts)) ==
             19);
    MF_CHECK(strftime(expected[1], sizeof(expected[1]), "%Y-%m-%dT%H:%M:%S", gmtime_r(&after, &parts)) == 19);
    MF_CHECK(memcmp(line.data + 7, expected[0], 19) == 0 || memcmp(line.data + 7, expected[1], 19) == 0);
}

static void cannot_be_forged(void)
{
    capture_start();
    mf_log(MF_LOG_ERROR, 0, "x\"\n", "a\"}\n{\"level\":\"info\"\x1b[2J\xff");
    MF_CHECK_TEXT(after_ts(capture_end()),
                  ",\"level\":\"error\",\"program\":\"tester\",\"id\":\"x\\\"\\n\",\"msg\":\"a\\\"}\\n{"
                  "\\\"level\\\":\\\"info\\\"\\u001b[2J\xef\xbf\xbd\"}\n");
}

static void cuts_long_lines(void)
{
    static char text[MF_LOG_LINE_BYTES_MAX * 2];
    static const char fills[] = {'x', '\n', '\x01', '\xff'};
    for (size_t i = 0; i < sizeof(fills); i++) {
        memset(text, fills[i], sizeof(text) - 1);
        capture_start();
        mf_log(MF_LOG_INFO, MF_E_OUTBOUND_BLOCKED, text, "%s", text);
        struct mf_slice line = capture_end();
        MF_CHECK(line.size <= MF_LOG_LINE_BYTES_MAX && line.size > MF_LOG_LINE_BYTES_MAX / 2);
        MF_CHECK(mf_slice_ends_with(line, "\xe2\x80\xa6\"}\n"));
        MF_CHECK(memchr(line.data, '\n', line.size - 1) == NULL);
        MF_CHECK(mf_slice_is_utf8(line));
    }
}

static void keeps_levels(void)
{
    capture_start();
    mf_log_init("tester", MF_LOG_WARN);
    mf_log(MF_LOG_INFO, 0, NULL, "no");
    mf_log(MF_LOG_DEBUG, 0, NULL, "no");
    MF_CHECK_INT(capture_end().size, 0);
    mf_log_init("tester", MF_LOG_DEBUG);
    capture_start();
    mf_log(MF_LOG_DEBUG, 0, NULL, "yes");
    MF_CHECK(capture_end().size > 0);
}

static size_t lines_in(struct mf_slice text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    return lines;
}

static void counts_what_it_drops(void)
{
    wait_for_a_fresh_second();
    capture_start();
    for (int i = 0; i < MF_LOG_LINES_PER_SECOND_MAX + 37; i++) {
        mf_log(MF_LOG_INFO, 0, NULL, "storm");
    }
    MF_CHECK_INT(lines_in(capture_end()), MF_LOG_LINES_PER_SECOND_MAX);
    wait_for_a_fresh_second();
    capture_start();
    mf_log(MF_LOG_INFO, 0, NULL, "calm");
    MF_CHECK_TEXT(after_ts(capture_end()),
                  ",\"level\":\"info\",\"program\":\"tester\",\"msg\":\"calm\",\"dropped\":37}\n");
    capture_start();
    mf_log(MF_LOG_INFO, 0, NULL, "again");
    MF_CHECK(strstr((const char *)capture_end().data, "dropped") == NULL);
}

/* An assertion speaks even in a storm and ends the process by SIGABRT. */
static void last_words(void)
{
    capture_start();
    pid_t child = fork();
    if (child == 0) {
        mf_log_init("tester", MF_LOG_ERROR);
        for (int i = 0; i < MF_LOG_LINES_PER_SECOND_MAX * 3; i++) {
            mf_log(MF_LOG_ERROR, 0, NULL, "storm");
        }
        signal(SIGABRT, SIG_DFL);
        MF_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    int status = 0;
    MF_CHECK(waitpid(child, &status, 0) == child);
    struct mf_slice text = capture_end();
    MF_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    MF_CHECK(strstr((const char *)text.data, "assertion failed: 1 + 1 == 3 at ") != NULL);
}

int main(void)
{
    mf_log_init("tester", MF_LOG_DEBUG);
    MF_RUN(has_its_form);
    MF_RUN(says_the_time);
    MF_RUN(cannot_be_forged);
    MF_RUN(cuts_long_lines);
    MF_RUN(keeps_levels);
    MF_RUN(counts_what_it_drops);
    MF_RUN(last_words);
    return 0;
}
