#include "parameters.h"

#include "query.h"

int mf__path_unescape(struct mf_arena *arena, struct mf_slice text, struct mf_slice *ret_text)
{
    uint8_t *out = mf_arena_try_alloc(arena, text.size + 1);
    size_t size = 0;

    if (out == NULL) {
        return MF_E_TOO_LARGE;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            bool is_whole = text.size - i > 2;
            int high = is_whole ? mf_hex_digit(text.data[i + 1]) : -1;
            int low = is_whole ? mf_hex_digit(text.data[i + 2]) : -1;
            c = (uint8_t)((unsigned)high << 4 | (unsigned)low);
            if (high < 0 || low < 0 || c == '/') {
                return MF_E_INVALID;
            }
            i += 2;
        }
        out[size++] = c;
    }
    *ret_text = mf_slice_of(out, size);
    return 0;
}

static int refuse(struct mf__params *query, const char *param, const char *why)
{
    query->param = param;
    query->why = why;
    return MF_E_API_FIELD;
}

static const char *find_known(const char *const *known, struct mf_slice name)
{
    for (size_t i = 0; known[i] != NULL; i++) {
        if (mf_slice_equal_cstr(name, known[i])) {
            return known[i];
        }
    }
    return NULL;
}

static int take(struct mf__params *query,
                struct mf_arena *arena,
                struct mf_slice name,
                struct mf_slice value,
                const char *const *known)
{
    const char *is_known = find_known(known, name);
    int rc;

    if (is_known == NULL) {
        return refuse(query, NULL, "The query has a parameter that this resource does not know.");
    }
    if (mf__params_get(query, is_known).data != NULL || query->count == MF__PARAMS_COUNT_MAX) {
        return refuse(query, is_known, "A parameter is there twice.");
    }
    rc = mf_arena_copy(arena, value, &query->items[query->count].value);
    query->items[query->count].name = mf_slice_of_cstr(is_known);
    query->count += rc == 0 ? 1 : 0;
    return rc;
}

int mf__params_read(struct mf__params *query,
                    struct mf_arena *arena,
                    struct mf_slice text,
                    const char *const *known)
{
    struct mf_buf name;
    struct mf_buf value;
    size_t cursor = 0;
    int rc;

    query->count = 0;
    query->why = NULL;
    query->param = NULL;
    mf_buf_init(&name, MF_HTTP_TARGET_BYTES_MAX);
    mf_buf_init(&value, MF_HTTP_TARGET_BYTES_MAX);
    while ((rc = mf__query_next(text, &cursor, &name, &value)) > 0) {
        rc = take(query, arena, mf_buf_peek(&name), mf_buf_peek(&value), known);
        if (rc < 0) {
            break;
        }
    }
    if (rc == MF_E_API_FIELD && query->why == NULL) {
        rc = refuse(query, NULL, "The query is not percent-encoded UTF-8 as it should be.");
    }
    mf_buf_done(&name);
    mf_buf_done(&value);
    return rc;
}

struct mf_slice mf__params_get(const struct mf__params *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++) {
        if (mf_slice_equal_cstr(query->items[i].name, name)) {
            return query->items[i].value;
        }
    }
    return mf_slice_of(NULL, 0);
}

int mf__params_number(struct mf__params *query,
                      const char *name,
                      uint64_t min,
                      uint64_t max,
                      uint64_t *ret_number)
{
    struct mf_slice text = mf__params_get(query, name);
    uint64_t number = 0;

    if (text.data == NULL) {
        return 0;
    }
    if (mf_slice_parse_u64(text, max, &number) < 0 || number < min) {
        return refuse(query, name, "It must be a whole number within its limits.");
    }
    *ret_number = number;
    return 0;
}

int mf__params_bool(struct mf__params *query, const char *name, bool *ret_bool)
{
    struct mf_slice text = mf__params_get(query, name);

    if (text.data == NULL) {
        return 0;
    }
    if (!mf_slice_equal_cstr(text, "true") && !mf_slice_equal_cstr(text, "false")) {
        return refuse(query, name, "It must be true or false.");
    }
    *ret_bool = mf_slice_equal_cstr(text, "true");
    return 0;
}
