/* JSON as text: what RFC 8259 allows and nothing else, members as they stand there; beside cJSON on random texts. */
#include "json_text.h"

#include <cjson/cJSON.h>

#include "check.h"

static int check(const char *text)
{
    return mf__json_text_check(mf_slice_of_cstr(text), NULL);
}

static void takes_json(void)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "1.5e+3",
                                       " [ ] ",
                                       "{}",
                                       "\"\\u00e9\\n\"",
                                       "[1,[2,{\"a\":[]}],null]",
                                       "{\"a\":1,\"a\":2}",
                                       "true",
                                       "\"\xc3\xa9\"",
                                       "\n{ \"a\" : { \"b\" : [ true , false ] } }\r\n",
                                       "\"\x7f\"",
                                       "\"\\ud800\"",
                                       "1E5"};
    for (size_t i = 0; i < MF_COUNT_OF(good); i++) {
        MF_CHECK_INT(check(good[i]), 0);
    }
}

static void refuses_the_rest(void)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "01",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "-",
                                      "1e",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{a:1}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "\"a",
                                      "\"\n\"",
                                      "\"\t\"",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"\\",
                                      "tru",
                                      "nul",
                                      "NaN",
                                      "[1}",
                                      "{\"a\":1]",
                                      "1 1",
                                      "{}{}",
                                      "[]]",
                                      "\"\xff\"",
                                      "\"\xed\xa0\x80\"",
                                      "[",
                                      "{",
                                      "'a'",
                                      "/**/1",
                                      "\xef\xbb\xbf"
                                      "1",
                                      "{\"a\":1 \"b\":2}"};
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        if (check(bad[i]) == 0) {
            fprintf(stderr, "taken: %s\n", bad[i]);
        }
        MF_CHECK_INT(check(bad[i]), MF_E_API_JSON);
    }
    MF_CHECK_INT(mf__json_text_check(mf_slice_of("1\0", 2), NULL), MF_E_API_JSON);
}

static void depth_is_bounded(void)
{
    static char text[2 * MF_JSON_TEXT_DEPTH_MAX + 4];
    for (size_t depth = MF_JSON_TEXT_DEPTH_MAX; depth <= MF_JSON_TEXT_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        text[depth] = '1';
        memset(text + depth + 1, ']', depth);
        MF_CHECK_INT(mf__json_text_check(mf_slice_of(text, 2 * depth + 1), NULL),
                     depth == MF_JSON_TEXT_DEPTH_MAX ? 0 : MF_E_API_JSON);
    }
}

static void members_as_they_stand(void)
{
    struct mf_slice object, key, value;
    size_t cursor = 0;
    MF_CHECK_INT(mf__json_text_check(
                     mf_slice_of_cstr(" {\"a\" : [1, \"}\"] ,\"b\\\"\":{\"a\":2},\"\":\"x\"} "), &object),
                 0);
    MF_CHECK_INT(mf__json_text_next(object, &cursor, &key, &value), 1);
    MF_CHECK_TEXT(key, "a");
    MF_CHECK_TEXT(value, "[1, \"}\"]");
    MF_CHECK_INT(mf__json_text_next(object, &cursor, &key, &value), 1);
    MF_CHECK_TEXT(key, "b\\\"");
    MF_CHECK_TEXT(value, "{\"a\":2}");
    MF_CHECK_INT(mf__json_text_next(object, &cursor, &key, &value), 1);
    MF_CHECK_TEXT(key, "");
    MF_CHECK_TEXT(value, "\"x\"");
    MF_CHECK_INT(mf__json_text_next(object, &cursor, &key, &value), 0);
    cursor = 0;
    MF_CHECK_INT(mf__json_text_next(mf_slice_of_cstr("[1]"), &cursor, &key, &value), 0);
    MF_CHECK_INT(mf__json_text_next(mf_slice_of_cstr("{ }"), &cursor, &key, &value), 0);
}

static void values_of_arrays(void)
{
    struct mf_slice array = mf_slice_of_cstr("[ 1 , [2,3],{\"a\":[]} ]");
    struct mf_slice value;
    size_t cursor = 0;

    MF_CHECK_INT(mf__json_text_item(array, &cursor, &value), 1);
    MF_CHECK_TEXT(value, "1");
    MF_CHECK_INT(mf__json_text_item(array, &cursor, &value), 1);
    MF_CHECK_TEXT(value, "[2,3]");
    MF_CHECK_INT(mf__json_text_item(array, &cursor, &value), 1);
    MF_CHECK_TEXT(value, "{\"a\":[]}");
    MF_CHECK_INT(mf__json_text_item(array, &cursor, &value), 0);
    cursor = 0;
    MF_CHECK_INT(mf__json_text_item(mf_slice_of_cstr("[ ]"), &cursor, &value), 0);
    MF_CHECK_INT(mf__json_text_item(mf_slice_of_cstr("{}"), &cursor, &value), 0);
}

/* JSON may have lines between its values: a frame may not. */
static void lines_are_seen(void)
{
    MF_CHECK(mf__json_text_is_line(mf_slice_of_cstr("[1, \"\\n\"]")));
    MF_CHECK(!mf__json_text_is_line(mf_slice_of_cstr("[1,\n{\"type\":\"done\"}\n]")));
    MF_CHECK(!mf__json_text_is_line(mf_slice_of_cstr("[1\r]")));
}

/* Texts made of pieces of JSON: whatever we take, cJSON takes, and it is one line if it has no blanks. */
static void agrees_with_cjson(void)
{
    static const char *const pieces[] = {"{", "}",      "[",    "]",    ",", ":",       "\"a\"",
                                         "1", "-2.5e3", "true", "null", " ", "\"\\n\"", "0"};
    uint32_t seed = 12345;
    unsigned taken = 0;
    for (unsigned round = 0; round < 300000; round++) {
        char text[64] = "";
        size_t count = (seed >> 20) % 8 + 1;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525 + 1013904223;
            strcat(text, pieces[(seed >> 16) % MF_COUNT_OF(pieces)]);
        }
        bool is_taken = check(text) == 0;
        cJSON *tree = cJSON_ParseWithOpts(text, NULL, 1);
        MF_CHECK(!is_taken || tree != NULL);
        taken += is_taken;
        cJSON_Delete(tree);
    }
    MF_CHECK(taken > 1000);
}

int main(void)
{
    MF_RUN(takes_json);
    MF_RUN(refuses_the_rest);
    MF_RUN(depth_is_bounded);
    MF_RUN(members_as_they_stand);
    MF_RUN(values_of_arrays);
    MF_RUN(lines_are_seen);
    MF_RUN(agrees_with_cjson);
    return 0;
}
