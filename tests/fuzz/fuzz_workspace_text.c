/* Globs, edits and diffs over any bytes: a pattern that is taken matches in bounded time, an edit that is made has its text, and a diff says
 * nothing only of what is equal. */
#include "diff.h"
#include "glob.h"
#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The part up to the next 0xff, and |*at| behind it. */
static struct mf_slice next_part(const uint8_t *data, size_t size, size_t *at)
{
    size_t begin = *at;
    const uint8_t *end = begin < size ? memchr(data + begin, 0xff, size - begin) : NULL;
    size_t stop = end == NULL ? size : (size_t)(end - data);

    *at = stop < size ? stop + 1 : size;
    return mf_slice_of(data + begin, stop - begin);
}

static void try_glob(struct mf_slice pattern, struct mf_slice path)
{
    struct glob *glob = NULL;

    if (path.size < 4096 && mf_slice_is_utf8(path) && mf__glob_new(pattern, &glob) == 0) {
        (void)mf__glob_matches(glob, path);
        mf__glob_free(glob);
    }
}

static void try_edit(struct mf_slice text, struct mf_slice search, struct mf_slice replace)
{
    struct mf_workspace_edit edits[] = {
        {.search = search, .replace = replace, .is_all = true},
        {.is_range = true, .offset = search.size, .size = 1, .replace = replace}};
    struct mf_buf out;
    uint64_t found = 0;
    size_t edit = 0;

    mf_buf_init(&out, 1u << 20);
    if (mf_buf_append_slice(&out, text) == 0) {
        int rc = mf__edit(&out, edits, 1, &edit, &found);
        MF_ASSERT(rc == 0 || rc == MF_E_WORKSPACE_EDIT || rc == MF_E_FS_EFBIG);
        MF_ASSERT(rc < 0 || out.size == text.size - found * search.size + found * replace.size);
        mf_ignore(mf__edit(&out, edits + 1, 1, &edit, &found)); /* It fits or does not. */
    }
    mf_buf_done(&out);
}

static void try_diff(struct mf_slice from, struct mf_slice to)
{
    struct diff_side sides[] = {{.mark = "a/", .name = mf_slice_of_cstr("f"), .text = from},
                                {.mark = "b/", .name = mf_slice_of_cstr("f"), .text = to}};
    struct mf_buf out;

    mf_buf_init(&out, 4u << 20);
    if (mf__diff(&out, &sides[0], &sides[1], 3) == 0) {
        MF_ASSERT((out.size == 0) == mf_slice_equal(from, to));
    }
    mf_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0;
    struct mf_slice first = next_part(data, size, &at);
    struct mf_slice second = next_part(data, size, &at);
    struct mf_slice third = next_part(data, size, &at);

    try_glob(first, second);
    try_edit(first, second, third);
    try_diff(first, second);
    return 0;
}
