#include "diff.h"

struct line {
    struct mf_slice text; /* With its newline, which the last one may not have. */
    uint64_t hash;
};

/* Lines of one side, and what is done with each: kept, or removed (of the first side) and added (of the second). */
struct side {
    struct line *lines;
    bool *is_changed;
    size_t count;
};

struct diff {
    struct side from;
    struct side to;
    size_t begin;   /* Lines that are the same at the beginning, */
    size_t end;     /* and at the end. */
    int32_t *trace; /* For each number of edits d: how far each diagonal -d to d has come. */
};

static int split(struct side *side, struct mf_slice text)
{
    size_t count = text.size > 0 && text.data[text.size - 1] != '\n' ? 1 : 0;

    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '\n' ? 1 : 0;
    }
    if (count > MF_WORKSPACE_DIFF_LINES_MAX) {
        return MF_E_FS_EFBIG;
    }
    side->lines = mf_try_alloc((count + 1) * sizeof *side->lines);
    side->is_changed = mf_try_alloc(count + 1);
    if (side->lines == NULL || side->is_changed == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (size_t at = 0; at < text.size; side->count++) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        size_t size = newline == NULL ? text.size - at : (size_t)(newline - text.data) - at + 1;
        side->lines[side->count].text = mf_slice_of(text.data + at, size);
        side->lines[side->count].hash = mf_hash(side->lines[side->count].text);
        at += size;
    }
    return 0;
}

static bool is_same(const struct diff *diff, size_t i, size_t j)
{
    const struct line *a = &diff->from.lines[i];
    const struct line *b = &diff->to.lines[j];

    return a->hash == b->hash && mf_slice_equal(a->text, b->text);
}

static void trim(struct diff *diff)
{
    size_t least = diff->from.count < diff->to.count ? diff->from.count : diff->to.count;

    while (diff->begin < least && is_same(diff, diff->begin, diff->begin)) {
        diff->begin++;
    }
    while (diff->end < least - diff->begin &&
           is_same(diff, diff->from.count - diff->end - 1, diff->to.count - diff->end - 1)) {
        diff->end++;
    }
}

/* ---- the shortest way -------------------------------------------------------------------------------------- */

/* The row of |edits| in the trace; [-edits] to [edits]. */
static int32_t *row_of(const struct diff *diff, int32_t edits)
{
    return diff->trace + (size_t)edits * (size_t)edits + (size_t)edits;
}

/* How far diagonal |k| comes with one edit more than the row before. */
static int32_t step(const int32_t *before, int32_t edits, int32_t k)
{
    if (edits == 0) {
        return 0;
    }
    if (k == -edits || (k != edits && before[k - 1] < before[k + 1])) {
        return before[k + 1]; /* A line of the second is added. */
    }
    return before[k - 1] + 1; /* A line of the first is removed. */
}

/* From the end of the trace to its beginning: which lines are removed and added. */
static void walk_back(struct diff *diff, int32_t edits, int32_t x, int32_t y)
{
    for (; edits > 0; edits--) {
        const int32_t *before = row_of(diff, edits - 1);
        int32_t k = x - y;
        bool is_added = k == -edits || (k != edits && before[k - 1] < before[k + 1]);
        x = is_added ? before[k + 1] : before[k - 1];
        y = x - (is_added ? k + 1 : k - 1);
        if (is_added) {
            diff->to.is_changed[diff->begin + (size_t)y] = true;
        } else {
            diff->from.is_changed[diff->begin + (size_t)x] = true;
        }
    }
}

/* 1: found; 0: there are more edits than are looked for. */
static int find_way(struct diff *diff, int32_t edits_max)
{
    int32_t n = (int32_t)(diff->from.count - diff->begin - diff->end);
    int32_t m = (int32_t)(diff->to.count - diff->begin - diff->end);

    for (int32_t edits = 0; edits <= edits_max; edits++) {
        int32_t *row = row_of(diff, edits);
        const int32_t *before = edits == 0 ? NULL : row_of(diff, edits - 1);
        for (int32_t k = -edits; k <= edits; k += 2) {
            int32_t x = step(before, edits, k);
            int32_t y = x - k;
            while (x < n && y >= 0 && y < m &&
                   is_same(diff, diff->begin + (size_t)x, diff->begin + (size_t)y)) {
                x++;
                y++;
            }
            row[k] = x;
            if (x >= n && y >= m) {
                walk_back(diff, edits, n, m);
                return 1;
            }
        }
    }
    return 0;
}

static int compare(struct diff *diff)
{
    size_t lines = diff->from.count + diff->to.count - 2 * (diff->begin + diff->end);
    size_t edits = lines < MF_WORKSPACE_DIFF_EDITS_MAX ? lines : MF_WORKSPACE_DIFF_EDITS_MAX;

    diff->trace = mf_try_alloc((edits + 1) * (edits + 1) * sizeof *diff->trace);
    if (diff->trace == NULL) {
        return MF_E_NO_MEMORY;
    }
    if (find_way(diff, (int32_t)edits) == 0) {
        for (size_t i = diff->begin; i < diff->from.count - diff->end; i++) {
            diff->from.is_changed[i] = true;
        }
        for (size_t i = diff->begin; i < diff->to.count - diff->end; i++) {
            diff->to.is_changed[i] = true;
        }
    }
    return 0;
}

