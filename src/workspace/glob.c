#include "glob.h"

struct glob {
    size_t count;
    struct mf_buf
        alternatives[MF_FS_GLOB_ALTERNATIVES_MAX]; /* Without braces, and without a slash in front. */
};

/* ---- braces ------------------------------------------------------------------------------------------- */

/* Where the brace at |at| is closed, and the end of its first alternative; 0: nobody closes it. */
static size_t find_close(struct mf_slice text, size_t at, size_t *ret_comma)
{
    unsigned depth = 0;

    *ret_comma = 0;
    for (size_t i = at; i < text.size; i++) {
        if (text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == '{') {
            depth++;
        } else if (text.data[i] == ',' && depth == 1 && *ret_comma == 0) {
            *ret_comma = i;
        } else if (text.data[i] == '}' && --depth == 0) {
            *ret_comma = *ret_comma == 0 ? i : *ret_comma;
            return i;
        }
    }
    return 0;
}

static size_t find_brace(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == '{') {
            return i;
        }
    }
    return text.size;
}

static int join(struct mf_slice text, size_t at, struct mf_slice middle, size_t close, struct mf_buf *out)
{
    int rc = mf_buf_append(out, text.data, at);

    if (rc == 0) {
        rc = mf_buf_append_slice(out, middle);
    }
    return rc < 0 ? rc : mf_buf_append(out, text.data + close + 1, text.size - close - 1);
}

/* The first alternative that has braces is replaced by all that its first pair makes, until none has. */
static int expand(struct glob *glob, size_t index)
{
    struct mf_buf from = glob->alternatives[index];
    struct mf_slice text = mf_buf_peek(&from);
    size_t at = find_brace(text);
    size_t comma = 0;
    size_t close = find_close(text, at, &comma);
    size_t begin = at + 1;
    int rc = close == 0 ? MF_E_WORKSPACE_PATTERN : 0;

    mf_buf_init(&glob->alternatives[index], MF_FS_GLOB_BYTES_MAX);
    for (bool is_first = true; rc == 0 && begin <= close; is_first = false) {
        struct mf_buf *out = &glob->alternatives[index];
        if (!is_first) {
            if (glob->count == MF_FS_GLOB_ALTERNATIVES_MAX) {
                rc = MF_E_WORKSPACE_PATTERN;
                break;
            }
            out = &glob->alternatives[glob->count++];
            mf_buf_init(out, MF_FS_GLOB_BYTES_MAX);
        }
        rc = join(text, at, mf_slice_of(text.data + begin, comma - begin), close, out);
        begin = comma + 1;
        /* The next comma of this depth. */
        unsigned depth = 0;
        for (comma = begin; comma < close && (depth > 0 || text.data[comma] != ','); comma++) {
            depth += text.data[comma] == '{' ? 1 : 0;
            depth -= text.data[comma] == '}' ? 1 : 0;
            comma += text.data[comma] == '\\' ? 1 : 0;
        }
        comma = comma > close ? close : comma;
    }
    mf_buf_done(&from);
    return rc;
}

/* ---- one name ------------------------------------------------------------------------------------------ */

/* Bytes of the character at |at|; the text is UTF-8. */
static size_t step_of(struct mf_slice text, size_t at)
{
    size_t end = at + 1;

    while (end < text.size && (text.data[end] & 0xc0) == 0x80) {
        end++;
    }
    return end - at;
}

static uint32_t character_at(struct mf_slice text, size_t at, size_t step)
{
    uint32_t c = text.data[at];

    if (step > 1) {
        c &= 0x7fu >> step;
        for (size_t i = 1; i < step; i++) {
            c = c << 6 | (text.data[at + i] & 0x3fu);
        }
    }
    return c;
}

/* The end of the class that begins at |at| with "["; 0: nobody closes it. "]" in front stands for itself. */
static size_t class_end(struct mf_slice pattern, size_t at)
{
    size_t i = at + 1;

    if (i < pattern.size && (pattern.data[i] == '!' || pattern.data[i] == '^')) {
        i++;
    }
    for (bool is_first = true; i < pattern.size; is_first = false, i++) {
        if (pattern.data[i] == ']' && !is_first) {
            return i;
        }
        if (pattern.data[i] == '\\') {
            i++;
        }
    }
    return 0;
}

static bool class_has(struct mf_slice pattern, size_t at, size_t end, uint32_t c)
{
    size_t i = at + 1;
    bool is_not = pattern.data[i] == '!' || pattern.data[i] == '^';
    bool has = false;

    i += is_not ? 1 : 0;
    while (i < end) {
        i += pattern.data[i] == '\\' && i + 1 < end ? 1 : 0;
        size_t step = step_of(pattern, i);
        uint32_t from = character_at(pattern, i, step);
        uint32_t to = from;
        i += step;
        if (i + 1 < end && pattern.data[i] == '-') {
            i += 1 + (pattern.data[i + 1] == '\\' && i + 2 < end ? 1u : 0u);
            step = step_of(pattern, i);
            to = character_at(pattern, i, step);
            i += step;
        }
        has = has || (c >= from && c <= to);
    }
    return has != is_not;
}

