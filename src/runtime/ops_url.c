/* Op of URLs: the short way through the parser, for those that nearly every worker has and that the full parser
 * (js/url_parser.js) would leave as they are. It judges letter by letter, which V8's interpreter takes long for.
 * https://url.spec.whatwg.org/#concept-basic-url-parser
 */
#include "ops.h"

#define OFFSET_BITS 13 /* Four offsets are a number that a double holds exactly. */
#define TEXT_BYTES_MAX ((1u << OFFSET_BITS) - 1)

_Static_assert(4 * OFFSET_BITS <= 53, "the whole numbers of a double");

struct cursor {
    struct mf_slice text;
    size_t at;
};

/* The byte at |at|, or 0 behind the end; a 0 in the text itself is never plain. */
static uint8_t peek(const struct cursor *cursor, size_t at)
{
    return at < cursor->text.size ? cursor->text.data[at] : 0;
}

static bool is_among(uint8_t c, const char *list)
{
    return c != 0 && strchr(list, c) != NULL;
}

/* Four numbers, written as the full parser would write them: 127.0.0.1. */
static bool is_plain_address(const uint8_t *host, size_t size)
{
    unsigned number = 0, digits = 0, count = 0;

    for (size_t i = 0; i <= size; i++) {
        if (i == size || host[i] == '.') {
            if (digits == 0 || number > 255) {
                return false;
            }
            count++;
            number = digits = 0;
        } else if (!mf_is_digit(host[i]) || digits == 3 || (digits == 1 && number == 0)) {
            return false; /* Too long, or a zero in front. */
        } else {
            number = number * 10 + (unsigned)(host[i] - '0');
            digits++;
        }
    }
    return count == 4;
}

/* Past a host of lower case ASCII. False also for a dot at its end, and for a last label that begins like a number unless
 * the whole is a plain address. */
static bool skip_host(struct cursor *cursor)
{
    size_t start = cursor->at, label = start;
    uint8_t c;

    while ((c = peek(cursor, cursor->at)) == '.' || c == '-' || mf_is_digit(c) || (c >= 'a' && c <= 'z')) {
        cursor->at++;
        if (c == '.') {
            label = cursor->at;
        }
    }
    if (label == cursor->at || (cursor->at < cursor->text.size && !is_among(c, "/?#:"))) {
        return false;
    }
    return !mf_is_digit(peek(cursor, label)) || is_plain_address(cursor->text.data + start, cursor->at - start);
}

/* Past the port, if there is one: no zero in front, at most 65535. */
static bool skip_port(struct cursor *cursor)
{
    size_t start = cursor->at + 1;
    unsigned port = 0;

    if (peek(cursor, cursor->at) != ':') {
        return true;
    }
    for (cursor->at = start; mf_is_digit(peek(cursor, cursor->at)) && cursor->at - start < 6; cursor->at++) {
        port = port * 10 + (unsigned)(peek(cursor, cursor->at) - '0');
    }
    return cursor->at > start && peek(cursor, start) != '0' && port <= 65535 &&
           (cursor->at == cursor->text.size || is_among(peek(cursor, cursor->at), "/?#"));
}

/* A segment that starts with the dot at |at| may be "." or ".." in some writing. */
static bool is_dot_segment(const struct cursor *cursor, size_t at)
{
    return at + 1 == cursor->text.size || is_among(peek(cursor, at + 1), "/.%?#");
}

static bool skip_path(struct cursor *cursor)
{
    for (uint8_t before = 0, c; cursor->at < cursor->text.size; cursor->at++, before = c) {
        c = peek(cursor, cursor->at);
        if (c == '?' || c == '#') {
            break;
        }
        if (c <= ' ' || c >= 127 || is_among(c, "\"<>\\^`{}") ||
            (c == '.' && before == '/' && is_dot_segment(cursor, cursor->at)) ||
            (c == '%' && peek(cursor, cursor->at + 1) == '2' &&
             is_among(peek(cursor, cursor->at + 2), "eE"))) {
            return false;
        }
    }
    return true;
}

/* Past a part that begins with |mark|, if it is there, and ends before |end|; -1: with the text. */
static bool skip_part(struct cursor *cursor, int mark, int end, const char *not_plain)
{
    uint8_t c;

    if (peek(cursor, cursor->at) != mark) {
        return true;
    }
    while (++cursor->at < cursor->text.size && (c = peek(cursor, cursor->at)) != end) {
        if (c <= ' ' || c >= 127 || is_among(c, not_plain)) {
            return false;
        }
    }
    return true;
}

/* urlSplit(text, isPath): where host, port, path and query of |text| end, OFFSET_BITS for each, the host in the lowest; 0 when
 * only the full parser may judge it. With |isPath| it is a path on some base, else it begins with "http:" or "https:". */
void op_url_split(struct mf_op_call *call)
{
    struct cursor cursor = {.at = 0};
    uint64_t packed = 0;
    bool is_path, is_plain;

    if (mf_op_arg_utf8(call, 0, &cursor.text) < 0 || mf_op_arg_bool(call, 1, &is_path) < 0) {
        return;
    }
    is_plain = cursor.text.size <= TEXT_BYTES_MAX;
    if (is_plain && !is_path) {
        cursor.at = mf_slice_starts_with(cursor.text, "https://")  ? 8
                    : mf_slice_starts_with(cursor.text, "http://") ? 7
                                                                   : cursor.text.size;
        is_plain = skip_host(&cursor);
        packed = cursor.at;
        is_plain = is_plain && skip_port(&cursor);
        packed |= (uint64_t)cursor.at << OFFSET_BITS;
    }
    is_plain = is_plain && skip_path(&cursor);
    packed |= (uint64_t)cursor.at << 2 * OFFSET_BITS;
    is_plain = is_plain && skip_part(&cursor, '?', '#', "\"'<>");
    packed |= (uint64_t)cursor.at << 3 * OFFSET_BITS;
    is_plain = is_plain && skip_part(&cursor, '#', -1, "\"<>`");
    mf_op_return(call, mf_value_number(is_plain ? (double)packed : 0));
}
