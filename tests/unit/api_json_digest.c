/* One number for one JSON value, however it is written; and what is another value has another number. */
#include "json_digest.h"

#include "check.h"
#include "json_text.h"

static uint64_t digest(const char *text)
{
    MF_CHECK_INT(mf__json_text_check(mf_slice_of_cstr(text), NULL), 0);
    return mf__json_digest(mf_slice_of_cstr(text));
}

static void writing_does_not_count(void)
{
    static const char *const pairs[][2] = {
        {"[]", " [ ] "},
        {"{\"a\":1,\"b\":[2,{\"c\":3,\"d\":4}]}", "{ \"b\" : [2 ,\n{\"d\":4,\"c\":3}] , \"a\" : 1 }"},
        {"\"\xc3\xa9\"", "\"\\u00e9\""},
        {"\"\xf0\x9f\x98\x80\"", "\"\\uD83d\\ude00\""},
        {"\"/\\b\\f\\n\\r\\t\\\\\\\"\"", "\"\\/\\u0008\\u000c\\u000a\\u000d\\u0009\\u005c\\u0022\""},
        {"{\"\\u0061\":1}", "{\"a\":1}"},
        {"1e21", "1000000000000000000000"},
        {"0.1", "1e-1"},
        {"[1.0,-0]", "[1,0]"},
        {"[true,false,null]", "[ true , false , null ]"},
    };
    for (size_t i = 0; i < MF_COUNT_OF(pairs); i++) {
        MF_CHECK(digest(pairs[i][0]) == digest(pairs[i][1]));
    }
}

static void values_count(void)
{
    static const char *const values[] = {
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "[[],[]]",
        "[[[]]]",
        "null",
        "[null]",
        "true",
        "false",
        "\"true\"",
        "\"\"",
        "0",
        "1",
        "\"1\"",
        "[1]",
        "[1,2]",
        "[2,1]",
        "[[1],2]",
        "[1,[2]]",
        "[12]",
        "{\"a\":1}",
        "{\"1\":1}",
        "{\"a\":\"b\"}",
        "{\"b\":\"a\"}",
        "{\"a\":[1]}",
        "{\"a\":{}}",
        "[\"a\",1]",
        "\"a\"",
        "\"a\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud83d \\ude00\"",
        "{\"a\":1,\"b\":2}",
        "{\"a\":2,\"b\":1}",
        "{\"a\":{\"b\":1},\"c\":2}",
        "{\"a\":{\"c\":1},\"b\":2}",
        "1e400",
        "0.1",
        "0.10000000000000002",
    };
    for (size_t i = 0; i < MF_COUNT_OF(values); i++) {
        for (size_t j = i + 1; j < MF_COUNT_OF(values); j++) {
            MF_CHECK(digest(values[i]) != digest(values[j]));
        }
    }
}

/* Strings around the size of a piece, and an escape at each place of one. */
static void long_strings(void)
{
    char plain[600];
    char escaped[700];
    uint64_t before = 0;

    for (size_t size = 250; size < 520; size++) {
        memset(plain, 'x', sizeof plain);
        plain[0] = plain[size + 1] = '"';
        plain[size + 2] = '\0';
        uint64_t now = digest(plain);
        MF_CHECK(now != before);
        before = now;
        (void)snprintf(escaped, sizeof escaped, "%.*s\\u0078%s", (int)(size / 2), plain,
                       plain + size / 2 + 1);
        MF_CHECK(digest(escaped) == now);
    }
}

static void deep_ones(void)
{
    char text[2 * MF_JSON_TEXT_DEPTH_MAX + 1];

    memset(text, '[', MF_JSON_TEXT_DEPTH_MAX);
    memset(text + MF_JSON_TEXT_DEPTH_MAX, ']', MF_JSON_TEXT_DEPTH_MAX);
    text[sizeof text - 1] = '\0';
    MF_CHECK(digest(text) != digest("[]"));
}

int main(void)
{
    MF_RUN(writing_does_not_count);
    MF_RUN(values_count);
    MF_RUN(long_strings);
    MF_RUN(deep_ones);
    return 0;
}
