/* grep.c - lines of files that have a text or fit a regular expression, in steps that end by themselves.
 *
 * The expression comes from a model. PCRE2's matcher for Perl's rules can be made to take years; its other one (pcre2_dfa_match) follows all
 * ways at once and never goes back, so that one line costs its length times the states of the expression. Searching from every
 * place of a line would square that: on longer lines the expression is tried once, behind ".*?", which knows whether and not where. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "walk.h"

#define BINARY_LOOK_BYTES 8192

struct mf_workspace_grep {
    bool is_plain; /* A text that is looked for as it is: |pattern|. */
    struct mf_buf pattern;
    unsigned context;
    size_t count;
    pcre2_code *anywhere; /* For short lines. */
    pcre2_code *behind;   /* For long ones: anchored, behind ".*?". */
    pcre2_match_context *limits;
    pcre2_match_data *data;
    int states[MF_WORKSPACE_GREP_STATES_MAX];
    size_t found;
    struct mf_buf text; /* Of the file. */
    uint64_t bytes;     /* That this step has read. */
    uint64_t deadline_ns;
};

/* ---- the expression ----------------------------------------------------------------------------------- */

/* "\Q...\E", in which nothing but "\E" means anything. */
static int quote(struct mf_buf *out, struct mf_slice text)
{
    int rc = mf_buf_append_cstr(out, "\\Q");

    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        bool is_end = text.data[i] == '\\' && i + 1 < text.size && text.data[i + 1] == 'E';
        rc = is_end ? mf_buf_append_cstr(out, "\\E\\\\\\Q") : mf_buf_append(out, &text.data[i], 1);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\\E");
}

static int build(const struct mf_workspace_grep_options *options, const char *prefix, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, prefix);

    rc = rc < 0 ? rc : mf_buf_append_cstr(out, options->is_word ? "(?<![\\w])(?:" : "(?:");
    rc = rc < 0              ? rc
         : options->is_regex ? mf_buf_append_slice(out, options->pattern)
                             : quote(out, options->pattern);
    return rc < 0 ? rc : mf_buf_append_cstr(out, options->is_word ? ")(?![\\w])" : ")");
}

static int compile(const struct mf_workspace_grep_options *options,
                   bool is_behind,
                   pcre2_code **ret_code,
                   struct mf_buf *ret_why)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    uint32_t flags = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | (is_behind ? PCRE2_ANCHORED : 0u) |
                     (options->ignores_case ? PCRE2_CASELESS : 0u);
    struct mf_buf text;
    int code = 0;
    size_t at = 0;
    uint32_t references = 0;

    if (context == NULL) {
        return MF_E_NO_MEMORY;
    }
    mf_buf_init(&text, 4 * MF_WORKSPACE_GREP_PATTERN_BYTES_MAX + 64);
    int rc = build(options, is_behind ? "(?s:.*?)" : "", &text);
    (void)pcre2_set_parens_nest_limit(context, MF_WORKSPACE_GREP_NESTING_MAX + 2);
    if (rc == 0) {
        *ret_code = pcre2_compile(text.data, text.size, flags, &code, &at, context);
        if (*ret_code == NULL) {
            char why[128] = "";
            (void)pcre2_get_error_message(code, (uint8_t *)why, sizeof why);
            mf_ignore(mf_buf_printf(ret_why, "The expression is not valid: %s.", why)); /* It is short. */
            rc = MF_E_WORKSPACE_PATTERN;
        } else if (pcre2_pattern_info(*ret_code, PCRE2_INFO_BACKREFMAX, &references) == 0 && references > 0) {
            mf_ignore(mf_buf_append_cstr(ret_why, "Back-references are not supported.")); /* Likewise. */
            rc = MF_E_WORKSPACE_PATTERN;
        }
    }
    mf_buf_done(&text);
    pcre2_compile_context_free(context);
    return rc;
}

