/* What expressions mean, which of them are refused, and with which words. tests/integration/workspaces-regex.test.mjs compares them with
 * JavaScript's. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include <mayfly/regex.h>

#define TEXT(text) mf_slice_of_cstr(text)

/* Where; -1: nowhere; below that: refused. */
static int64_t
find(const char *pattern, struct mf_regex_options options, struct mf_slice text, struct mf_buf *why)
{
    struct mf_regex *regex = NULL;
    int rc = mf_regex_new(TEXT(pattern), &options, &regex, why);

    if (rc < 0) {
        return rc;
    }
    MF_CHECK(mf_regex_text_bytes_max(regex) >= text.size);
    int64_t at = mf_regex_find(regex, text);
    mf_regex_free(regex);
    return at;
}

static void finds(const char *pattern, const char *text, int64_t at)
{
    struct mf_buf why;
    mf_buf_init(&why, 512);
    int64_t found = find(pattern, (struct mf_regex_options){0}, TEXT(text), &why);
    if (found != at) {
        printf("# %s on %s: %lld, %.*s\n", pattern, text, (long long)found, (int)why.size,
               (const char *)why.data);
    }
    MF_CHECK_INT(found, at);
    mf_buf_done(&why);
}

static void test_what_matches(void)
{
    finds("b+", "abb", 1);
    finds("x|ab|b", "zab", 1);
    finds("", "abc", 0);
    finds("()|a*", "b", 0);
    finds("a{2,3}?c", "aaac", 0);
    finds("a{2,}c", "abaac", 2);
    finds("a{,2}", "a{,2}", 0);
    finds("a{", "xa{", 1);
    finds("]}", "a]}", 1);
    finds("(?<year>\\d{4})-(?<month>\\d\\d)", "on 2026-11-27", 3);
    finds("(?P<n>b)", "ab", 1);
    finds("(?i)B", "ab", 1);
    finds("(?i:B)C", "abc", -1);
    finds("(?-i:b)(?ims-i)c", "abc", 1);
    finds("\\x41\\u0042\\u{43}\\x{44}", "-ABCD", 1);
    finds("\\ud83d\\ude00", "a\xf0\x9f\x98\x80", 1);
    finds("[\\u{1f600}-\\u{1f64f}]", "a\xf0\x9f\x98\x80", 1);
    finds("\\cI\\t", "a\t\t", 1);
    finds("a\\0b", "a", -1);
    finds("[\\b]", "a\b", 1);
    finds("\\Qa.b|(\\E.", "axb|(a.b|(!", 5);
    finds("\\Qa", "ba", 1);
    finds("[[:digit:]]x", "4x", 0);
    finds("[a[]+!", "-[a!", 1);
    finds("[\\w.-]+@", "!a.b-c@", 1);
    finds("[^\\d]", "12a", 2);
    finds("\\p{L}\\p{Script=Greek}\\P{gc=Lu}", "a\xce\xb1z", 0);
    finds("\\bfoo\\b", "afoo foo", 5);
    finds("a|\\B",
          "\xc3\xa9\xf0\x9f\x98\x80"
          "a",
          0);
    finds("^x|\\b\\B|\\Ba",
          "x\xc3\xa9"
          "a",
          0);
    finds("a\\B|b",
          "\xc3\xa9"
          "b",
          2);
    finds("\\Boo", "oo foo", 4);
    finds("\\/\\*\\_\\-\\ ", "/*_- ", 0);
    finds("\xc3\xa9+", "caf\xc3\xa9\xc3\xa9", 3);
    finds(".b",
          "\xc3\xa9"
          "b",
          0);
}

static void test_lines(void)
{
    finds("^b", "ab\nbb\n", 3);
    finds("a$", "ab\nba\nc", 4);
    finds("a$", "ab\r\nba\r\nc", 5);
    finds("a\\r$", "ba\r\nc", 1);
    finds("^$", "a\r\n\r\nb", 3);
    finds("^$", "a\n", 2);
    finds("\\Ab\\z", "ab\nb\nc", 3);
    finds("(?-m)^b", "a\nb", 2);
    finds("(?s)a.b", "a\nb", -1);
    finds("a[^x]b", "a\nb", -1);
    finds("a\\Wb|a\\sb|a\\nb|a\\x0ab|a\\u000ab|a[\\n]b|a\\PLb|a[^[:alpha:]]b|a[\\x00-\\x{10ffff}]b", "a\nb",
          -1);
    finds("\\W*b", "a\n b", 2);
}

static void test_words_and_case(void)
{
    struct mf_buf why;
    mf_buf_init(&why, 512);
    const struct mf_regex_options word = {.is_word = true};
    MF_CHECK_INT(find("fo+", word, TEXT("foo"), &why), 0);
    MF_CHECK_INT(find("fo+", word,
                      TEXT("afoo foob _foo \xc3\xa9"
                           "foo foo\xc3\xa9 foo."),
                      &why),
                 27);
    MF_CHECK_INT(find("fo", word, TEXT("foo"), &why), -1);
    MF_CHECK_INT(find("-x", word, TEXT("--x"), &why), 1);
    MF_CHECK_INT(find("a)(b", (struct mf_regex_options){.is_word = true, .is_literal = true},
                      TEXT("za)(b a)(b"), &why),
                 6);
    MF_CHECK_INT(find("\\Qa", word, TEXT("ba a"), &why), 3);
    const struct mf_regex_options nocase = {.is_literal = true, .ignores_case = true};
    MF_CHECK_INT(find("a.\xc3\x89", nocase, TEXT("axE A.\xc3\xa9"), &why), 4);
    MF_CHECK_INT(find("\\E", nocase, TEXT("a\\e"), &why), 1);
    MF_CHECK_INT(why.size, 0);
    mf_buf_done(&why);
}

