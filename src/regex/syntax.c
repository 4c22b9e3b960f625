/* syntax.c - from the syntax that people and models write, JavaScript's, to RE2's. Nothing passes that is not known here, so whatever RE2 does not
 * have is named, with its place. "^" and "$" become those of lines whatever flags say: many lines are searched at once. */
#include <stdio.h>

#include "syntax.h"

#define LINE_BEGIN "(?m:^)"
#define LINE_END "(?m:\\r?$)"
#define RANGE_MAX 1000 /* RE2's own. */

struct scan {
    struct mf_slice in;
    size_t at;
    struct mf_buf *out;
    struct mf_buf *why;
    size_t open[MF_REGEX_NESTING_MAX]; /* Where the parentheses are that nobody has closed. */
    size_t depth;
    bool can_repeat; /* What stands before may have a quantifier. */
};

/* ---- what is wrong, and where ----------------------------------------------------------------------- */

size_t mf__regex_character(struct mf_slice pattern, size_t at)
{
    size_t count = 1;

    for (size_t i = 0; i < at; i++) {
        count += (pattern.data[i] & 0xc0) != 0x80;
    }
    return count;
}

static int is_wrong(struct scan *scan, size_t at, const char *what)
{
    mf_ignore(mf_buf_printf(scan->why, "The expression is not valid: %s at character %zu.", what,
                            mf__regex_character(scan->in, at))); /* It is short. */
    return MF_E_WORKSPACE_PATTERN;
}