void mf_workspace_grep_free(MF_OWN struct mf_workspace_grep *grep)
{
    if (grep == NULL) {
        return;
    }
    pcre2_match_data_free(grep->data);
    pcre2_match_context_free(grep->limits);
    pcre2_code_free(grep->anywhere);
    pcre2_code_free(grep->behind);
    mf_buf_done(&grep->pattern);
    mf_buf_done(&grep->text);
    mf_free(grep);
}

int mf_workspace_grep_new(const struct mf_workspace_grep_options *options,
                          MF_OWN struct mf_workspace_grep **ret_grep,
                          struct mf_buf *ret_why)
{
    struct mf_workspace_grep *grep;
    struct mf_slice pattern = options->pattern;
    int rc;

    if (pattern.size == 0 || pattern.size > MF_WORKSPACE_GREP_PATTERN_BYTES_MAX ||
        !mf_slice_is_utf8(pattern) || memchr(pattern.data, '\n', pattern.size) != NULL) {
        mf_ignore(mf_buf_printf(ret_why, "It must be one line of 1 to %d bytes of UTF-8.",
                                MF_WORKSPACE_GREP_PATTERN_BYTES_MAX)); /* It is short. */
        return MF_E_WORKSPACE_PATTERN;
    }
    grep = mf_new(sizeof *grep);
    grep->is_plain = !options->is_regex && !options->ignores_case && !options->is_word;
    grep->context = options->context;
    grep->count = options->count;
    mf_buf_init(&grep->text, MF_WORKSPACE_GREP_FILE_BYTES_MAX);
    mf_buf_init(&grep->pattern, MF_WORKSPACE_GREP_PATTERN_BYTES_MAX);
    rc = mf_buf_append_slice(&grep->pattern, pattern);
    if (rc == 0 && !grep->is_plain) {
        grep->limits = pcre2_match_context_create(NULL);
        grep->data = pcre2_match_data_create(1, NULL);
        rc = grep->limits == NULL || grep->data == NULL ? MF_E_NO_MEMORY
                                                        : compile(options, false, &grep->anywhere, ret_why);
    }
    if (rc == 0 && !grep->is_plain) {
        (void)pcre2_set_depth_limit(grep->limits, MF_WORKSPACE_GREP_NESTING_MAX);
        (void)pcre2_set_heap_limit(grep->limits, MF_WORKSPACE_GREP_HEAP_KIB_MAX);
        rc = compile(options, true, &grep->behind, ret_why);
    }
    if (rc < 0) {
        mf_workspace_grep_free(grep);
        return rc;
    }
    *ret_grep = grep;
    return 0;
}

/* ---- one line ------------------------------------------------------------------------------------------ */

/* 1, and the column or -1; 0; MF_E_AGAIN: this line costs more than is spent on one; MF_E_WORKSPACE_PATTERN: it has what this matcher
 * does not know. */
static int match_line(struct mf_workspace_grep *grep, struct mf_slice line, int64_t *ret_column)
{
    bool is_short = line.size <= MF_WORKSPACE_GREP_SHORT_BYTES_MAX;
    size_t size = line.size < MF_WORKSPACE_GREP_LINE_BYTES_MAX ? line.size : MF_WORKSPACE_GREP_LINE_BYTES_MAX;
    int rc;

    if (grep->is_plain) {
        const uint8_t *at = memmem(line.data, line.size, grep->pattern.data, grep->pattern.size);
        *ret_column = at == NULL ? 0 : at - line.data;
        return at != NULL;
    }
    while (size < line.size && size > 0 && (line.data[size] & 0xc0) == 0x80) {
        size--; /* Not within a character. */
    }
    (void)pcre2_set_match_limit(grep->limits,
                                is_short ? MF_WORKSPACE_GREP_CALLS_MAX : MF_WORKSPACE_GREP_LONG_CALLS_MAX);
    rc = pcre2_dfa_match(is_short ? grep->anywhere : grep->behind,
                         line.data == NULL ? (const uint8_t *)"" : line.data, size, 0, PCRE2_DFA_SHORTEST,
                         grep->data, grep->limits, grep->states, MF_WORKSPACE_GREP_STATES_MAX);
    *ret_column = is_short && rc >= 0 ? (int64_t)pcre2_get_ovector_pointer(grep->data)[0] : -1;
    if (rc >= 0) {
        return 1;
    }
    if (rc == PCRE2_ERROR_NOMATCH || (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21)) {
        return 0;
    }
    if (rc == PCRE2_ERROR_DFA_WSSIZE || rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
        rc == PCRE2_ERROR_HEAPLIMIT) {
        return MF_E_AGAIN;
    }
    return rc == PCRE2_ERROR_NOMEMORY ? MF_E_NO_MEMORY : MF_E_WORKSPACE_PATTERN;
}

