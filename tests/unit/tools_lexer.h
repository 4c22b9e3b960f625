/* tools_lexer.h - whether a text of TypeScript is whole: its strings and comments end, its brackets pair, and nothing but
 * plain identifiers, numbers and punctuation stands outside of them. Far less than a parser, enough to see a break-out. */
#ifndef MAYFLY_TESTS_TOOLS_LEXER_H
#define MAYFLY_TESTS_TOOLS_LEXER_H

#include <mayfly/base.h>

/* Behind the string or comment that begins at |at|; 0 when none does, SIZE_MAX when it does not end. */
static size_t lexer_skip(struct mf_slice text, size_t at)
{
    const char *bytes = (const char *)text.data;
    size_t left = text.size - at;

    if (left >= 2 && memcmp(bytes + at, "/*", 2) == 0) {
        const char *end = memmem(bytes + at + 2, left - 2, "*/", 2);
        return end == NULL ? SIZE_MAX : (size_t)(end - bytes) + 2;
    }
    if (left >= 2 && memcmp(bytes + at, "//", 2) == 0) {
        const char *end = memchr(bytes + at, '\n', left);
        return end == NULL ? text.size : (size_t)(end - bytes);
    }
    if (bytes[at] != '"') {
        return 0;
    }
    for (size_t i = at + 1; i < text.size && bytes[i] != '\n'; i++) {
        if (bytes[i] == '"') {
            return i + 1;
        }
        i += bytes[i] == '\\';
    }
    return SIZE_MAX;
}

static bool lexer_is_whole(struct mf_slice text)
{
    static const char open[] = "{[(<";
    static const char close[] = "}])>";
    static const char others[] = " \t\n:;,.|&?=-+$_";
    char stack[512];
    size_t depth = 0;

    for (size_t at = 0; at < text.size;) {
        size_t behind = lexer_skip(text, at);
        char c = (char)text.data[at];
        const char *bracket = strchr(open, c);
        if (behind == SIZE_MAX || c == '\0') {
            return false;
        }
        if (behind > 0) {
            at = behind;
            continue;
        }
        at++;
        if (c == '>' && at >= 2 && text.data[at - 2] == '=') {
            continue; /* The arrow of a function's type. */
        }
        if (bracket != NULL) {
            if (depth == sizeof stack) {
                return false;
            }
            stack[depth++] = close[bracket - open];
        } else if (strchr(close, c) != NULL) {
            if (depth == 0 || stack[--depth] != c) {
                return false;
            }
        } else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr(others, c) != NULL)) {
            return false;
        }
    }
    return depth == 0;
}

#endif