/* |size| bytes from |at| on are |what|. */
static int is_unsupported(struct scan *scan, const char *what, size_t at, size_t size)
{
    mf_ignore(mf_buf_printf(scan->why, "Not supported: %s, \"%.*s\", at character %zu.", what, (int)size,
                            (const char *)scan->in.data + at,
                            mf__regex_character(scan->in, at))); /* Likewise. */
    return MF_E_WORKSPACE_PATTERN;
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

static int byte_at(const struct scan *scan, size_t at)
{
    return at < scan->in.size ? scan->in.data[at] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_of(int c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static size_t character_size(const struct scan *scan, size_t at)
{
    size_t size = 1;

    while (at + size < scan->in.size && (scan->in.data[at + size] & 0xc0) == 0x80) {
        size++;
    }
    return size;
}

/* The next character, meaning itself. */
static int literal(struct scan *scan)
{
    int c = byte_at(scan, scan->at);
    size_t size = character_size(scan, scan->at);
    bool is_plain = is_letter(c) || is_digit(c) || c == '_' || c <= ' ' || c >= 0x7f;
    int rc = is_plain ? 0 : mf_buf_append_cstr(scan->out, "\\");

    rc = rc < 0 ? rc : mf_buf_append(scan->out, scan->in.data + scan->at, size);
    scan->at += size;
    scan->can_repeat = true;
    return rc;
}

/* ---- escapes --------------------------------------------------------------------------------------------- */

/* 1 to |most| digits from |at| on, and |*ret_end| behind them. Below 0: there are not |least|. */
static long read_hex(const struct scan *scan, size_t at, size_t least, size_t most, size_t *ret_end)
{
    long number = 0;
    size_t count = 0;

    while (count < most && hex_of(byte_at(scan, at + count)) >= 0) {
        number = number * 16 + hex_of(byte_at(scan, at + count++));
    }
    *ret_end = at + count;
    return count < least ? -1 : number;
}

/* "{...}" behind |at|, or |digits| digits. */
static long read_code(const struct scan *scan, size_t at, size_t digits, size_t *ret_end)
{
    if (byte_at(scan, at) != '{') {
        return read_hex(scan, at, digits, digits, ret_end);
    }
    long number = read_hex(scan, at + 1, 1, 6, ret_end);
    if (byte_at(scan, *ret_end) != '}') {
        return -1;
    }
    (*ret_end)++;
    return number;
}

/* "\x41", "\x{41}", "\u0041", "\u{41}", and a pair of surrogates as one. */
static int code_escape(struct scan *scan)
{
    size_t begin = scan->at;
    size_t end = 0;
    long code = read_code(scan, begin + 2, scan->in.data[begin + 1] == 'x' ? 2 : 4, &end);

    if (code >= 0xd800 && code < 0xdc00 && byte_at(scan, end) == '\\' && byte_at(scan, end + 1) == 'u') {
        size_t second_end = 0;
        long second = read_code(scan, end + 2, 4, &second_end);
        if (second >= 0xdc00 && second < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
            end = second_end;
        }
    }
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return is_wrong(scan, begin, "an escape that is no character");
    }
    scan->at = end;
    scan->can_repeat = true;
    return mf_buf_printf(scan->out, "\\x{%lx}", (unsigned long)code);
}

/* "\p{L}", "\pL", "\p{Script=Greek}", whose name RE2 knows or not. */
static int property_escape(struct scan *scan)
{
    static const char *const kinds[] = {"Script=", "sc=", "General_Category=", "gc="};
    size_t begin = scan->at;
    const uint8_t *data = scan->in.data;
    const uint8_t *close = memchr(data + begin, '}', scan->in.size - begin);

    scan->can_repeat = true;
    if (byte_at(scan, begin + 2) != '{') {
        if (!is_letter(byte_at(scan, begin + 2))) {
            return is_wrong(scan, begin, "a property without a name");
        }
        scan->at += 3;
        return mf_buf_append(scan->out, data + begin, 3);
    }
    if (close == NULL) {
        return is_wrong(scan, begin, "a property whose name has no end");
    }
    struct mf_slice name = mf_slice_of(data + begin + 3, (size_t)(close - data) - begin - 3);
    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        if (mf_slice_starts_with(name, kinds[i])) {
            name = mf_slice_of(name.data + strlen(kinds[i]), name.size - strlen(kinds[i]));
            break;
        }
    }
    scan->at = (size_t)(close - data) + 1;
    return mf_buf_printf(scan->out, "\\%c{%.*s}", data[begin + 1], (int)name.size, (const char *)name.data);
}

/* "\Q...\E": nothing in it means anything. */
static int quotation(struct scan *scan)
{
    int rc = 0;

    scan->at += 2;
    while (rc == 0 && scan->at < scan->in.size) {
        if (byte_at(scan, scan->at) == '\\' && byte_at(scan, scan->at + 1) == 'E') {
            scan->at += 2;
            break;
        }
        rc = literal(scan);
    }
    return rc;
}

/* What means a place, not a character; 0: it is none of these. */
static int place_escape(struct scan *scan, int c)
{
    const char *text = c == 'b'   ? "\\b"
                       : c == 'B' ? "\\B"
                       : c == 'A' ? LINE_BEGIN
                       : c == 'z' ? "(?m:$)"
                                  : LINE_END;

    if (c != 'b' && c != 'B' && c != 'A' && c != 'z' && c != 'Z') {
        return 0;
    }
    int rc = mf_buf_append_cstr(scan->out, text);
    scan->at += 2;
    scan->can_repeat = false;
    return rc < 0 ? rc : 1;
}

/* A letter or a digit behind a backslash. */
static int letter_escape(struct scan *scan, int c, bool is_in_class)
{
    size_t at = scan->at;
    int rc = is_in_class ? 0 : place_escape(scan, c);

    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    if (c == 'x' || c == 'u') {
        return code_escape(scan);
    }
    if (c == 'p' || c == 'P') {
        return property_escape(scan);
    }
    if (c == 'Q' && !is_in_class) {
        return quotation(scan);
    }
    if ((c >= '1' && c <= '9') || c == 'k' || c == 'g') {
        return is_unsupported(scan, "a back-reference", at, 2);
    }
    if (c == '0' && is_digit(byte_at(scan, at + 2))) {
        return is_unsupported(scan, "an octal number", at, 3);
    }
    bool is_control = c == 'c' && is_letter(byte_at(scan, at + 2));
    bool is_code = is_control || c == '0' || (c == 'b' && is_in_class);
    if (!is_code && memchr("dDwWsSnrtfva", c, 12) == NULL) {
        return is_unsupported(scan, "an escape", at, 2);
    }
    scan->at += is_control ? 3 : 2;
    scan->can_repeat = true;
    if (!is_code) {
        return mf_buf_append(scan->out, scan->in.data + at, 2);
    }
    return mf_buf_printf(scan->out, "\\x{%x}", c == 'c' ? scan->in.data[at + 2] & 31u : c == 'b' ? 8u : 0u);
}

static int escape(struct scan *scan, bool is_in_class)
{
    int c = byte_at(scan, scan->at + 1);

    if (c < 0) {
        return is_wrong(scan, scan->at, "a backslash before nothing");
    }
    if (is_letter(c) || is_digit(c)) {
        return letter_escape(scan, c, is_in_class);
    }
    scan->at++;
    return literal(scan);
}

/* ---- classes --------------------------------------------------------------------------------------------- */

/* "[:alpha:]" in a class; 0: it is none. */
static size_t posix_class_size(const struct scan *scan)
{
    const uint8_t *begin = scan->in.data + scan->at;
    const uint8_t *end =
        byte_at(scan, scan->at + 1) == ':' ? memmem(begin + 2, scan->in.size - scan->at - 2, ":]", 2) : NULL;

    return end == NULL ? 0 : (size_t)(end - begin) + 2;
}

static int class_part(struct scan *scan)
{
    int c = byte_at(scan, scan->at);
    size_t posix_size = c == '[' ? posix_class_size(scan) : 0;

    if (c == '\\') {
        return escape(scan, true);
    }
    if (c == '[' && posix_size == 0) {
        return literal(scan);
    }
    size_t size = posix_size > 0 ? posix_size : character_size(scan, scan->at);
    int rc = mf_buf_append(scan->out, scan->in.data + scan->at, size);
    scan->at += size;
    return rc;
}

static int class(struct scan *scan)
{
    size_t begin = scan->at;
    bool is_negated = byte_at(scan, begin + 1) == '^';
    int rc = mf_buf_append_cstr(scan->out, is_negated ? "[^" : "[");

    scan->at += is_negated ? 2 : 1;
    if (byte_at(scan, scan->at) == ']') {
        return is_wrong(scan, begin, "an empty class");
    }
    while (rc == 0 && byte_at(scan, scan->at) != ']') {
        if (scan->at >= scan->in.size) {
            return is_wrong(scan, begin, "a class that nobody closes");
        }
        rc = class_part(scan);
    }
    scan->at++;
    scan->can_repeat = true;
    return rc < 0 ? rc : mf_buf_append_cstr(scan->out, "]");
}

/* ---- groups ---------------------------------------------------------------------------------------------- */

/* What RE2 cannot do, as no matcher can that needs linear time, and what only other matchers' users know. */
static int refuse_group(struct scan *scan)
{
    static const struct {
        const char *begin;
        const char *what;
    } groups[] = {
        {"(*", "a verb"},
        {"(?=", "a lookahead"},
        {"(?!", "a negative lookahead"},
        {"(?<=", "a lookbehind"},
        {"(?<!", "a negative lookbehind"},
        {"(?>", "an atomic group"},
        {"(?|", "a branch reset"},
        {"(?#", "a comment"},
        {"(?R", "recursion"},
        {"(?&", "recursion"},
        {"(?P>", "recursion"},
        {"(?+", "recursion"},
        {"(?P=", "a back-reference"},
        {"(?(", "a condition"},
        {"(?C", "a callout"},
        {"(?'", "a group in Perl's way"},
    };
    struct mf_slice rest = mf_slice_of(scan->in.data + scan->at, scan->in.size - scan->at);

    for (size_t i = 0; i < MF_COUNT_OF(groups); i++) {
        if (mf_slice_starts_with(rest, groups[i].begin)) {
            return is_unsupported(scan, groups[i].what, scan->at, strlen(groups[i].begin));
        }
    }
    return byte_at(scan, scan->at + 1) == '?' && is_digit(byte_at(scan, scan->at + 2))
               ? is_unsupported(scan, "recursion", scan->at, 3)
               : 0;
}

static int open_group(struct scan *scan, size_t size, const char *text)
{
    if (scan->depth == MF_REGEX_NESTING_MAX) {
        return is_wrong(scan, scan->at, "too many parentheses inside of each other");
    }
    scan->open[scan->depth++] = scan->at;
    scan->at += size;
    scan->can_repeat = false;
    return mf_buf_append_cstr(scan->out, text);
}

/* "(?<name>": what the name is nobody asks. */
static int named_group(struct scan *scan, size_t size)
{
    size_t end = scan->at + size;

    while (is_letter(byte_at(scan, end)) || byte_at(scan, end) == '_' || byte_at(scan, end) == '$' ||
           byte_at(scan, end) >= 0x80 || (end > scan->at + size && is_digit(byte_at(scan, end)))) {
        end++;
    }
    if (end == scan->at + size || byte_at(scan, end) != '>') {
        return is_wrong(scan, scan->at, "a group whose name is none");
    }
    return open_group(scan, end + 1 - scan->at, "(?:");
}

/* "(?i)", "(?i-s:": of lines, "m" and "s" change nothing. */
static int flags_group(struct scan *scan)
{
    const char *letter = "";
    bool is_off = false;
    size_t at = scan->at + 2;
    char text[8];

    for (; byte_at(scan, at) != ':' && byte_at(scan, at) != ')'; at++) {
        int c = byte_at(scan, at);
        if (c != 'i' && c != 'm' && c != 's' && (c != '-' || is_off)) {
            return c < 0 ? is_wrong(scan, scan->at, "a parenthesis that nobody closes")
                         : is_unsupported(scan, "a group or flag", scan->at,
                                          at + character_size(scan, at) - scan->at);
        }
        is_off = is_off || c == '-';
        letter = c != 'i' ? letter : is_off ? "-i" : "i";
    }
    (void)snprintf(text, sizeof text, "(?%s%s", letter, byte_at(scan, at) == ':' ? ":" : ")");
    if (byte_at(scan, at) == ':') {
        return open_group(scan, at + 1 - scan->at, text);
    }
    scan->at = at + 1;
    scan->can_repeat = false;
    return letter[0] == '\0' ? 0 : mf_buf_append_cstr(scan->out, text);
}

static int group(struct scan *scan)
{
    struct mf_slice rest = mf_slice_of(scan->in.data + scan->at, scan->in.size - scan->at);
    int rc = refuse_group(scan);

    if (rc < 0) {
        return rc;
    }
    if (mf_slice_starts_with(rest, "(?<")) {
        return named_group(scan, 3);
    }
    if (mf_slice_starts_with(rest, "(?P<")) {
        return named_group(scan, 4);
    }
    return mf_slice_starts_with(rest, "(?") ? flags_group(scan) : open_group(scan, 1, "(?:");
}

static int close_group(struct scan *scan)
{
    if (scan->depth == 0) {
        return is_wrong(scan, scan->at, "a parenthesis that nobody opened");
    }
    scan->depth--;
    scan->at++;
    scan->can_repeat = true;
    return mf_buf_append_cstr(scan->out, ")");
}

/* ---- repetitions ------------------------------------------------------------------------------------------- */

/* Digits from |at| on, and |*ret_end| behind them; past RANGE_MAX it does not matter by how much. */
static unsigned read_count(const struct scan *scan, size_t at, size_t *ret_end)
{
    unsigned count = 0;

    for (; is_digit(byte_at(scan, at)); at++) {
        count = count > RANGE_MAX ? count : count * 10 + (unsigned)(byte_at(scan, at) - '0');
    }
    *ret_end = at;
    return count;
}

/* "{2}", "{2,}", "{2,3}": its size; 0: a brace that means itself, as in JavaScript; below 0: MF_E_WORKSPACE_PATTERN. */
static int range_size(struct scan *scan)
{
    size_t end = 0;
    unsigned least = read_count(scan, scan->at + 1, &end);
    unsigned most = least;

    if (end == scan->at + 1) {
        return 0;
    }
    if (byte_at(scan, end) == ',') {
        most = read_count(scan, end + 1, &end);
        most = byte_at(scan, end - 1) == ',' ? least : most;
    }
    if (byte_at(scan, end) != '}') {
        return 0;
    }
    if (least > RANGE_MAX || most > RANGE_MAX) {
        return is_unsupported(scan, "more than 1,000 repetitions", scan->at, end + 1 - scan->at);
    }
    return most < least ? is_wrong(scan, scan->at, "a repetition whose numbers are in the wrong order")
                        : (int)(end + 1 - scan->at);
}

static int repetition(struct scan *scan)
{
    int size = byte_at(scan, scan->at) == '{' ? range_size(scan) : 1;

    if (size <= 0) {
        return size < 0 ? size : literal(scan);
    }
    if (!scan->can_repeat) {
        return is_wrong(scan, scan->at, "a repetition of nothing");
    }
    if (byte_at(scan, scan->at + (size_t)size) == '+') {
        return is_unsupported(scan, "a possessive repetition", scan->at, (size_t)size + 1);
    }
    size += byte_at(scan, scan->at + (size_t)size) == '?';
    int rc = mf_buf_append(scan->out, scan->in.data + scan->at, (size_t)size);
    scan->at += (size_t)size;
    scan->can_repeat = false;
    return rc;
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

static int part(struct scan *scan)
{
    int c = byte_at(scan, scan->at);

    switch (c) {
    case '\\':
        return escape(scan, false);
    case '[':
        return class(scan);
    case '(':
        return group(scan);
    case ')':
        return close_group(scan);
    case '*':
    case '+':
    case '?':
    case '{':
        return repetition(scan);
    case '|':
    case '^':
    case '$':
        scan->at++;
        scan->can_repeat = false;
        return mf_buf_append_cstr(scan->out, c == '|' ? "|" : c == '^' ? LINE_BEGIN : LINE_END);
    case '.':
        scan->at++;
        scan->can_repeat = true;
        return mf_buf_append_cstr(scan->out, ".");
    default:
        return literal(scan);
    }
}

int mf__regex_translate(struct mf_slice pattern, struct mf_buf *out, struct mf_buf *ret_why)
{
    struct scan scan = {.in = pattern, .out = out, .why = ret_why};
    int rc = 0;

    while (rc == 0 && scan.at < pattern.size) {
        rc = part(&scan);
    }
    return rc == 0 && scan.depth > 0
               ? is_wrong(&scan, scan.open[scan.depth - 1], "a parenthesis that nobody closes")
               : rc;
}