static void test_refusals(void)
{
    static const struct {
        const char *pattern;
        const char *why;
    } cases[] = {
        {"(a)\\1", "Not supported: a back-reference, \"\\1\", at character 4."},
        {"(?<n>a)\\k<n>", "Not supported: a back-reference, \"\\k\", at character 8."},
        {"\xc3\xa9(?=a)", "Not supported: a lookahead, \"(?=\", at character 2."},
        {"a(?!b)", "Not supported: a negative lookahead, \"(?!\", at character 2."},
        {"[(?=](?<=b)", "Not supported: a lookbehind, \"(?<=\", at character 6."},
        {"\\(?(?<!b)", "Not supported: a negative lookbehind, \"(?<!\", at character 4."},
        {"(?>a)", "Not supported: an atomic group, \"(?>\", at character 1."},
        {"a++", "Not supported: a possessive repetition, \"++\", at character 2."},
        {"a{2}+", "Not supported: a possessive repetition, \"{2}+\", at character 2."},
        {"(?R)", "Not supported: recursion, \"(?R\", at character 1."},
        {"(a(?1))", "Not supported: recursion, \"(?1\", at character 3."},
        {"(?(1)a)", "Not supported: a condition, \"(?(\", at character 1."},
        {"(?C1)", "Not supported: a callout, \"(?C\", at character 1."},
        {"(*COMMIT)a", "Not supported: a verb, \"(*\", at character 1."},
        {"(?x) a", "Not supported: a group or flag, \"(?x\", at character 1."},
        {"a\\K", "Not supported: an escape, \"\\K\", at character 2."},
        {"\\C", "Not supported: an escape, \"\\C\", at character 1."},
        {"[\\Qa]", "Not supported: an escape, \"\\Q\", at character 2."},
        {"\\012", "Not supported: an octal number, \"\\01\", at character 1."},
        {"a{1001}", "Not supported: more than 1,000 repetitions, \"{1001}\", at character 2."},
        {"a{1,99999999999999999999}",
         "Not supported: more than 1,000 repetitions, \"{1,99999999999999999999}\", at character 2."},
        {"(", "The expression is not valid: a parenthesis that nobody closes at character 1."},
        {"a(b(c)", "The expression is not valid: a parenthesis that nobody closes at character 2."},
        {"(?i", "The expression is not valid: a parenthesis that nobody closes at character 1."},
        {"a)", "The expression is not valid: a parenthesis that nobody opened at character 2."},
        {"[a", "The expression is not valid: a class that nobody closes at character 1."},
        {"[[:alpha:", "The expression is not valid: a class that nobody closes at character 1."},
        {"[]a]", "The expression is not valid: an empty class at character 1."},
        {"[^]", "The expression is not valid: an empty class at character 1."},
        {"*", "The expression is not valid: a repetition of nothing at character 1."},
        {"{2}x", "The expression is not valid: a repetition of nothing at character 1."},
        {"a|+", "The expression is not valid: a repetition of nothing at character 3."},
        {"a**", "The expression is not valid: a repetition of nothing at character 3."},
        {"^*", "The expression is not valid: a repetition of nothing at character 2."},
        {"a{2,1}",
         "The expression is not valid: a repetition whose numbers are in the wrong order at character 2."},
        {"a\\", "The expression is not valid: a backslash before nothing at character 2."},
        {"\\x4", "The expression is not valid: an escape that is no character at character 1."},
        {"\\ud800", "The expression is not valid: an escape that is no character at character 1."},
        {"\\u{110000}", "The expression is not valid: an escape that is no character at character 1."},
        {"\\p{L", "The expression is not valid: a property whose name has no end at character 1."},
        {"(?<1>a)", "The expression is not valid: a group whose name is none at character 1."},
        {"a[z-a]", "The expression is not valid: invalid character class range: z-a at character 3."},
        {"\\p{Nothing}",
         "The expression is not valid: invalid character class range: \\p{Nothing} at character 1."},
        {"(\\pL{1,30}){1,30}", "The expression is too large: fewer or smaller repetitions."},
        {"(((a{9}){9}){9}){9}", "The expression is too large: fewer or smaller repetitions."},
    };
    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct mf_buf why;
        mf_buf_init(&why, 512);
        MF_CHECK_INT(find(cases[i].pattern, (struct mf_regex_options){0}, TEXT("a"), &why),
                     MF_E_WORKSPACE_PATTERN);
        MF_CHECK_TEXT(mf_buf_peek(&why), cases[i].why);
        mf_buf_done(&why);
    }
}

static void test_nesting(void)
{
    char pattern[2 * MF_REGEX_NESTING_MAX + 4];
    for (size_t depth = MF_REGEX_NESTING_MAX; depth <= MF_REGEX_NESTING_MAX + 1; depth++) {
        struct mf_buf why;
        mf_buf_init(&why, 512);
        memset(pattern, '(', depth);
        pattern[depth] = 'a';
        memset(pattern + depth + 1, ')', depth);
        pattern[2 * depth + 1] = '\0';
        MF_CHECK_INT(find(pattern, (struct mf_regex_options){0}, TEXT("ba"), &why),
                     depth == MF_REGEX_NESTING_MAX ? 1 : MF_E_WORKSPACE_PATTERN);
        mf_buf_done(&why);
    }
}

int main(void)
{
    MF_RUN(test_what_matches);
    MF_RUN(test_lines);
    MF_RUN(test_words_and_case);
    MF_RUN(test_refusals);
    MF_RUN(test_nesting);
    return 0;
}