/* ---- the text ----------------------------------------------------------------------------------------------- */

static int write_line(struct mf_buf *out, const char *mark, const struct line *line)
{
    int rc = mf_buf_append_cstr(out, mark);

    rc = rc < 0 ? rc : mf_buf_append_slice(out, line->text);
    if (rc == 0 && line->text.data[line->text.size - 1] != '\n') {
        rc = mf_buf_append_cstr(out, "\n\\ No newline at end of file\n");
    }
    return rc;
}

static int write_name(struct mf_buf *out, const char *mark, const struct diff_side *side)
{
    int rc = mf_buf_append_cstr(out, mark);

    if (side->mark == NULL) {
        return rc < 0 ? rc : mf_buf_append_cstr(out, "/dev/null\n");
    }
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, side->mark);
    rc = rc < 0 ? rc : mf_buf_append_slice(out, side->name);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\n");
}

/* "12,3"; what has no lines stands behind the line before it. */
static int write_range(struct mf_buf *out, const char *mark, size_t begin, size_t end)
{
    return mf_buf_printf(out, "%s%zu,%zu ", mark, end > begin ? begin + 1 : begin, end - begin);
}

/* The change at (|i|, |j|) and those that are no farther apart than their context. The ends of both are behind it. */
static int write_hunk(struct mf_buf *out, const struct diff *diff, size_t context, size_t *i, size_t *j)
{
    size_t before = *i < context ? *i : context;
    size_t begin_from = *i - before;
    size_t begin_to = *j - before;
    size_t end_from = *i;
    size_t end_to = *j;
    size_t kept = 0;

    while ((end_from < diff->from.count || end_to < diff->to.count) && kept <= 2 * context) {
        if (end_from < diff->from.count && diff->from.is_changed[end_from]) {
            end_from++;
            kept = 0;
        } else if (end_to < diff->to.count && diff->to.is_changed[end_to]) {
            end_to++;
            kept = 0;
        } else {
            end_from++;
            end_to++;
            kept++;
        }
    }
    size_t surplus = kept > context ? kept - context : 0;
    end_from -= surplus;
    end_to -= surplus;
    int rc = write_range(out, "@@ -", begin_from, end_from);
    rc = rc < 0 ? rc : write_range(out, "+", begin_to, end_to);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "@@\n");
    *i = begin_from;
    *j = begin_to;
    while (rc == 0 && (*i < end_from || *j < end_to)) {
        if (*i < end_from && diff->from.is_changed[*i]) {
            rc = write_line(out, "-", &diff->from.lines[(*i)++]);
        } else if (*j < end_to && diff->to.is_changed[*j]) {
            rc = write_line(out, "+", &diff->to.lines[(*j)++]);
        } else {
            rc = write_line(out, " ", &diff->from.lines[(*i)++]);
            ++*j;
        }
    }
    return rc;
}

static int write(struct mf_buf *out, const struct diff *diff, size_t context)
{
    size_t i = 0;
    size_t j = 0;
    int rc = 0;

    while (rc == 0 && (i < diff->from.count || j < diff->to.count)) {
        bool is_change = (i < diff->from.count && diff->from.is_changed[i]) ||
                         (j < diff->to.count && diff->to.is_changed[j]);
        if (is_change) {
            rc = write_hunk(out, diff, context, &i, &j);
        } else {
            i++;
            j++;
        }
    }
    return rc;
}

static bool is_binary(struct mf_slice text)
{
    return text.size > 0 && memchr(text.data, 0, text.size) != NULL;
}

int mf__diff(struct mf_buf *out, const struct diff_side *from, const struct diff_side *to, size_t context)
{
    struct diff diff = {.begin = 0};
    int rc;

    if (mf_slice_equal(from->text, to->text) && (from->mark == NULL) == (to->mark == NULL)) {
        return 0;
    }
    if (is_binary(from->text) || is_binary(to->text)) {
        return mf_buf_append_cstr(out, "Binary files differ\n");
    }
    rc = split(&diff.from, from->text);
    rc = rc < 0 ? rc : split(&diff.to, to->text);
    if (rc == 0) {
        trim(&diff);
        rc = compare(&diff);
    }
    rc = rc < 0 ? rc : write_name(out, "--- ", from);
    rc = rc < 0 ? rc : write_name(out, "+++ ", to);
    rc = rc < 0 ? rc : write(out, &diff, context);
    mf_free(diff.trace);
    mf_free(diff.from.lines);
    mf_free(diff.from.is_changed);
    mf_free(diff.to.lines);
    mf_free(diff.to.is_changed);
    return rc == MF_E_TOO_LARGE ? MF_E_FS_EFBIG : rc;
}
