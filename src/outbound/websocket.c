#include "websocket.h"

#include <openssl/evp.h>

#include <mayfly/http.h>

#define KEY_BYTES 16
#define SHA1_BYTES 20
#define ACCEPT_CHARS 28 /* SHA1_BYTES in base64. */

bool mf__websocket_is_asked(struct mf_slice headers)
{
    return mf_http_value_has_token(mf_http_headers_get(headers, "upgrade"), "websocket");
}

bool mf__websocket_is_ours(struct mf_slice name)
{
    return mf_slice_equal_nocase(name, "sec-websocket-key") ||
           mf_slice_equal_nocase(name, "sec-websocket-version") ||
           mf_slice_equal_nocase(name, "sec-websocket-accept") ||
           mf_slice_equal_nocase(name, "sec-websocket-extensions");
}

void mf__websocket_key(struct mf__websocket_key *ret_key)
{
    uint8_t bytes[KEY_BYTES];

    mf_random_bytes(bytes, sizeof bytes);
    (void)EVP_EncodeBlock((uint8_t *)ret_key->text, bytes, sizeof bytes);
}

bool mf__websocket_accepts(const struct mf__websocket_key *key, struct mf_slice headers)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[SHA1_BYTES];
    char text[MF__WEBSOCKET_KEY_CHARS + sizeof guid];
    char wanted[ACCEPT_CHARS + 1];
    unsigned size = 0;

    memcpy(text, key->text, MF__WEBSOCKET_KEY_CHARS);
    memcpy(text + MF__WEBSOCKET_KEY_CHARS, guid, sizeof guid - 1);
    if (EVP_Digest(text, MF__WEBSOCKET_KEY_CHARS + sizeof guid - 1, digest, &size, EVP_sha1(), NULL) != 1 ||
        size != sizeof digest) {
        return false;
    }
    (void)EVP_EncodeBlock((uint8_t *)wanted, digest, sizeof digest);
    return mf_slice_equal_cstr(mf_http_headers_get(headers, "sec-websocket-accept"), wanted);
}