/* The end of the line that begins at |at|, without its newline. */
static size_t line_end(const struct mf_buf *text, size_t at)
{
    const uint8_t *end = at < text->size ? memchr(text->data + at, '\n', text->size - at) : NULL;

    return end == NULL ? text->size : (size_t)(end - text->data);
}

static struct mf_slice lines_before(const struct mf_buf *text, size_t at, unsigned count)
{
    size_t begin = at;

    for (unsigned i = 0; i < count && begin > 0; i++) {
        begin--;
        while (begin > 0 && text->data[begin - 1] != '\n') {
            begin--;
        }
    }
    if (at - begin > MF_WORKSPACE_GREP_TEXT_BYTES_MAX) {
        begin = at - MF_WORKSPACE_GREP_TEXT_BYTES_MAX;
    }
    return mf_slice_of(text->data + begin, at - begin);
}

static struct mf_slice lines_after(const struct mf_buf *text, size_t at, unsigned count)
{
    size_t end = at;

    for (unsigned i = 0; i < count && end < text->size; i++) {
        end = line_end(text, end);
        end += end < text->size ? 1 : 0;
    }
    if (end - at > MF_WORKSPACE_GREP_TEXT_BYTES_MAX) {
        end = at + MF_WORKSPACE_GREP_TEXT_BYTES_MAX;
    }
    return mf_slice_of(text->data + at, end - at);
}

/* ---- files ------------------------------------------------------------------------------------------------ */

struct step {
    struct mf_workspace_grep *grep;
    const struct mf_workspace_grep_events *events;
    void *user;
    struct mf_slice path;
    uint64_t line; /* The last one that was looked at. */
};

static int tell(struct step *step, size_t begin, size_t end, int64_t column)
{
    const struct mf_buf *text = &step->grep->text;
    size_t size = end - begin;
    struct mf_workspace_match match = {.path = step->path, .line = step->line, .column = column};

    if (size > 0 && text->data[end - 1] == '\r') {
        size--;
    }
    match.text =
        mf_slice_of(text->data + begin,
                    size < MF_WORKSPACE_GREP_TEXT_BYTES_MAX ? size : MF_WORKSPACE_GREP_TEXT_BYTES_MAX);
    match.before = lines_before(text, begin, step->grep->context);
    match.after = lines_after(text, end < text->size ? end + 1 : end, step->grep->context);
    step->grep->found++;
    return step->events->on_match(step->user, &match);
}

/* Where the next line begins that has the text, and the lines before it are counted: most files have none, and are gone through once. */
static size_t skip_lines(struct step *step, size_t at)
{
    const struct mf_buf *text = &step->grep->text;
    const struct mf_buf *pattern = &step->grep->pattern;
    const uint8_t *found = memmem(text->data + at, text->size - at, pattern->data, pattern->size);
    const uint8_t *newline;

    if (found == NULL) {
        return text->size;
    }
    while ((newline = memchr(text->data + at, '\n', (size_t)(found - text->data) - at)) != NULL) {
        at = (size_t)(newline - text->data) + 1;
        step->line++;
    }
    return at;
}

