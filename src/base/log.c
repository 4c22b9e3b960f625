/* log.c - one JSON line an event: {"ts","level","program","id","tenant","trace","code","msg","dropped"}, one write(2) each.
 *
 * Threads:  any; nothing is allocated or locked, and a line reaches the file in one piece.
 * Limits:   a line has MF_LOG_LINE_BYTES_MAX bytes at most (msg is cut and ends in U+2026);
 * MF_LOG_LINES_PER_SECOND_MAX.
 */
#include "log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "text.h"

#define TAIL_BYTES_MAX 48u /* What has to fit behind a cut msg: …","dropped":18446744073709551615}\n */

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static const char *program_name = "mayfly";
static _Atomic(enum mf_log_level) level_least = MF_LOG_INFO;

static atomic_uint_fast64_t window_s;      /* The second that is counted. */
static atomic_uint_fast64_t window_lines;  /* Lines in it. */
static atomic_uint_fast64_t lines_dropped; /* Since the last line that was written. */

/* A line in the making; more than fits is cut. */
struct line {
    size_t size;
    char text[MF_LOG_LINE_BYTES_MAX];
};

void mf_log_init(const char *program, enum mf_log_level least)
{
    program_name = program;
    mf_log_set_least(least);
}

void mf_log_set_least(enum mf_log_level least)
{
    atomic_store_explicit(&level_least, least, memory_order_relaxed);
}

/* The day that is |days| after 1970-01-01, in the proleptic Gregorian calendar. Not gmtime_r: that may open
 * /etc/localtime, and an executor in its jail may not. Years begin in March here, so that a leap day comes
 * last. */
static void date_of(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    uint64_t from_era = days + 719468; /* 0000-03-01 is day 0. */
    uint64_t era = from_era / 146097;  /* 400 years. */
    uint64_t day_of_era = from_era % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = (unsigned)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *ret_year = (unsigned)(year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0));
}

static void line_add(struct line *line, const char *format, ...) MF_PRINTF(2, 3);
static void line_add(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->text) - line->size;
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line->text + line->size, room, format, args);
    va_end(args);
    if (size > 0) {
        line->size += (size_t)size < room ? (size_t)size : room - 1;
    }
}

static void line_add_time(struct line *line)
{
    uint64_t now_ms = mf_clock_unix_ms();
    uint64_t second_of_day = now_ms / 1000 % 86400;
    unsigned year, month, day;
    date_of(now_ms / 1000 / 86400, &year, &month, &day);
    line_add(line, "{\"ts\":\"%04u-%02u-%02uT%02u:%02u:%02u.%03uZ\"", year, month, day,
             (unsigned)(second_of_day / 3600), (unsigned)(second_of_day / 60 % 60),
             (unsigned)(second_of_day % 60), (unsigned)(now_ms % 1000));
}

/* ,"<name>":"<text escaped>", cut so that TAIL_BYTES_MAX and |keep| bytes stay free. */
static void line_add_text(struct line *line, const char *name, struct mf_slice text, size_t keep)
{
    line_add(line, ",\"%s\":\"", name);
    size_t end = sizeof(line->text) - TAIL_BYTES_MAX - keep;
    size_t at = 0;
    while (at < text.size) {
        char escape[MF_JSON_ESCAPE_BYTES_MAX];
        size_t consumed = 0;
        size_t size = mf_json_escape_next(mf_slice_of(text.data + at, text.size - at), escape, &consumed);
        if (line->size + size > end) {
            line_add(line, "\xe2\x80\xa6");
            break;
        }
        memcpy(line->text + line->size, escape, size);
        line->size += size;
        at += consumed;
    }
    line_add(line, "\"");
}

static void line_write(const struct line *line, uint64_t dropped_before)
{
    ssize_t written;
    do {
        written = write(STDERR_FILENO, line->text, line->size);
    } while (written < 0 && errno == EINTR);
    if (written != (ssize_t)line->size) {
        atomic_fetch_add(&lines_dropped, dropped_before + 1); /* A full pipe, a full disk: said later. */
    }
}

static void add_field(struct line *line, const char *name, const char *text)
{
    if (text != NULL && *text != '\0') {
        line_add_text(line, name, mf_slice_of_cstr(text), MF_LOG_LINE_BYTES_MAX / 4);
    }
}

static void log_line(enum mf_log_level level,
                     int error,
                     const struct mf_log_subject *subject,
                     const char *format,
                     va_list args) MF_PRINTF(4, 0);

static void log_line(enum mf_log_level level,
                     int error,
                     const struct mf_log_subject *subject,
                     const char *format,
                     va_list args)
{
    char message[MF_LOG_LINE_BYTES_MAX];
    struct line line;
    line.size = 0;
    int size = vsnprintf(message, sizeof(message), format, args);
    if (size < 0) {
        size = 0;
    }
    struct mf_slice text =
        mf_slice_of(message, (size_t)size < sizeof(message) ? (size_t)size : sizeof(message) - 1);

    line_add_time(&line);
    line_add(&line, ",\"level\":\"%s\"", level_names[level]);
    line_add_text(&line, "program", mf_slice_of_cstr(program_name), MF_LOG_LINE_BYTES_MAX / 2);
    if (subject->id != NULL) {
        line_add_text(&line, "id", mf_slice_of_cstr(subject->id), MF_LOG_LINE_BYTES_MAX / 4);
    }
    add_field(&line, "tenant", subject->tenant);
    add_field(&line, "trace", subject->trace);
    if (error < 0) {
        line_add(&line, ",\"code\":\"%s\"", mf_error_code(error));
    }
    line_add_text(&line, "msg", text, 0);
    uint64_t dropped = atomic_exchange(&lines_dropped, 0);
    if (dropped > 0) {
        line_add(&line, ",\"dropped\":%llu", (unsigned long long)dropped);
    }
    line_add(&line, "}\n");
    line_write(&line, dropped);
}

/* Two threads that open a window at once may let a line more through; that is fine. */
static bool may_write_now(void)
{
    uint64_t now_s = mf_clock_now_ns() / MF_NS_PER_S;
    uint64_t counted_s = atomic_load(&window_s);
    if (counted_s != now_s && atomic_compare_exchange_strong(&window_s, &counted_s, now_s)) {
        atomic_store(&window_lines, 0);
    }
    return atomic_fetch_add(&window_lines, 1) < MF_LOG_LINES_PER_SECOND_MAX;
}

static bool is_written(enum mf_log_level level)
{
    if (level < atomic_load_explicit(&level_least, memory_order_relaxed)) {
        return false;
    }
    if (!may_write_now()) {
        atomic_fetch_add(&lines_dropped, 1);
        return false;
    }
    return true;
}

void mf_log(enum mf_log_level level, int error, const char *id, const char *format, ...)
{
    struct mf_log_subject subject = {.id = id};
    va_list args;

    if (is_written(level)) {
        va_start(args, format);
        log_line(level, error, &subject, format, args);
        va_end(args);
    }
}

void mf_log_of(enum mf_log_level level,
               int error,
               const struct mf_log_subject *subject,
               const char *format,
               ...)
{
    va_list args;

    if (is_written(level)) {
        va_start(args, format);
        log_line(level, error, subject, format, args);
        va_end(args);
    }
}

void mf_log_last_words(const char *format, ...)
{
    struct mf_log_subject subject = {.id = NULL};
    va_list args;
    va_start(args, format);
    log_line(MF_LOG_ERROR, 0, &subject, format, args);
    va_end(args);
}
