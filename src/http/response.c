/* response.c - status line and headers. The header list may come from an executor that was taken over: every name and
 * value is checked again here, and what could change the message's framing is dropped. */
#include <mayfly/http.h>

#include "bytes.h"

static bool is_server_header(struct mf_slice name)
{
    static const char *const names[] = {
        "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "trailer", "te",
        "date"};
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        if (mf_slice_equal_nocase(name, names[i])) {
            return true;
        }
    }
    return name.size >= 6 && mf_slice_equal_nocase(mf_slice_of(name.data, 6), "proxy-");
}

static enum mf_http_framing framing_of(const struct mf_http_response *response)
{
    if (response->is_head || response->status == 204 || response->status == 304) {
        return MF_HTTP_FRAMING_NONE;
    }
    if (response->body_bytes >= 0) {
        return MF_HTTP_FRAMING_LENGTH;
    }
    return response->request_minor >= 1 ? MF_HTTP_FRAMING_CHUNKED : MF_HTTP_FRAMING_CLOSE;
}

/* The worker's own content-length says how long the body would be; only where there is none. */
static bool may_pass_length(const struct mf_http_response *response,
                            enum mf_http_framing framing,
                            const struct mf_http_header *header)
{
    uint64_t value;
    return framing == MF_HTTP_FRAMING_NONE && response->status != 204 && response->body_bytes < 0 &&
           mf_slice_equal_nocase(header->name, "content-length") &&
           mf_slice_parse_u64(header->value, INT64_MAX, &value) == 0;
}

static int write_line(struct mf_buf *out, const struct mf_http_header *header)
{
    int error = mf_buf_reserve(out, header->name.size + header->value.size + 4);
    if (error < 0) {
        return error;
    }
    uint8_t *to = out->data + out->size;
    memcpy(to, header->name.data, header->name.size);
    to += header->name.size;
    *to++ = ':';
    *to++ = ' ';
    memcpy(to, header->value.data, header->value.size);
    to += header->value.size;
    *to++ = '\r';
    *to = '\n';
    out->size += header->name.size + header->value.size + 4;
    return 0;
}

static int
write_list(struct mf_buf *out, const struct mf_http_response *response, enum mf_http_framing framing)
{
    struct mf_http_header header;
    size_t cursor = 0;
    bool has_length = false;
    int more;

    while ((more = mf_http_headers_next(response->headers, &cursor, &header)) == 1) {
        if (is_server_header(header.name)) {
            if (has_length || !may_pass_length(response, framing, &header)) {
                continue;
            }
            has_length = true;
        }
        int error = write_line(out, &header);
        if (error < 0) {
            return error;
        }
    }
    return more;
}

static int
write_framing(struct mf_buf *out, const struct mf_http_response *response, enum mf_http_framing framing)
{
    bool tells_length =
        framing == MF_HTTP_FRAMING_LENGTH || (response->is_head && response->status != 204 &&
                                              response->status != 304 && response->body_bytes >= 0);
    int error = 0;

    if (tells_length) {
        error = mf_buf_printf(out, "content-length: %lld\r\n", (long long)response->body_bytes);
    } else if (framing == MF_HTTP_FRAMING_CHUNKED) {
        error = mf_buf_append_cstr(out, "transfer-encoding: chunked\r\n");
    }
    if (error >= 0 && response->upgrade != NULL) {
        error = mf_buf_printf(out, "upgrade: %s\r\nconnection: upgrade\r\n", response->upgrade);
    }
    if (error >= 0 && !response->keep_alive) {
        error = mf_buf_append_cstr(out, "connection: close\r\n");
    } else if (error >= 0 && response->request_minor == 0) {
        error = mf_buf_append_cstr(out, "connection: keep-alive\r\n");
    }
    return error;
}

/* "HTTP/1.1 200 OK\r\ndate: ...\r\n" */
static int write_status(struct mf_buf *out, int status, struct mf_slice date)
{
    char digits[3] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10)};
    int error = mf_buf_append_cstr(out, "HTTP/1.1 ");
    if (error >= 0) {
        error = mf_buf_append(out, digits, sizeof(digits));
    }
    if (error >= 0) {
        error = mf_buf_append_cstr(out, " ");
    }
    if (error >= 0) {
        error = mf_buf_append_cstr(out, mf_http_reason(status));
    }
    if (error >= 0) {
        error = mf_buf_append_cstr(out, "\r\ndate: ");
    }
    if (error >= 0) {
        error = mf_buf_append_slice(out, date);
    }
    if (error >= 0) {
        error = mf_buf_append_cstr(out, "\r\n");
    }
    return error;
}

int mf_http_write_head(struct mf_buf *out, struct mf_http_response *response, struct mf_slice date)
{
    size_t size_before = out->size;

    if (response->status < 200 || response->status > 599) {
        return MF_E_INVALID;
    }
    enum mf_http_framing framing = framing_of(response);
    if (framing == MF_HTTP_FRAMING_CLOSE) {
        response->keep_alive = false;
    }
    int error = write_status(out, response->status, date);
    if (error >= 0) {
        error = write_list(out, response, framing);
    }
    if (error >= 0) {
        error = write_framing(out, response, framing);
    }
    if (error >= 0) {
        error = mf_buf_append_cstr(out, "\r\n");
    }
    if (error < 0) {
        out->size = size_before; /* Half a head must not be sent. */
        return error;
    }
    return (int)framing;
}

size_t mf_http_chunk_head(char text[MF_HTTP_CHUNK_HEAD_BYTES], size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 1;

    MF_ASSERT(size > 0); /* Zero would be the last chunk. */
    while (count < 16 && (size >> (4 * count)) != 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        text[i] = digits[(size >> (4 * (count - 1 - i))) & 15];
    }
    text[count] = '\r';
    text[count + 1] = '\n';
    return count + 2;
}