/* Lines behind |from|. 1: to its end; 0: not to its end, |line| says how far. */
static int search_text(struct step *step, uint64_t from)
{
    struct mf_workspace_grep *grep = step->grep;
    size_t at = 0;

    step->line = 0;
    while (at < grep->text.size) {
        if (grep->is_plain) {
            at = skip_lines(step, at);
            if (at == grep->text.size) {
                break;
            }
        }
        size_t end = line_end(&grep->text, at);
        struct mf_slice line = mf_slice_of(grep->text.data + at, end - at);
        int64_t column = 0;
        if (++step->line > from) {
            int rc = match_line(grep, line, &column);
            if (rc > 0 && mf_slice_is_utf8(line)) {
                rc = tell(step, at, end, column);
            } else if (rc == MF_E_AGAIN) {
                grep->found++;
                rc = step->events->on_skip(step->user, step->path, step->line);
            }
            if (rc < 0) {
                return rc;
            }
            if (grep->found == grep->count || mf_clock_thread_cpu_ns() > grep->deadline_ns) {
                return end + 1 >= grep->text.size ? 1 : 0;
            }
        }
        at = end + 1;
    }
    return 1;
}

/* As search_text. */
static int search_file(struct step *step, struct mf_store *store, const struct mf_inode *file, uint64_t from)
{
    struct mf_workspace_grep *grep = step->grep;
    int rc;

    if (file->size > MF_WORKSPACE_GREP_FILE_BYTES_MAX) {
        rc = from > 0 ? 0 : step->events->on_skip(step->user, step->path, 0);
        return rc < 0 ? rc : 1;
    }
    mf_buf_reset(&grep->text);
    rc = mf__content_read(store, file, 0, (size_t)file->size, &grep->text);
    if (rc < 0) {
        return rc;
    }
    grep->bytes += file->size;
    size_t look = grep->text.size < BINARY_LOOK_BYTES ? grep->text.size : BINARY_LOOK_BYTES;
    if (look > 0 && memchr(grep->text.data, 0, look) != NULL) {
        return 1;
    }
    return search_text(step, from);
}

/* "12:/a/b": in a file, behind a line; "0:/a/b": behind the file. */
static int read_place(const struct mf_buf *place, uint64_t *ret_line, struct mf_slice *ret_path)
{
    const uint8_t *colon = place->size == 0 ? NULL : memchr(place->data, ':', place->size);

    *ret_line = 0;
    *ret_path = mf_slice_of(NULL, 0);
    if (place->size == 0) {
        return 0;
    }
    if (colon == NULL) {
        return MF_E_FS_EINVAL;
    }
    size_t digits = (size_t)(colon - place->data);
    *ret_path = mf_slice_of(colon + 1, place->size - digits - 1);
    return mf_slice_parse_u64(mf_slice_of(place->data, digits), INT64_MAX, ret_line) < 0 ? MF_E_FS_EINVAL : 0;
}

static int write_place(struct mf_buf *place, uint64_t line, struct mf_slice path)
{
    mf_buf_reset(place);
    int rc = mf_buf_printf(place, "%llu:", (unsigned long long)line);
    return rc < 0 ? rc : mf_buf_append_slice(place, path);
}

/* The file that the last step left in the middle, if it is still there. */
static int
go_on(struct step *step, struct tree *tree, struct mf_buf *place, uint64_t line, struct mf_slice path)
{
    struct place *at = mf_new(sizeof *at);
    int rc = line == 0 ? 1 : mf__place_find(tree, path, 0, at);

    if (line > 0 && rc == 0) {
        rc = 1;
        if (at->exists && at->inode.kind == MF_INODE_FILE) {
            step->path = path;
            rc = search_file(step, tree->store, &at->inode, line);
        }
    } else if (rc == MF_E_FS_ENOENT || rc == MF_E_FS_ENOTDIR) {
        rc = 1;
    }
    mf_free(at);
    if (rc < 0) {
        return rc;
    }
    struct mf_buf fresh;
    mf_buf_init(&fresh, place->bytes_max);
    int error = write_place(&fresh, rc > 0 ? 0 : step->line, path);
    if (error < 0) {
        mf_buf_done(&fresh);
        return error;
    }
    mf_buf_done(place);
    *place = fresh;
    return rc;
}

