/* Header lists, and the table of bytes derived anew from RFC 9110's grammar. */
#include <mayfly/http.h>

#include "bytes.h"
#include "check.h"

static void table_agrees_with_the_grammar(void)
{
    for (int byte = 0; byte < 256; byte++) {
        uint8_t b = (uint8_t)byte;
        bool digit = byte >= '0' && byte <= '9';
        bool alnum = digit || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        MF_CHECK_INT(byte_is(b, BYTE_DIGIT), digit);
        MF_CHECK_INT(byte_is(b, BYTE_TOKEN), alnum || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL));
        MF_CHECK_INT(byte_is(b, BYTE_VALUE), byte == '\t' || (byte >= 0x20 && byte != 0x7f));
        MF_CHECK_INT(byte_is(b, BYTE_TARGET), byte > 0x20 && byte < 0x7f && byte != '#');
        MF_CHECK_INT(byte_is(b, BYTE_HOST),
                     alnum || (byte != 0 && strchr("-._~%!$&'()*+;=:[]", byte) != NULL));
    }
}

static void appended_headers_come_back(void)
{
    struct mf_buf out;
    struct mf_http_header header;
    size_t cursor = 0;

    mf_buf_init(&out, 100);
    MF_CHECK(mf_http_headers_append(&out, mf_slice_of_cstr("X-A"), mf_slice_of_cstr("b c")) == 0);
    MF_CHECK(mf_http_headers_append(&out, mf_slice_of_cstr("e"), mf_slice_of(NULL, 0)) == 0);
    MF_CHECK_INT(out.size, 11);
    MF_CHECK(memcmp(out.data, "x-a\0b c\0e\0", 11) == 0);
    MF_CHECK_INT(mf_http_headers_next(mf_buf_peek(&out), &cursor, &header), 1);
    MF_CHECK_TEXT(header.name, "x-a");
    MF_CHECK_TEXT(header.value, "b c");
    MF_CHECK_INT(mf_http_headers_next(mf_buf_peek(&out), &cursor, &header), 1);
    MF_CHECK_TEXT(header.name, "e");
    MF_CHECK_INT(header.value.size, 0);
    MF_CHECK_INT(mf_http_headers_next(mf_buf_peek(&out), &cursor, &header), 0);
    MF_CHECK_INT(mf_http_headers_next(mf_buf_peek(&out), &cursor, &header), 0);
    MF_CHECK_TEXT(mf_http_headers_get(mf_buf_peek(&out), "X-a"), "b c");
    MF_CHECK(mf_http_headers_get(mf_buf_peek(&out), "e").data != NULL);
    MF_CHECK(mf_http_headers_get(mf_buf_peek(&out), "none").data == NULL);
    MF_CHECK_INT(mf_http_headers_append(&out, mf_slice_of_cstr("bad name"), mf_slice_of_cstr("v")),
                 MF_E_INVALID);
    MF_CHECK_INT(mf_http_headers_append(&out, mf_slice_of_cstr("n"), mf_slice_of_cstr("a\r\nb")),
                 MF_E_INVALID);
    MF_CHECK_INT(mf_http_headers_append(&out, mf_slice_of_cstr("n"), mf_slice_of("a\0b", 3)), MF_E_INVALID);
    MF_CHECK_INT(out.size, 11);
    mf_buf_done(&out);
}

static void broken_lists_are_refused(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } lists[] = {{"a", 1}, {"a\0", 2}, {"a\0b", 3}, {"\0b\0", 3}, {"a\0b\r\0", 5}, {"a b\0c\0", 6}};

    for (size_t i = 0; i < MF_COUNT_OF(lists); i++) {
        struct mf_http_header header;
        size_t cursor = 0;
        MF_CHECK_INT(mf_http_headers_next(mf_slice_of(lists[i].bytes, lists[i].size), &cursor, &header),
                     MF_E_INVALID);
        MF_CHECK_INT(cursor, 0);
    }
}

static void tokens(void)
{
    MF_CHECK(mf_http_value_has_token(mf_slice_of_cstr("close"), "close"));
    MF_CHECK(mf_http_value_has_token(mf_slice_of_cstr(" x ,\tClose "), "close"));
    MF_CHECK(mf_http_value_has_token(mf_slice_of_cstr(",,close,"), "close"));
    MF_CHECK(!mf_http_value_has_token(mf_slice_of_cstr("closed, aclose"), "close"));
    MF_CHECK(!mf_http_value_has_token(mf_slice_of_cstr(""), "close"));
    MF_CHECK(!mf_http_value_has_token(mf_slice_of(NULL, 0), "close"));
}

int main(void)
{
    MF_RUN(table_agrees_with_the_grammar);
    MF_RUN(appended_headers_come_back);
    MF_RUN(broken_lists_are_refused);
    MF_RUN(tokens);
    return 0;
}
