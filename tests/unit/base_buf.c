/* The growing buffer: its maximum, moving out, consuming; JSON strings and base64 on top of it. */
#include <mayfly/base.h>

#include "check.h"

static void stops_at_its_maximum(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    MF_CHECK_INT(mf_buf_append(&buf, "0123456789", 10), 0);
    for (int i = 0; i < 9; i++) {
        MF_CHECK_INT(mf_buf_append_cstr(&buf, "0123456789"), 0);
    }
    MF_CHECK_INT(buf.size, 100);
    MF_CHECK(buf.capacity <= 100);
    MF_CHECK_INT(mf_buf_append(&buf, "x", 1), MF_E_TOO_LARGE);
    MF_CHECK_INT(buf.size, 100);
    MF_CHECK_INT(mf_buf_reserve(&buf, SIZE_MAX), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_buf_reserve(&buf, 0), 0);
    MF_CHECK_INT(mf_buf_append(&buf, NULL, 0), 0);
    mf_buf_reset(&buf);
    MF_CHECK_INT(mf_buf_reserve(&buf, 101), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_buf_reserve(&buf, 100), 0);
    mf_buf_done(&buf);
    MF_CHECK(buf.data == NULL && buf.size == 0 && buf.capacity == 0);
}

static void nothing_fits_in_nothing(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 0);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, ""), 0);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, "a"), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_buf_printf(&buf, "%s", ""), 0);
    mf_buf_done(&buf);
    struct mf_buf zeroed = {0};
    mf_buf_done(&zeroed);
}

static void refuses_what_memory_cannot_hold(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    MF_CHECK_INT(mf_buf_reserve(&buf, SIZE_MAX), MF_E_NO_MEMORY);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, "still works"), 0);
    MF_CHECK_TEXT(mf_buf_peek(&buf), "still works");
    mf_buf_done(&buf);
}

static void printf_uses_every_byte(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 5);
    MF_CHECK_INT(mf_buf_printf(&buf, "%05d", 42), 0);
    MF_CHECK_TEXT(mf_buf_peek(&buf), "00042");
    MF_CHECK_INT(mf_buf_printf(&buf, "%d", 1), MF_E_TOO_LARGE);
    MF_CHECK_TEXT(mf_buf_peek(&buf), "00042");
    mf_buf_done(&buf);
}

static void consumes_and_takes(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 1000);
    size_t size = 99;
    MF_CHECK(mf_buf_take(&buf, &size) == NULL);
    MF_CHECK_INT(size, 0);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, "header body"), 0);
    mf_buf_consume(&buf, 0);
    mf_buf_consume(&buf, 7);
    MF_CHECK_TEXT(mf_buf_peek(&buf), "body");
    uint8_t *bytes = mf_buf_take(&buf, &size);
    MF_CHECK_INT(size, 4);
    MF_CHECK(memcmp(bytes, "body", 4) == 0);
    MF_CHECK_INT(buf.size, 0);
    MF_CHECK_INT(buf.bytes_max, 1000);
    mf_free(bytes);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, "x"), 0);
    mf_buf_consume(&buf, 1);
    MF_CHECK_INT(buf.size, 0);
    mf_buf_done(&buf);
}

static void json_is(const char *text, size_t size, const char *expected)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 1000);
    MF_CHECK_INT(mf_buf_append_json_string(&buf, mf_slice_of(text, size)), 0);
    MF_CHECK_TEXT(mf_buf_peek(&buf), expected);
    mf_buf_done(&buf);
}

static void json_strings(void)
{
    json_is(NULL, 0, "\"\"");
    json_is("plain / <b>", 11, "\"plain / <b>\"");
    json_is("\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    json_is("\0\x1f\x7f", 3, "\"\\u0000\\u001f\\u007f\"");
    json_is("\xc2\x9b\xc2\xa0", 4, "\"\\u009b\xc2\xa0\"");
    json_is("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 9, "\"\\u2028\\u2029\xe2\x80\xaa\"");
    json_is("\xf0\x9f\xa6\x9f", 4, "\"\xf0\x9f\xa6\x9f\"");
}

