/* headers.c - header lists on the wire: name NUL value NUL, repeated. What is no HTTP header (RFC 9110 5.1, 5.5) is
 * refused on both ends, so that neither a script nor a taken-over executor can smuggle a line into a message. */
#include <mayfly/wire.h>

static bool is_token_byte(uint8_t byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z')) {
        return true;
    }
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_name(struct mf_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!is_token_byte(name.data[i])) {
            return false;
        }
    }
    return name.size > 0;
}

static bool is_value(struct mf_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return value.size == 0 || (!is_blank(value.data[0]) && !is_blank(value.data[value.size - 1]));
}

int mf_headers_append(struct mf_buf *out, struct mf_slice name, struct mf_slice value)
{
    int error;

    if (!is_name(name) || !is_value(value)) {
        return MF_E_INVALID;
    }
    if (name.size > MF_HEADERS_ENCODED_BYTES_MAX || value.size > MF_HEADERS_ENCODED_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    error = mf_buf_reserve(out, name.size + value.size + 2);
    if (error < 0) {
        return error;
    }
    memcpy(out->data + out->size, name.data, name.size);
    out->size += name.size;
    out->data[out->size++] = 0;
    if (value.size > 0) {
        memcpy(out->data + out->size, value.data, value.size);
        out->size += value.size;
    }
    out->data[out->size++] = 0;
    return 0;
}

/* Takes the bytes up to the next NUL, which must be there. */
static bool next_text(struct mf_slice headers, size_t *cursor, struct mf_slice *ret_text)
{
    const uint8_t *from = headers.data + *cursor;
    const uint8_t *nul = *cursor < headers.size ? memchr(from, 0, headers.size - *cursor) : NULL;

    if (nul == NULL) {
        return false;
    }
    *ret_text = mf_slice_of(from, (size_t)(nul - from));
    *cursor += ret_text->size + 1;
    return true;
}

int mf_headers_next(struct mf_slice headers, size_t *cursor, struct mf_header *ret_header)
{
    struct mf_header header;

    if (*cursor >= headers.size) {
        return 0;
    }
    if (!next_text(headers, cursor, &header.name) || !next_text(headers, cursor, &header.value) ||
        !is_name(header.name) || !is_value(header.value)) {
        *cursor = headers.size;
        return MF_E_WIRE;
    }
    *ret_header = header;
    return 1;
}

int mf_headers_check(struct mf_slice headers)
{
    struct mf_header header;
    size_t cursor = 0;
    int count = 0;
    int result;

    if (headers.size > MF_HEADERS_ENCODED_BYTES_MAX) {
        return MF_E_WIRE;
    }
    while ((result = mf_headers_next(headers, &cursor, &header)) > 0) {
        if (++count > MF_HEADERS_COUNT_MAX) {
            return MF_E_WIRE;
        }
    }
    return result < 0 ? result : count;
}