/* One element of the pattern, not "*", against one character: how many bytes of the pattern it is, or 0. */
static size_t match_one(struct mf_slice pattern, size_t at, struct mf_slice name, size_t at_name)
{
    size_t step = step_of(name, at_name);

    if (pattern.data[at] == '?') {
        return 1;
    }
    if (pattern.data[at] == '[') {
        size_t end = class_end(pattern, at);
        return class_has(pattern, at, end, character_at(name, at_name, step)) ? end + 1 - at : 0;
    }
    size_t escape = pattern.data[at] == '\\' && at + 1 < pattern.size ? 1 : 0;
    size_t size = step_of(pattern, at + escape);
    bool is_same = size == step && memcmp(pattern.data + at + escape, name.data + at_name, step) == 0;
    return is_same ? size + escape : 0;
}

/* The last star takes what it must; an earlier one never has to take more than it did. */
static bool match_name(struct mf_slice pattern, struct mf_slice name)
{
    size_t at = 0;
    size_t at_name = 0;
    size_t star = SIZE_MAX;
    size_t star_name = 0;

    while (at_name < name.size) {
        size_t used = 0;
        if (at < pattern.size && pattern.data[at] == '*') {
            star = at++;
            star_name = at_name;
            continue;
        }
        used = at < pattern.size ? match_one(pattern, at, name, at_name) : 0;
        if (used > 0) {
            at += used;
            at_name += step_of(name, at_name);
        } else if (star != SIZE_MAX) {
            at = star + 1;
            star_name += step_of(name, star_name);
            at_name = star_name;
        } else {
            return false;
        }
    }
    while (at < pattern.size && pattern.data[at] == '*') {
        at++;
    }
    return at == pattern.size;
}

/* ---- paths ---------------------------------------------------------------------------------------------- */

/* The name at |at|, up to the next slash; |ret_next| is behind that, or size + 1 at the end. */
static struct mf_slice name_at(struct mf_slice path, size_t at, size_t *ret_next)
{
    size_t end = at;

    while (end < path.size && path.data[end] != '/') {
        end++;
    }
    *ret_next = end + 1;
    return path.size == 0 ? mf_slice_of("", 0) : mf_slice_of(path.data + at, end - at);
}

/* As match_name, with names for characters and "**" for the star. */
static bool match_path(struct mf_slice pattern, struct mf_slice path)
{
    size_t at = 0;
    size_t at_path = 0;
    size_t star = SIZE_MAX;
    size_t star_path = 0;

    while (at_path <= path.size) {
        size_t next = 0;
        size_t next_path = 0;
        struct mf_slice wanted = at <= pattern.size ? name_at(pattern, at, &next) : mf_slice_of(NULL, 0);
        if (wanted.data != NULL && mf_slice_equal_cstr(wanted, "**")) {
            star = next;
            star_path = at_path;
            at = next;
            continue;
        }
        struct mf_slice found = name_at(path, at_path, &next_path);
        if (wanted.data != NULL && match_name(wanted, found)) {
            at = next;
            at_path = next_path;
        } else if (star != SIZE_MAX) {
            (void)name_at(path, star_path, &star_path);
            at = star;
            at_path = star_path;
        } else {
            return false;
        }
    }
    while (at <= pattern.size) {
        size_t next = 0;
        if (!mf_slice_equal_cstr(name_at(pattern, at, &next), "**")) {
            return false;
        }
        at = next;
    }
    return true;
}

/* ---- the pattern ----------------------------------------------------------------------------------------- */

static bool has_open_class(struct mf_slice pattern)
{
    for (size_t i = 0; i < pattern.size; i++) {
        if (pattern.data[i] == '\\') {
            i++;
        } else if (pattern.data[i] == '[') {
            size_t end = class_end(pattern, i);
            if (end == 0 || memchr(pattern.data + i, '/', end - i) != NULL) {
                return true;
            }
            i = end;
        }
    }
    return false;
}

int mf__glob_new(struct mf_slice pattern, MF_OWN struct glob **ret_glob)
{
    struct glob *glob;
    int rc;

    while (pattern.size > 0 && pattern.data[0] == '/') {
        pattern = mf_slice_of(pattern.data + 1, pattern.size - 1);
    }
    if (pattern.size == 0 || pattern.size > MF_FS_GLOB_BYTES_MAX || !mf_slice_is_utf8(pattern) ||
        pattern.data[pattern.size - 1] == '\\') {
        return MF_E_WORKSPACE_PATTERN;
    }
    glob = mf_new(sizeof *glob);
    glob->count = 1;
    mf_buf_init(&glob->alternatives[0], MF_FS_GLOB_BYTES_MAX);
    rc = mf_buf_append_slice(&glob->alternatives[0], pattern);
    for (size_t i = 0; rc == 0 && i < glob->count;) {
        struct mf_slice text = mf_buf_peek(&glob->alternatives[i]);
        if (find_brace(text) < text.size) {
            rc = expand(glob, i);
        } else {
            rc = has_open_class(text) ? MF_E_WORKSPACE_PATTERN : 0;
            i++;
        }
    }
    if (rc < 0) {
        mf__glob_free(glob);
        return rc;
    }
    *ret_glob = glob;
    return 0;
}

void mf__glob_free(MF_OWN struct glob *glob)
{
    if (glob == NULL) {
        return;
    }
    for (size_t i = 0; i < glob->count; i++) {
        mf_buf_done(&glob->alternatives[i]);
    }
    mf_free(glob);
}

bool mf__glob_matches(const struct glob *glob, struct mf_slice path)
{
    bool is_match = false;

    if (path.size > 0 && path.data[0] == '/') {
        path = mf_slice_of(path.data + 1, path.size - 1);
    }
    for (size_t i = 0; !is_match && i < glob->count; i++) {
        is_match = match_path(mf_buf_peek(&glob->alternatives[i]), path);
    }
    return is_match;
}
