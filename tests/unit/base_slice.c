/* Slices: comparing, numbers, well-formed UTF-8. */
#include <mayfly/base.h>

#include "check.h"

static struct mf_slice text_of(const char *text)
{
    return mf_slice_of_cstr(text);
}

static void compares(void)
{
    struct mf_slice none = mf_slice_of(NULL, 0);
    MF_CHECK(mf_slice_equal(none, text_of("")));
    MF_CHECK(!mf_slice_equal(text_of("a"), text_of("b")));
    MF_CHECK(!mf_slice_equal(text_of("a"), text_of("ab")));
    MF_CHECK(mf_slice_equal_cstr(none, ""));
    MF_CHECK(!mf_slice_equal_cstr(mf_slice_of("a\0b", 3), "a"));
    MF_CHECK(mf_slice_equal_nocase(text_of("Content-TYPE"), "content-type"));
    MF_CHECK(!mf_slice_equal_nocase(text_of("content-typ"), "content-type"));
    /* Only letters: @ and ` differ by the same bit as A and a do. */
    MF_CHECK(!mf_slice_equal_nocase(text_of("@["), "`{"));
    MF_CHECK(!mf_slice_equal_nocase(mf_slice_of("\xc4", 1), "\xe4"));
}

static void starts_and_ends(void)
{
    struct mf_slice none = mf_slice_of(NULL, 0);
    MF_CHECK(mf_slice_starts_with(text_of("main.ts"), "main"));
    MF_CHECK(mf_slice_starts_with(none, ""));
    MF_CHECK(!mf_slice_starts_with(none, "m"));
    MF_CHECK(!mf_slice_starts_with(text_of("ma"), "main"));
    MF_CHECK(mf_slice_ends_with(text_of("main.ts"), ".ts"));
    MF_CHECK(mf_slice_ends_with(none, ""));
    MF_CHECK(!mf_slice_ends_with(text_of("ts"), ".ts"));
    MF_CHECK(!mf_slice_ends_with(text_of("main.tsx"), ".ts"));
}

static void numbers(void)
{
    static const char *const bad[] = {"",
                                      "+1",
                                      "-1",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "1.0",
                                      "1e3",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "\xd9\xa1"};
    uint64_t value = 77;
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(mf_slice_parse_u64(text_of(bad[i]), UINT64_MAX, &value), MF_E_INVALID);
        MF_CHECK_INT(value, 77);
    }
    MF_CHECK_INT(mf_slice_parse_u64(text_of("0"), 0, &value), 0);
    MF_CHECK_INT(value, 0);
    MF_CHECK_INT(mf_slice_parse_u64(text_of("18446744073709551615"), UINT64_MAX, &value), 0);
    MF_CHECK(value == UINT64_MAX);
    MF_CHECK_INT(mf_slice_parse_u64(text_of("100"), 100, &value), 0);
    MF_CHECK_INT(value, 100);
    MF_CHECK_INT(mf_slice_parse_u64(text_of("101"), 100, &value), MF_E_INVALID);
    MF_CHECK_INT(mf_slice_parse_u64(text_of("7"), 5, &value), MF_E_INVALID);
    MF_CHECK_INT(mf_slice_parse_u64(text_of("1"), 0, &value), MF_E_INVALID);
}

static void utf8(void)
{
    static const char *const good[] = {"",
                                       "plain",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "a\xc3\xa4z"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x41",
                                      "\xe0\x9f\xbf",
                                      "\xe0\xa0",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xef\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "ok\xe2\x82"};
    for (size_t i = 0; i < MF_COUNT_OF(good); i++) {
        MF_CHECK(mf_slice_is_utf8(text_of(good[i])));
    }
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK(!mf_slice_is_utf8(text_of(bad[i])));
    }
    MF_CHECK(mf_slice_is_utf8(mf_slice_of("\0", 1)));
    MF_CHECK(mf_slice_is_utf8(mf_slice_of(NULL, 0)));
}

static void hex_digits(void)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";

    for (int c = 0; c < 256; c++) {
        const char *at = c == 0 ? NULL : strchr(digits, c);
        MF_CHECK(mf_hex_digit((uint8_t)c) == (at == NULL ? -1 : (int)(at - digits) % 16));
    }
}

/* Every code point, encoded here by the definition, is well formed; every surrogate is not. */
static void utf8_every_point(void)
{
    for (uint32_t point = 0x80; point < 0x110000; point++) {
        uint8_t bytes[4];
        size_t size;
        if (point < 0x800) {
            size = 2;
            bytes[0] = (uint8_t)(0xc0 | point >> 6);
        } else if (point < 0x10000) {
            size = 3;
            bytes[0] = (uint8_t)(0xe0 | point >> 12);
        } else {
            size = 4;
            bytes[0] = (uint8_t)(0xf0 | point >> 18);
        }
        for (size_t i = 1; i < size; i++) {
            bytes[i] = (uint8_t)(0x80 | (point >> (6 * (size - 1 - i)) & 0x3f));
        }
        bool is_surrogate = point >= 0xd800 && point < 0xe000;
        MF_CHECK(mf_slice_is_utf8(mf_slice_of(bytes, size)) == !is_surrogate);
        MF_CHECK(!mf_slice_is_utf8(mf_slice_of(bytes, size - 1)));
    }
}

int main(void)
{
    MF_RUN(compares);
    MF_RUN(starts_and_ends);
    MF_RUN(numbers);
    MF_RUN(hex_digits);
    MF_RUN(utf8);
    MF_RUN(utf8_every_point);
    return 0;
}
