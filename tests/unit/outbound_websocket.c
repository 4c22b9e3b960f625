/* The opening handshake of a WebSocket: RFC 6455's own example, and what is no answer to our key. */
#include "check.h"
#include "websocket.h"

#include <mayfly/http.h>

static struct mf_slice header(struct mf_buf *headers, const char *name, const char *value)
{
    mf_buf_reset(headers);
    MF_CHECK_INT(mf_http_headers_append(headers, mf_slice_of_cstr(name), mf_slice_of_cstr(value)), 0);
    return mf_buf_peek(headers);
}

static void answers(void)
{
    static const char name[] = "sec-websocket-accept";
    struct mf__websocket_key key = {"dGhlIHNhbXBsZSBub25jZQ=="};
    struct mf_buf headers;

    mf_buf_init(&headers, 4096);
    MF_CHECK(mf__websocket_accepts(&key, header(&headers, name, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    MF_CHECK(!mf__websocket_accepts(&key, header(&headers, name, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo")));
    MF_CHECK(!mf__websocket_accepts(&key, header(&headers, name, "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    MF_CHECK(!mf__websocket_accepts(&key, header(&headers, name, "")));
    MF_CHECK(!mf__websocket_accepts(&key, header(&headers, "x-other", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    mf_buf_done(&headers);
}

static void keys_are_new_and_of_the_right_form(void)
{
    struct mf__websocket_key one;
    struct mf__websocket_key two;
    struct mf_buf bytes;

    mf__websocket_key(&one);
    mf__websocket_key(&two);
    MF_CHECK(strcmp(one.text, two.text) != 0);
    MF_CHECK_INT(strlen(one.text), MF__WEBSOCKET_KEY_CHARS);
    mf_buf_init(&bytes, 64);
    MF_CHECK_INT(mf_buf_append_base64_decoded(&bytes, mf_slice_of_cstr(one.text)), 0);
    MF_CHECK_INT(bytes.size, 16);
    mf_buf_done(&bytes);
}

static void who_asks(void)
{
    struct mf_buf headers;

    mf_buf_init(&headers, 4096);
    MF_CHECK(mf__websocket_is_asked(header(&headers, "upgrade", "websocket")));
    MF_CHECK(mf__websocket_is_asked(header(&headers, "Upgrade", "h2c, WebSocket")));
    MF_CHECK(!mf__websocket_is_asked(header(&headers, "upgrade", "h2c")));
    MF_CHECK(!mf__websocket_is_asked(header(&headers, "x-upgrade", "websocket")));
    MF_CHECK(mf__websocket_is_ours(mf_slice_of_cstr("Sec-WebSocket-Key")));
    MF_CHECK(!mf__websocket_is_ours(mf_slice_of_cstr("Sec-WebSocket-Protocol")));
    mf_buf_done(&headers);
}

int main(void)
{
    MF_RUN(answers);
    MF_RUN(keys_are_new_and_of_the_right_form);
    MF_RUN(who_asks);
    return 0;
}
