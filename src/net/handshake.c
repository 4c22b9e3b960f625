/* handshake.c - from a request to a WebSocket (RFC 6455 4.2): what the client must have sent, and the 101. */
#include <openssl/evp.h>

#include "connection.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3. */
#define KEY_BYTES 16
#define KEY_TEXT_BYTES 24
#define SHA1_BYTES 20

/* The value of a header that must be there once; data is NULL otherwise. */
static struct mf_slice only(struct mf_slice headers, const char *name)
{
    struct mf_http_header header;
    struct mf_slice value = mf_slice_of(NULL, 0);
    size_t cursor = 0;
    unsigned count = 0;

    while (mf_http_headers_next(headers, &cursor, &header) == 1) {
        if (mf_slice_equal_cstr(header.name, name)) {
            value = header.value;
            count++;
        }
    }
    return count == 1 ? value : mf_slice_of(NULL, 0);
}

/* In any of the headers of this name: a list may be spread over several. */
static bool has_token(struct mf_slice headers, const char *name, const char *token)
{
    struct mf_http_header header;
    size_t cursor = 0;

    while (mf_http_headers_next(headers, &cursor, &header) == 1) {
        if (mf_slice_equal_cstr(header.name, name) && mf_http_value_has_token(header.value, token)) {
            return true;
        }
    }
    return false;
}

static bool is_key(struct mf_slice text)
{
    struct mf_buf key;

    mf_buf_init(&key, KEY_BYTES + 2);
    bool is_valid =
        text.size == KEY_TEXT_BYTES && mf_buf_append_base64_decoded(&key, text) >= 0 && key.size == KEY_BYTES;
    mf_buf_done(&key);
    return is_valid;
}

static int check(const struct mf_http_request *request)
{
    bool asks = has_token(request->headers, "upgrade", "websocket");

    if (!asks || !mf_slice_equal_cstr(only(request->headers, "sec-websocket-version"), "13")) {
        return MF_E_WEBSOCKET_UPGRADE;
    }
    if (!mf_slice_equal_cstr(request->method, "GET") || request->minor < 1 || request->has_body ||
        !has_token(request->headers, "connection", "upgrade") ||
        !is_key(only(request->headers, "sec-websocket-key"))) {
        return MF_E_WEBSOCKET_HANDSHAKE;
    }
    return 0;
}

static int append_accept(struct mf_buf *out, struct mf_slice key)
{
    char text[KEY_TEXT_BYTES + sizeof(GUID)];
    uint8_t digest[SHA1_BYTES];
    size_t digest_size = 0;

    memcpy(text, key.data, KEY_TEXT_BYTES);
    memcpy(text + KEY_TEXT_BYTES, GUID, sizeof(GUID));
    /* No secret is behind this SHA-1: it only shows that we understood. */
    if (EVP_Q_digest(NULL, "SHA1", NULL, text, sizeof(text) - 1, digest, &digest_size) != 1) {
        return MF_E_CRYPTO;
    }
    return mf_buf_append_base64(out, mf_slice_of(digest, digest_size));
}

int mf__handshake(const struct mf_http_request *request, const char *protocol, struct mf_buf *out)
{
    size_t size_before = out->size;
    int error = check(request);

    if (error < 0) {
        return error;
    }
    error = mf_buf_append_cstr(out, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                                    "connection: Upgrade\r\nsec-websocket-accept: ");
    if (error >= 0) {
        error = append_accept(out, only(request->headers, "sec-websocket-key"));
    }
    if (error >= 0 && protocol != NULL) {
        error = mf_buf_printf(out, "\r\nsec-websocket-protocol: %s", protocol);
    }
    if (error >= 0) {
        error = mf_buf_append_cstr(out, "\r\n\r\n");
    }
    if (error < 0) {
        out->size = size_before; /* Half a head must not be sent. */
    }
    return error;
}
