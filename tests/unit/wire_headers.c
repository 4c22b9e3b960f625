/* Header lists: what went in comes out; what is no HTTP header is refused on both ends. */
#include <mayfly/wire.h>

#include "check.h"

static int append(struct mf_buf *out, const char *name, const char *value)
{
    return mf_headers_append(out, mf_slice_of_cstr(name), mf_slice_of_cstr(value));
}

static void test_round_trip(void)
{
    struct mf_header header;
    struct mf_buf out;
    size_t cursor = 0;

    mf_buf_init(&out, MF_HEADERS_ENCODED_BYTES_MAX);
    MF_CHECK_INT(append(&out, "content-type", "text/plain"), 0);
    MF_CHECK_INT(append(&out, "x-empty", ""), 0);
    MF_CHECK_INT(append(&out, "x!#$%&'*+-.^_`|~9", "in\tside \xff"), 0);
    MF_CHECK_INT(mf_headers_check(mf_buf_peek(&out)), 3);
    MF_CHECK_INT(mf_headers_next(mf_buf_peek(&out), &cursor, &header), 1);
    MF_CHECK_TEXT(header.name, "content-type");
    MF_CHECK_TEXT(header.value, "text/plain");
    MF_CHECK_INT(mf_headers_next(mf_buf_peek(&out), &cursor, &header), 1);
    MF_CHECK_INT(header.value.size, 0);
    MF_CHECK_INT(mf_headers_next(mf_buf_peek(&out), &cursor, &header), 1);
    MF_CHECK_TEXT(header.value, "in\tside \xff");
    MF_CHECK_INT(mf_headers_next(mf_buf_peek(&out), &cursor, &header), 0);
    MF_CHECK_INT(mf_headers_next(mf_buf_peek(&out), &cursor, &header), 0);
    MF_CHECK_INT(mf_headers_check(mf_slice_of(NULL, 0)), 0);
    mf_buf_done(&out);
}

static void test_refused(void)
{
    static const char *const names[] = {"", "a b", "a:", "a\r", "\xc3\xa4", "(", "a/b", "{}", "a\x7f"};
    static const char *const values[] = {" a",        "a ",   "\t",   "a\rb",   "a\nb",
                                         "a\r\nb: c", "\x01", "\x7f", "\x1b[2J"};
    struct mf_buf out;

    mf_buf_init(&out, 4096);
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        MF_CHECK_INT(append(&out, names[i], "x"), MF_E_INVALID);
    }
    for (size_t i = 0; i < MF_COUNT_OF(values); i++) {
        MF_CHECK_INT(append(&out, "x", values[i]), MF_E_INVALID);
    }
    MF_CHECK_INT(mf_headers_append(&out, mf_slice_of("a\0b", 3), mf_slice_of("x", 1)), MF_E_INVALID);
    MF_CHECK_INT(mf_headers_append(&out, mf_slice_of("a", 1), mf_slice_of("x\0y", 3)), MF_E_INVALID);
    MF_CHECK_INT(out.size, 0);
    mf_buf_done(&out);

    mf_buf_init(&out, 5); /* name NUL value NUL is 6. */
    MF_CHECK_INT(append(&out, "ab", "cd"), MF_E_TOO_LARGE);
    MF_CHECK_INT(out.size, 0);
    mf_buf_done(&out);
}

static void test_lists_that_a_peer_got_wrong(void)
{
    static const struct mf_slice wrong[] = {
        {(const uint8_t *)"a", 1},        {(const uint8_t *)"a\0", 2},
        {(const uint8_t *)"a\0b", 3},     {(const uint8_t *)"\0b\0", 3},
        {(const uint8_t *)"a\0b\0c", 5},  {(const uint8_t *)"a\0 b\0", 5},
        {(const uint8_t *)"a b\0c\0", 6}, {(const uint8_t *)"a\0b\nc\0", 6},
        {(const uint8_t *)"\0", 1},       {(const uint8_t *)"a\0b\0\0\0", 6},
    };

    for (size_t i = 0; i < MF_COUNT_OF(wrong); i++) {
        /* A copy of its own: a search for the NUL must not run past it. */
        uint8_t *copy = malloc(wrong[i].size);
        memcpy(copy, wrong[i].data, wrong[i].size);
        MF_CHECK_INT(mf_headers_check(mf_slice_of(copy, wrong[i].size)), MF_E_WIRE);
        free(copy);
    }
}

static void test_limits(void)
{
    struct mf_buf out;
    char *value = malloc(MF_HEADERS_ENCODED_BYTES_MAX);

    mf_buf_init(&out, 2 * MF_HEADERS_ENCODED_BYTES_MAX);
    for (int i = 0; i < MF_HEADERS_COUNT_MAX; i++) {
        MF_CHECK_INT(append(&out, "a", "b"), 0);
    }
    MF_CHECK_INT(mf_headers_check(mf_buf_peek(&out)), MF_HEADERS_COUNT_MAX);
    MF_CHECK_INT(append(&out, "a", "b"), 0);
    MF_CHECK_INT(mf_headers_check(mf_buf_peek(&out)), MF_E_WIRE);
    mf_buf_reset(&out);

    memset(value, 'v', MF_HEADERS_ENCODED_BYTES_MAX);
    MF_CHECK_INT(
        mf_headers_append(&out, mf_slice_of("n", 1), mf_slice_of(value, MF_HEADERS_ENCODED_BYTES_MAX - 3)),
        0);
    MF_CHECK_INT(mf_headers_check(mf_buf_peek(&out)), 1);
    mf_buf_reset(&out);
    MF_CHECK_INT(
        mf_headers_append(&out, mf_slice_of("n", 1), mf_slice_of(value, MF_HEADERS_ENCODED_BYTES_MAX - 2)),
        0);
    MF_CHECK_INT(mf_headers_check(mf_buf_peek(&out)), MF_E_WIRE);
    mf_buf_done(&out);
    free(value);
}

int main(void)
{
    MF_RUN(test_round_trip);
    MF_RUN(test_refused);
    MF_RUN(test_lists_that_a_peer_got_wrong);
    MF_RUN(test_limits);
    return 0;
}
