/* program.c - see program.h. */
#include "program.h"

#define FENCE "```"

/* What a function's body may hold and a module's top level may not: return. Its one line before, and one behind. */
#define WRAP_BEGIN "async () => {\n"
#define WRAP_END "\n}"

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

/* "```", "```ts": nothing else stands in its line. */
static bool opens(struct mf_slice line)
{
    bool is_fence = mf_slice_starts_with(line, FENCE);

    for (size_t i = sizeof FENCE - 1; is_fence && i < line.size; i++) {
        is_fence = is_word(line.data[i]);
    }
    return is_fence;
}

/* A line that prose would have and code would not: it ends like a sentence. */
static bool is_prose(struct mf_slice line)
{
    uint8_t last = line.size > 0 ? line.data[line.size - 1] : 0;

    return line.size > 0 && is_word(line.data[0]) && (last == ':' || last == '.' || last == '!');
}

struct mf_slice mf_program_unfence(struct mf_slice text, uint32_t *ret_line)
{
    struct line line = {0};
    uint32_t number = 0;
    bool is_open = false;
    size_t begin = 0;

    *ret_line = 0;
    while (next_line(text, &line)) {
        struct mf_slice words = trimmed(text, &line);
        number++;
        if (is_open && mf_slice_equal_cstr(words, FENCE)) {
            return mf_slice_of(text.data + begin, line.begin - begin);
        }
        if (!is_open && opens(words)) {
            is_open = true;
            begin = line.next;
            *ret_line = number;
        } else if (!is_open && words.size > 0 && !is_prose(words)) {
            break; /* Code: a fence further down is its own. */
        }
    }
    if (is_open) { /* The end of the fence was cut off. */
        return mf_slice_of(text.data + begin, text.size - begin);
    }
    *ret_line = 0;
    return text;
}

/* ---- types ------------------------------------------------------------------------------------------------- */

static int strip_wrapped(struct mf_strip *strip,
                         const struct mf_module *program,
                         uint64_t cpu_ns,
                         void *subject,
                         struct mf_stripped **ret_stripped,
                         struct mf_strip_error *error,
                         uint64_t *ret_idle_cpu_ns)
{
    struct mf_buf wrapped;
    int rc;

    mf_buf_init(&wrapped, program->body.size + sizeof WRAP_BEGIN + sizeof WRAP_END);
    rc = mf_buf_append_cstr(&wrapped, WRAP_BEGIN);
    if (rc == 0) {
        rc = mf_buf_append_slice(&wrapped, program->body);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&wrapped, WRAP_END);
    }
    if (rc == 0) {
        rc = mf_strip_module(strip, program->name, mf_buf_peek(&wrapped), cpu_ns, subject, ret_stripped,
                             error, ret_idle_cpu_ns);
    }
    mf_buf_done(&wrapped);
    return rc;
}

/* The program inside the wrap; false when what had to be rewritten moved it. */
static bool unwrap(const struct mf_stripped *stripped, struct mf_module *program)
{
    struct mf_slice text = stripped->text;
    size_t around = sizeof WRAP_BEGIN - 1 + sizeof WRAP_END - 1;

    if (stripped->mappings.size > 0 || text.size < around || !mf_slice_starts_with(text, WRAP_BEGIN) ||
        !mf_slice_ends_with(text, WRAP_END)) {
        return false;
    }
    program->body = mf_slice_of(text.data + sizeof WRAP_BEGIN - 1, text.size - around);
    return true;
}

int mf_program_strip(struct mf_strip *strip,
                     struct mf_module *program,
                     uint64_t cpu_ns,
                     void *subject,
                     struct mf_stripped **ret_stripped,
                     uint64_t *ret_idle_cpu_ns)
{
    struct mf_strip_error error = {.line = 0};
    int rc;

    mf_buf_init(&error.message, MF_RUN_TEXT_BYTES_MAX);
    rc = mf_strip_module(strip, program->name, program->body, cpu_ns, subject, ret_stripped, &error,
                         ret_idle_cpu_ns);
    if (rc == 0) {
        program->body = (*ret_stripped)->text;
        program->mappings = (*ret_stripped)->mappings;
    } else if (rc == MF_E_SYNTAX) {
        mf_buf_reset(&error.message);
        rc = strip_wrapped(strip, program, cpu_ns, subject, ret_stripped, &error, ret_idle_cpu_ns);
        if (rc == 0 && !unwrap(*ret_stripped, program)) {
            rc = MF_E_SYNTAX;
        }
    }
    mf_buf_done(&error.message);
    return rc;
}
