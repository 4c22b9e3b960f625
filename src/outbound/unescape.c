#include "unescape.h"

static size_t literal(struct mf_slice text, uint8_t *units, size_t *ret_count)
{
    units[0] = text.data[0];
    *ret_count = 1;
    return 1;
}

/* |digits| hexadecimal digits at |at|: 1 and the number; 0: not so; -1: cannot be told yet. */
static int read_hex(struct mf_slice text, size_t at, size_t digits, unsigned *ret_number)
{
    unsigned number = 0;

    for (size_t i = at; i < at + digits; i++) {
        if (i >= text.size) {
            return -1;
        }
        int digit = mf_hex_digit(text.data[i]);
        if (digit < 0) {
            return 0;
        }
        number = number << 4 | (unsigned)digit;
    }
    *ret_number = number;
    return 1;
}

size_t mf__unescape_percent(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count)
{
    unsigned number = 0;
    int is_escape = text.data[0] == '%' ? read_hex(text, 1, 2, &number) : 0;

    if (is_escape < 0 && !is_last) {
        return 0;
    }
    if (is_escape <= 0) {
        return literal(text, units, ret_count);
    }
    units[0] = (uint8_t)number;
    *ret_count = 1;
    return 3;
}

size_t mf__unescape_form(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count)
{
    if (text.data[0] != '+') {
        return mf__unescape_percent(text, is_last, units, ret_count);
    }
    units[0] = ' ';
    *ret_count = 1;
    return 1;
}

static size_t write_utf8(unsigned code, uint8_t *units)
{
    if (code < 0x80) {
        units[0] = (uint8_t)code;
        return 1;
    }
    size_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--) {
        units[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    units[0] = (uint8_t)((0xf00u >> count & 0xf0) | code);
    return count;
}

/* Behind a high surrogate: 1 and the low one, 0, or -1 as read_hex. */
static int read_low(struct mf_slice text, unsigned *ret_low)
{
    if (text.size > 6 && text.data[6] != '\\') {
        return 0;
    }
    if (text.size > 7 && text.data[7] != 'u') {
        return 0;
    }
    int is_hex = text.size > 7 ? read_hex(text, 8, 4, ret_low) : -1;
    return is_hex == 1 && (*ret_low < 0xdc00 || *ret_low > 0xdfff) ? 0 : is_hex;
}

/* \uXXXX, two of them for what is past U+FFFF: 1 with *ret_code and *ret_size, 0, or -1. */
static int read_u(struct mf_slice text, unsigned *ret_code, size_t *ret_size)
{
    unsigned low = 0;
    int is_escape = read_hex(text, 2, 4, ret_code);

    *ret_size = 6;
    if (is_escape <= 0 || *ret_code < 0xd800 || *ret_code > 0xdfff) {
        return is_escape;
    }
    if (*ret_code >= 0xdc00) {
        return 0;
    }
    is_escape = read_low(text, &low);
    if (is_escape == 1) {
        *ret_code = 0x10000 + ((*ret_code - 0xd800) << 10) + (low - 0xdc00);
        *ret_size = 12;
    }
    return is_escape;
}

static int read_escape(struct mf_slice text, unsigned *ret_code, size_t *ret_size)
{
    static const char from[] = "\"\\/'bfnrt";
    static const char to[] = "\"\\/'\b\f\n\r\t";

    if (text.size < 2) {
        return -1;
    }
    if (text.data[1] == 'u') {
        return read_u(text, ret_code, ret_size);
    }
    if (text.data[1] == 'x') {
        *ret_size = 4;
        return read_hex(text, 2, 2, ret_code);
    }
    const char *found = memchr(from, text.data[1], sizeof from - 1);
    if (found == NULL) {
        return 0;
    }
    *ret_code = (uint8_t)to[found - from];
    *ret_size = 2;
    return 1;
}

size_t mf__unescape_json(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count)
{
    unsigned code = 0;
    size_t size = 0;
    int is_escape = text.data[0] == '\\' ? read_escape(text, &code, &size) : 0;

    if (is_escape < 0 && !is_last) {
        return 0;
    }
    if (is_escape <= 0) {
        return literal(text, units, ret_count);
    }
    *ret_count = write_utf8(code, units);
    return size;
}
