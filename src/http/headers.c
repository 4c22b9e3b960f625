/* headers.c - header lists: name NUL value NUL, repeated. Nothing enters or leaves one that is no HTTP header, so that
 * no value can add a line to a message. */
#include <mayfly/http.h>

#include "bytes.h"

int mf_http_headers_append(struct mf_buf *out, struct mf_slice name, struct mf_slice value)
{
    if (!is_header_name(name) || !is_header_value(value)) {
        return MF_E_INVALID;
    }
    if (name.size > MF_HEADERS_ENCODED_BYTES_MAX || value.size > MF_HEADERS_ENCODED_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    int error = mf_buf_reserve(out, name.size + value.size + 2);
    if (error < 0) {
        return error;
    }
    uint8_t *to = out->data + out->size;
    for (size_t i = 0; i < name.size; i++) {
        to[i] = byte_lower(name.data[i]);
    }
    to += name.size;
    *to++ = 0;
    if (value.size > 0) {
        memcpy(to, value.data, value.size);
    }
    to[value.size] = 0;
    out->size += name.size + value.size + 2;
    return 0;
}

/* Up to the next NUL; false when there is none. */
static bool next_text(struct mf_slice list, size_t *cursor, struct mf_slice *ret_text)
{
    const uint8_t *start = list.data + *cursor;
    const uint8_t *end = memchr(start, 0, list.size - *cursor);
    if (end == NULL) {
        return false;
    }
    *ret_text = mf_slice_of(start, (size_t)(end - start));
    *cursor += ret_text->size + 1;
    return true;
}

int mf_http_headers_next(struct mf_slice headers, size_t *cursor, struct mf_http_header *ret_header)
{
    struct mf_http_header header;
    size_t at = *cursor;

    if (at >= headers.size) {
        return 0;
    }
    if (!next_text(headers, &at, &header.name) || at >= headers.size ||
        !next_text(headers, &at, &header.value) || !is_header_name(header.name) ||
        !is_header_value(header.value)) {
        return MF_E_INVALID;
    }
    *cursor = at;
    *ret_header = header;
    return 1;
}

struct mf_slice mf_http_headers_get(struct mf_slice headers, const char *name)
{
    struct mf_http_header header;
    size_t cursor = 0;

    while (mf_http_headers_next(headers, &cursor, &header) == 1) {
        if (mf_slice_equal_nocase(header.name, name)) {
            return header.value;
        }
    }
    return mf_slice_of(NULL, 0);
}

bool mf_http_value_has_token(struct mf_slice value, const char *token)
{
    size_t at = 0;

    while (at < value.size) {
        while (at < value.size && (byte_is_blank(value.data[at]) || value.data[at] == ',')) {
            at++;
        }
        size_t start = at;
        while (at < value.size && value.data[at] != ',') {
            at++;
        }
        size_t end = at;
        while (end > start && byte_is_blank(value.data[end - 1])) {
            end--;
        }
        if (mf_slice_equal_nocase(mf_slice_of(value.data + start, end - start), token)) {
            return true;
        }
    }
    return false;
}
