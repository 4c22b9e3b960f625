/* text.c - UTF-8, JSON strings, base64: what crosses the API as text.
 *
 * Sources: The Unicode Standard 3.9 (D92, table 3-7), RFC 8259 section 7, RFC 4648 section 4.
 */
#include "text.h"

#define REPLACEMENT_CHARACTER 0xfffdu

/* ---- UTF-8 ---------------------------------------------------------------------------------- */

/* The row of table 3-7 for one lead byte: how many bytes follow, and the range of the first of them. */
struct utf8_row {
    uint8_t following;
    uint8_t second_min;
    uint8_t second_max;
};

static struct utf8_row utf8_row_of(uint8_t lead)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        return (struct utf8_row){1, 0x80, 0xbf};
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return (struct utf8_row){2, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf};
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        return (struct utf8_row){3, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf};
    }
    return (struct utf8_row){0, 0, 0};
}

struct mf_utf8_step mf_utf8_next(struct mf_slice text)
{
    uint8_t lead = text.data[0];
    struct mf_utf8_step bad = {REPLACEMENT_CHARACTER, 1, false};
    if (lead < 0x80) {
        return (struct mf_utf8_step){lead, 1, true};
    }
    struct utf8_row row = utf8_row_of(lead);
    if (row.following == 0) {
        return bad;
    }
    uint32_t point = lead & (0x3fu >> row.following);
    for (uint8_t i = 1; i <= row.following; i++) {
        uint8_t least = i == 1 ? row.second_min : 0x80;
        uint8_t most = i == 1 ? row.second_max : 0xbf;
        if (i >= text.size || text.data[i] < least || text.data[i] > most) {
            bad.size = i;
            return bad;
        }
        point = point << 6 | (text.data[i] & 0x3fu);
    }
    return (struct mf_utf8_step){point, (uint8_t)(row.following + 1), true};
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* C0, DEL and C1 (a terminal obeys U+009B), and the two line ends that JavaScript source did not allow. */
static bool must_be_escaped(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
}

static char short_escape_of(uint32_t point)
{
    switch (point) {
    case '"':
    case '\\':
        return (char)point;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

size_t mf_json_escape_next(struct mf_slice text, char *out, size_t *ret_consumed)
{
    static const char hex[] = "0123456789abcdef";
    struct mf_utf8_step step = mf_utf8_next(text);
    *ret_consumed = step.size;
    if (!step.is_valid) {
        memcpy(out, "\xef\xbf\xbd", 3);
        return 3;
    }
    char letter = short_escape_of(step.point);
    if (letter != 0) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    if (must_be_escaped(step.point)) {
        out[0] = '\\';
        out[1] = 'u';
        for (int i = 0; i < 4; i++) {
            out[2 + i] = hex[step.point >> (12 - 4 * i) & 0xf];
        }
        return 6;
    }
    memcpy(out, text.data, step.size);
    return step.size;
}

/* How many bytes at the front need no look: printable ASCII but quote and backslash. */
static size_t plain_run(struct mf_slice text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.data[end] >= 0x20 && text.data[end] < 0x7f && text.data[end] != '"' &&
           text.data[end] != '\\') {
        end++;
    }
    return end - at;
}

static int append_json_body(struct mf_buf *buf, struct mf_slice text)
{
    size_t at = 0;
    int error = 0;
    while (at < text.size && error == 0) {
        size_t run = plain_run(text, at);
        if (run > 0) {
            error = mf_buf_append(buf, text.data + at, run);
            at += run;
            continue;
        }
        char escape[MF_JSON_ESCAPE_BYTES_MAX];
        size_t consumed = 0;
        size_t size = mf_json_escape_next(mf_slice_of(text.data + at, text.size - at), escape, &consumed);
        error = mf_buf_append(buf, escape, size);
        at += consumed;
    }
    return error;
}

int mf_buf_append_json_string(struct mf_buf *buf, struct mf_slice text)
{
    size_t size_before = buf->size;
    int error = mf_buf_append(buf, "\"", 1);
    if (error == 0) {
        error = append_json_body(buf, text);
    }
    if (error == 0) {
        error = mf_buf_append(buf, "\"", 1);
    }
    if (error < 0) {
        buf->size = size_before; /* Never half a string. */
    }
    return error;
}

/* ---- base64 --------------------------------------------------------------------------------- */

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int mf_buf_append_base64(struct mf_buf *buf, struct mf_slice bytes)
{
    if (bytes.size > SIZE_MAX / 4 * 3 - 3) {
        return MF_E_TOO_LARGE;
    }
    int error = mf_buf_reserve(buf, (bytes.size + 2) / 3 * 4);
    if (error < 0) {
        return error;
    }
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t count = bytes.size - at < 3 ? bytes.size - at : 3;
        uint32_t group = (uint32_t)bytes.data[at] << 16;
        group |= count > 1 ? (uint32_t)bytes.data[at + 1] << 8 : 0;
        group |= count > 2 ? (uint32_t)bytes.data[at + 2] : 0;
        uint8_t *out = buf->data + buf->size;
        out[0] = (uint8_t)base64_letters[group >> 18];
        out[1] = (uint8_t)base64_letters[group >> 12 & 63];
        out[2] = count > 1 ? (uint8_t)base64_letters[group >> 6 & 63] : '=';
        out[3] = count > 2 ? (uint8_t)base64_letters[group & 63] : '=';
        buf->size += 4;
    }
    return 0;
}

/* 64 and up: no letter. */
static uint32_t base64_value_of(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return (uint32_t)(letter - 'A');
    }
    if (letter >= 'a' && letter <= 'z') {
        return (uint32_t)(letter - 'a' + 26);
    }
    if (letter >= '0' && letter <= '9') {
        return (uint32_t)(letter - '0' + 52);
    }
    return letter == '+' ? 62 : letter == '/' ? 63 : 64;
}

/* Four letters to |count| bytes; false on a letter that is none, or on bits that padding would hide. */
static bool base64_decode_group(const uint8_t *letters, size_t count, uint8_t *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i <= count ? base64_value_of(letters[i]) : 0;
        if (value > 63) {
            return false;
        }
        group = group << 6 | value;
    }
    if ((count == 1 && (group & 0xffff) != 0) || (count == 2 && (group & 0xff) != 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)(group >> (16 - 8 * i));
    }
    return true;
}

int mf_buf_append_base64_decoded(struct mf_buf *buf, struct mf_slice text)
{
    if (text.size % 4 != 0) {
        return MF_E_INVALID;
    }
    int error = mf_buf_reserve(buf, text.size / 4 * 3);
    if (error < 0) {
        return error;
    }
    size_t size_before = buf->size;
    for (size_t at = 0; at < text.size; at += 4) {
        size_t count = 3;
        if (at + 4 == text.size && text.data[at + 3] == '=') {
            count = text.data[at + 2] == '=' ? 1 : 2;
        }
        if (!base64_decode_group(text.data + at, count, buf->data + buf->size)) {
            buf->size = size_before;
            return MF_E_INVALID;
        }
        buf->size += count;
    }
    return 0;
}