static bool is_spent(const struct mf_workspace_grep *grep)
{
    return grep->found == grep->count || grep->bytes >= MF_WORKSPACE_GREP_STEP_BYTES_MAX ||
           mf_clock_thread_cpu_ns() > grep->deadline_ns;
}

struct files {
    struct step *step;
    struct mf_store *store;
    struct mf_buf *place;
};

static int on_file(void *user, const struct mf_workspace_entry *entry)
{
    struct files *files = user;
    int rc;

    files->step->path = entry->path;
    rc = search_file(files->step, files->store, &entry->inode, 0);
    if (rc < 0) {
        return rc;
    }
    int error = write_place(files->place, rc > 0 ? 0 : files->step->line, entry->path);
    if (error < 0) {
        return error;
    }
    return rc == 0 || is_spent(files->step->grep) ? 1 : 0;
}

/* 1: there are no more files. */
static int search_files(struct step *step,
                        struct mf_store *store,
                        const struct mf_workspace_ref *ref,
                        const struct mf_workspace_search *search,
                        struct mf_buf *place)
{
    struct mf_workspace_search files_of = *search;
    struct files files = {.step = step, .store = store, .place = place};
    struct mf_buf next;
    struct mf_buf after;
    uint64_t line = 0;
    int rc = read_place(place, &line, &files_of.after);

    mf_buf_init(&next, MF_FS_PATH_BYTES_MAX);
    mf_buf_init(&after, MF_FS_PATH_BYTES_MAX);
    rc = rc < 0 ? rc : mf_buf_append_slice(&after, files_of.after); /* |place| changes meanwhile. */
    files_of.after = mf_buf_peek(&after);
    files_of.count = SIZE_MAX;
    files_of.kinds = 1u << MF_INODE_FILE;
    rc = rc < 0 ? rc : mf_workspace_find(store, ref, &files_of, on_file, &files, &next);
    if (rc == 0) {
        rc = next.size == 0 ? 1 : write_place(place, 0, mf_buf_peek(&next));
    } else if (rc > 0) {
        rc = 0; /* Spent within, and |place| says where. */
    }
    mf_buf_done(&after);
    mf_buf_done(&next);
    return rc;
}

int mf_workspace_grep_step(struct mf_store *store,
                           const struct mf_workspace_ref *ref,
                           struct mf_workspace_grep *grep,
                           const struct mf_workspace_search *search,
                           struct mf_buf *place,
                           const struct mf_workspace_grep_events *events,
                           void *user,
                           enum mf_workspace_grep_end *ret_end)
{
    struct step step = {.grep = grep, .events = events, .user = user};
    struct tree tree;
    struct mf_slice path;
    uint64_t line = 0;
    int rc = read_place(place, &line, &path);

    grep->bytes = 0;
    grep->deadline_ns = mf_clock_thread_cpu_ns() + MF_WORKSPACE_GREP_STEP_NS_MAX;
    if (rc == 0 && line > 0) {
        rc = mf__tree_begin(store, ref, MF_STORE_FS_READ, 0, &tree);
        if (rc == 0) {
            rc = go_on(&step, &tree, place, line, path);
            rc = rc < 0 ? mf__tree_end(&tree, rc) : mf__tree_end(&tree, 0) < 0 ? MF_E_STORE : rc;
        }
    } else if (rc == 0) {
        rc = 1;
    }
    if (rc > 0 && !is_spent(grep)) {
        rc = search_files(&step, store, ref, search, place);
        if (rc > 0) {
            *ret_end = MF_WORKSPACE_GREP_OVER;
            return 0;
        }
    }
    *ret_end = grep->found == grep->count ? MF_WORKSPACE_GREP_PAGE : MF_WORKSPACE_GREP_MORE;
    if (*ret_end == MF_WORKSPACE_GREP_PAGE) {
        grep->found = 0;
    }
    return rc < 0 ? rc : 0;
}
