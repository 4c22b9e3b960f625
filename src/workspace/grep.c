/* grep.c - lines of files that have a text or fit a regular expression, in steps that end by themselves.
 *
 * Whole blocks of lines are searched at once, and only what is found is looked at line by line. No line is searched twice in a step, and the
 * search itself costs no more than its text's length times a constant (regex.h): so does all of it. */
#include <mayfly/regex.h>

#include "walk.h"

#define BINARY_LOOK_BYTES 8192

struct mf_workspace_grep {
    struct mf_regex *regex; /* NULL: |pattern| is looked for as it is. */
    struct mf_buf pattern;
    unsigned context;
    size_t count;
    size_t found;
    struct mf_buf text; /* Of the file. */
    uint64_t bytes;     /* That this step has read. */
    uint64_t deadline_ns;
};

void mf_workspace_grep_free(MF_OWN struct mf_workspace_grep *grep)
{
    if (grep == NULL) {
        return;
    }
    mf_regex_free(grep->regex);
    mf_buf_done(&grep->pattern);
    mf_buf_done(&grep->text);
    mf_free(grep);
}

int mf_workspace_grep_new(const struct mf_workspace_grep_options *options,
                          MF_OWN struct mf_workspace_grep **ret_grep,
                          struct mf_buf *ret_why)
{
    const struct mf_regex_options how = {
        .is_literal = !options->is_regex, .ignores_case = options->ignores_case, .is_word = options->is_word};
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
    grep->context = options->context;
    grep->count = options->count;
    mf_buf_init(&grep->text, MF_WORKSPACE_GREP_FILE_BYTES_MAX);
    mf_buf_init(&grep->pattern, MF_WORKSPACE_GREP_PATTERN_BYTES_MAX);
    rc = mf_buf_append_slice(&grep->pattern, pattern);
    if (rc == 0 && (options->is_regex || options->ignores_case || options->is_word)) {
        rc = mf_regex_new(pattern, &how, &grep->regex, ret_why);
    }
    if (rc < 0) {
        mf_workspace_grep_free(grep);
        return rc;
    }
    *ret_grep = grep;
    return 0;
}

/* ---- lines --------------------------------------------------------------------------------------------- */

/* The end of the line that begins at |at|, without its newline. */
static size_t line_end(const struct mf_buf *text, size_t at)
{
    const uint8_t *end = at < text->size ? memchr(text->data + at, '\n', text->size - at) : NULL;

    return end == NULL ? text->size : (size_t)(end - text->data);
}

static struct mf_slice lines_before(const struct mf_buf *text, size_t at, unsigned count)
{
    size_t least = at > MF_WORKSPACE_GREP_TEXT_BYTES_MAX ? at - MF_WORKSPACE_GREP_TEXT_BYTES_MAX : 0;
    size_t begin = at;

    for (unsigned i = 0; i < count && begin > least; i++) {
        begin--;
        while (begin > least && text->data[begin - 1] != '\n') {
            begin--;
        }
    }
    return mf_slice_of(text->data + begin, at - begin);
}

static struct mf_slice lines_after(const struct mf_buf *text, size_t at, unsigned count)
{
    size_t most = text->size - at > MF_WORKSPACE_GREP_TEXT_BYTES_MAX ? at + MF_WORKSPACE_GREP_TEXT_BYTES_MAX
                                                                     : text->size;
    size_t end = at;

    for (unsigned i = 0; i < count && end < most; i++) {
        const uint8_t *newline = memchr(text->data + end, '\n', most - end);
        end = newline == NULL ? most : (size_t)(newline - text->data) + 1;
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

static int tell(struct step *step, size_t begin, size_t end, size_t column)
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

/* Looks at lines from |at| on, as many as one search may be given. 1: |*ret_at| is where the first match begins; 0: none of them has one, and
 * |*ret_at| is the end of the last; MF_E_TOO_LARGE: the first one is too long, and |*ret_at| is its end. */
static int search_block(const struct mf_workspace_grep *grep, size_t at, size_t *ret_at)
{
    const uint8_t *data = grep->text.data + at;
    size_t size = grep->text.size - at;

    if (grep->regex == NULL) {
        const uint8_t *found = memmem(data, size, grep->pattern.data, grep->pattern.size);
        *ret_at = found == NULL ? grep->text.size : at + (size_t)(found - data);
        return found != NULL;
    }
    size_t first = line_end(&grep->text, at) - at;
    size_t most = mf_regex_text_bytes_max(grep->regex);
    if (first > most) {
        *ret_at = at + first;
        return MF_E_TOO_LARGE;
    }
    most = most < MF_WORKSPACE_GREP_BLOCK_BYTES_MAX ? most : MF_WORKSPACE_GREP_BLOCK_BYTES_MAX;
    if (size > most) {
        const uint8_t *end = memrchr(data, '\n', most);
        size = end == NULL ? first : (size_t)(end - data);
    } else if (data[size - 1] == '\n') {
        size--;
    }
    int64_t found = mf_regex_find(grep->regex, mf_slice_of(data, size));
    *ret_at = at + (found < 0 ? size : (size_t)found);
    return found >= 0;
}

static uint64_t count_newlines(struct mf_slice text)
{
    const uint8_t *end = text.data + text.size;
    uint64_t count = 0;

    for (const uint8_t *at = text.data; at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL;
         at++) {
        count++;
    }
    return count;
}

/* Behind |line| lines. */
static size_t skip_lines(const struct mf_buf *text, uint64_t line)
{
    size_t at = 0;

    for (uint64_t i = 0; i < line && at < text->size; i++) {
        at = line_end(text, at) + 1;
    }
    return at;
}

/* The line of |match|, the first one behind |at| that has any. |*ret_end|: its end. */
static int on_found(struct step *step, size_t at, size_t match, size_t *ret_end)
{
    const struct mf_buf *text = &step->grep->text;
    const uint8_t *newline = match == at ? NULL : memrchr(text->data + at, '\n', match - at);
    size_t begin = newline == NULL ? at : (size_t)(newline - text->data) + 1;

    *ret_end = line_end(text, match);
    step->line += count_newlines(mf_slice_of(text->data + at, begin - at)) + 1;
    if (!mf_slice_is_utf8(mf_slice_of(text->data + begin, *ret_end - begin))) {
        return 0;
    }
    return tell(step, begin, *ret_end, match - begin);
}

/* Lines behind |from|. 1: to its end; 0: not to its end, |line| says how far. */
static int search_text(struct step *step, uint64_t from)
{
    struct mf_workspace_grep *grep = step->grep;
    size_t at = skip_lines(&grep->text, from);

    step->line = from;
    while (at < grep->text.size) {
        size_t end = 0;
        int rc = search_block(grep, at, &end);
        if (rc > 0) {
            rc = on_found(step, at, end, &end);
        } else if (rc == 0) {
            step->line += count_newlines(mf_slice_of(grep->text.data + at, end - at)) + 1;
        } else if (rc == MF_E_TOO_LARGE) {
            grep->found++;
            rc = step->events->on_skip(step->user, step->path, ++step->line);
        }
        if (rc < 0) {
            return rc;
        }
        at = end + 1;
        if (grep->found == grep->count || mf_clock_thread_cpu_ns() > grep->deadline_ns) {
            return at >= grep->text.size ? 1 : 0;
        }
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