/* One U+FFFD for each maximal subpart, as WHATWG's decoder does (Unicode table 3-8). */
static void json_strings_repair(void)
{
    json_is("\x80", 1, "\"\xef\xbf\xbd\"");
    json_is("a\xff", 2, "\"a\xef\xbf\xbd\"");
    json_is("\xe2\x82", 2, "\"\xef\xbf\xbd\"");
    json_is("\xe2\x82\"", 3, "\"\xef\xbf\xbd\\\"\"");
    json_is("\xf1\x80\x80\xe1\x80\x41", 6, "\"\xef\xbf\xbd\xef\xbf\xbd\x41\"");
    json_is("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    json_is("\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void json_string_that_does_not_fit_leaves_nothing(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 8);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, "ab"), 0);
    MF_CHECK_INT(mf_buf_append_json_string(&buf, mf_slice_of_cstr("cdefg")), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_buf_append_json_string(&buf, mf_slice_of("\0", 1)), MF_E_TOO_LARGE);
    MF_CHECK_TEXT(mf_buf_peek(&buf), "ab");
    MF_CHECK_INT(mf_buf_append_json_string(&buf, mf_slice_of_cstr("cdef")), 0);
    MF_CHECK_TEXT(mf_buf_peek(&buf), "ab\"cdef\"");
    mf_buf_done(&buf);
}

/* RFC 4648 section 10. */
static void base64_vectors(void)
{
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xfb\xff\xbf", "+/+/"}};
    for (size_t i = 0; i < MF_COUNT_OF(vectors); i++) {
        struct mf_buf buf;
        mf_buf_init(&buf, 16);
        MF_CHECK_INT(mf_buf_append_base64(&buf, mf_slice_of_cstr(vectors[i][0])), 0);
        MF_CHECK_TEXT(mf_buf_peek(&buf), vectors[i][1]);
        mf_buf_reset(&buf);
        MF_CHECK_INT(mf_buf_append_base64_decoded(&buf, mf_slice_of_cstr(vectors[i][1])), 0);
        MF_CHECK_TEXT(mf_buf_peek(&buf), vectors[i][0]);
        mf_buf_done(&buf);
    }
}

static void base64_is_strict(void)
{
    static const char *const bad[] = {
        "Z",      "Zg",   "Zg=",      "Zg===",    "=",    "====",   "Z===", "=g==",     "Zg=a",
        "Zh==",   "Zm9=", "Zm8=Zm8=", "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm-_", "Zm9v====", "\xc3\xa4\xc3\xa4",
        "Zm9\x80"};
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    MF_CHECK_INT(mf_buf_append_cstr(&buf, "kept"), 0);
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(mf_buf_append_base64_decoded(&buf, mf_slice_of_cstr(bad[i])), MF_E_INVALID);
        MF_CHECK_TEXT(mf_buf_peek(&buf), "kept");
    }
    MF_CHECK_INT(mf_buf_append_base64_decoded(&buf, mf_slice_of("Zg\0=", 4)), MF_E_INVALID);
    mf_buf_done(&buf);
}

static void base64_round_trip(void)
{
    uint8_t bytes[97];
    struct mf_buf coded, plain;
    mf_buf_init(&coded, 1000);
    mf_buf_init(&plain, 1000);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        mf_random_bytes(bytes, size);
        mf_buf_reset(&coded);
        mf_buf_reset(&plain);
        MF_CHECK_INT(mf_buf_append_base64(&coded, mf_slice_of(bytes, size)), 0);
        MF_CHECK_INT(mf_buf_append_base64_decoded(&plain, mf_buf_peek(&coded)), 0);
        MF_CHECK(mf_slice_equal(mf_buf_peek(&plain), mf_slice_of(bytes, size)));
    }
    mf_buf_done(&coded);
    mf_buf_done(&plain);
}

static void base64_stops_at_the_maximum(void)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 7);
    MF_CHECK_INT(mf_buf_append_base64(&buf, mf_slice_of_cstr("abcd")), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_buf_append_base64(&buf, mf_slice_of("x", SIZE_MAX)), MF_E_TOO_LARGE);
    MF_CHECK_INT(mf_buf_append_base64_decoded(&buf, mf_slice_of_cstr("Zm9vZm9vZm9v")), MF_E_TOO_LARGE);
    MF_CHECK_INT(buf.size, 0);
    mf_buf_done(&buf);
}

int main(void)
{
    MF_RUN(stops_at_its_maximum);
    MF_RUN(nothing_fits_in_nothing);
    MF_RUN(refuses_what_memory_cannot_hold);
    MF_RUN(printf_uses_every_byte);
    MF_RUN(consumes_and_takes);
    MF_RUN(json_strings);
    MF_RUN(json_strings_repair);
    MF_RUN(json_string_that_does_not_fit_leaves_nothing);
    MF_RUN(base64_vectors);
    MF_RUN(base64_is_strict);
    MF_RUN(base64_round_trip);
    MF_RUN(base64_stops_at_the_maximum);
    return 0;
}
