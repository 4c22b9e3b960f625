/* program.c - see program.h. */
#include "program.h"

#define FENCE "```"

/* A program is a module; or it has what no module's top level may have: return, or a function without a name. */
static const struct wrap {
    const char *begin, *end;
} wraps[] = {
    {"", ""},
    {"async () => {\n", "\n}"},
    {"(\n", "\n)"},
};

/* ---- fences --------------------------------------------------------------------------------------------- */

struct line {
    size_t begin;
    size_t end;  /* Of its text, */
    size_t next; /* and where the next one begins. */
};

static bool next_line(struct mf_slice text, struct line *line)
{
    line->begin = line->next;
    if (line->begin >= text.size) {
        return false;
    }
    line->end = line->begin;
    while (line->end < text.size && text.data[line->end] != '\n') {
        line->end++;
    }
    line->next = line->end < text.size ? line->end + 1 : line->end;
    return true;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct mf_slice trimmed(struct mf_slice text, const struct line *line)
{
    size_t begin = line->begin;
    size_t end = line->end;

    while (begin < end && is_blank(text.data[begin])) {
        begin++;
    }
    while (end > begin && is_blank(text.data[end - 1])) {
        end--;
    }
    return mf_slice_of(text.data + begin, end - begin);
}

static bool is_word(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* "```", "```ts": not a fence that ends in the same line. */
static bool opens(struct mf_slice line)
{
    if (!mf_slice_starts_with(line, FENCE)) {
        return false;
    }
    for (size_t i = sizeof FENCE - 1; i < line.size; i++) {
        if (line.data[i] == '`') {
            return false;
        }
    }
    return true;
}

/* A line that prose would have and code would not: it ends like a sentence. */
static bool is_prose(struct mf_slice line)
{
    uint8_t last = line.size > 0 ? line.data[line.size - 1] : 0;

    return line.size > 0 && is_word(line.data[0]) && (last == ':' || last == '.' || last == '!');
}

/* Whether a comment of many lines is open behind |line|. */
static bool is_in_comment(struct mf_slice line, bool is_inside)
{
    for (size_t i = 0; i + 1 < line.size; i++) {
        if (line.data[i] == (is_inside ? '*' : '/') && line.data[i + 1] == (is_inside ? '/' : '*')) {
            is_inside = !is_inside;
            i++;
        }
    }
    return is_inside;
}

struct mf_slice mf_program_unfence(struct mf_slice text, uint32_t *ret_line)
{
    struct line line = {0};
    uint32_t number = 0;
    bool is_open = false;
    bool is_comment = false;
    bool is_code = false; /* Perhaps: then the fence must be whole. */
    size_t begin = 0;

    *ret_line = 0;
    while (next_line(text, &line)) {
        struct mf_slice words = trimmed(text, &line);
        number++;
        if (is_open && mf_slice_equal_cstr(words, FENCE)) {
            return mf_slice_of(text.data + begin, line.begin - begin);
        }
        if (!is_open && !is_comment && opens(words)) {
            is_open = true;
            begin = line.next;
            *ret_line = number;
        } else if (!is_open) {
            is_code = is_code || (words.size > 0 && !is_prose(words));
            is_comment = is_in_comment(words, is_comment);
        }
    }
    if (is_open && !is_code) { /* The end of the fence was cut off. */
        return mf_slice_of(text.data + begin, text.size - begin);
    }
    *ret_line = 0;
    return text;
}

/* ---- types ------------------------------------------------------------------------------------------------- */

/* The program without the wrap; false when what had to be rewritten moved it in there. */
static bool unwrap(const struct mf_stripped *stripped, const struct wrap *wrap, struct mf_module *program)
{
    struct mf_slice text = stripped->text;
    size_t begin = strlen(wrap->begin), end = strlen(wrap->end);

    if (begin == 0) {
        program->body = text;
        program->mappings = stripped->mappings;
        return true;
    }
    if (stripped->mappings.size > 0 || text.size < begin + end || !mf_slice_starts_with(text, wrap->begin) ||
        !mf_slice_ends_with(text, wrap->end)) {
        return false;
    }
    program->body = mf_slice_of(text.data + begin, text.size - begin - end);
    return true;
}

/* The program as it is, or in |wrap|, with |lines| empty ones in the place of those that were taken off before it. */
static int append_wrapped(struct mf_buf *text, struct mf_slice body, const struct wrap *wrap, uint32_t lines)
{
    int rc = mf_buf_append_cstr(text, wrap->begin);

    for (uint32_t i = 0; i < lines && rc == 0; i++) {
        rc = mf_buf_append_cstr(text, "\n");
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(text, body);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(text, wrap->end);
}

/* MF_E_SYNTAX: it is not what |wrap| may hold. */
static int strip(struct mf_strip *stripper,
                 struct mf_module *program,
                 const struct wrap *wrap,
                 uint32_t lines,
                 uint64_t cpu_ns,
                 void *subject,
                 struct mf_stripped **ret_stripped,
                 uint64_t *ret_idle_cpu_ns)
{
    struct mf_strip_error error = {.line = 0};
    struct mf_buf text;
    uint64_t idle_cpu_ns = 0;
    int rc;

    mf_buf_init(&error.message, MF_RUN_TEXT_BYTES_MAX);
    mf_buf_init(&text, program->body.size + lines + strlen(wrap->begin) + strlen(wrap->end));
    rc = append_wrapped(&text, program->body, wrap, lines);
    if (rc == 0) {
        rc = mf_strip_module(stripper, program->name, mf_buf_peek(&text), cpu_ns, subject, ret_stripped,
                             &error, &idle_cpu_ns);
    }
    *ret_idle_cpu_ns += idle_cpu_ns;
    mf_buf_done(&text);
    mf_buf_done(&error.message);
    return rc;
}

int mf_program_strip(struct mf_strip *stripper,
                     struct mf_module *program,
                     uint32_t *lines,
                     uint64_t cpu_ns,
                     void *subject,
                     struct mf_stripped **ret_stripped,
                     uint64_t *ret_idle_cpu_ns)
{
    uint64_t end_ns = mf_clock_thread_cpu_ns() + cpu_ns;
    int rc = MF_E_SYNTAX;

    *ret_idle_cpu_ns = 0;
    for (size_t i = 0; rc == MF_E_SYNTAX && i < MF_COUNT_OF(wraps); i++) {
        uint64_t now_ns = mf_clock_thread_cpu_ns();
        cpu_ns = end_ns + *ret_idle_cpu_ns > now_ns ? end_ns + *ret_idle_cpu_ns - now_ns : 0;
        rc = strip(stripper, program, &wraps[i], *lines, cpu_ns, subject, ret_stripped, ret_idle_cpu_ns);
        if (rc == 0 && !unwrap(*ret_stripped, &wraps[i], program)) {
            return MF_E_SYNTAX;
        }
    }
    if (rc == 0) {
        *lines = 0;
    }
    return rc;
}
