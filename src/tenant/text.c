/* text.c - the text of a token: made, recognised, digested. */
#include "internal.h"

#include <openssl/evp.h>
#include <zlib.h>

#define PREFIX "mf_"
#define PREFIX_CHARS 3
#define SECRET_CHARS 32 /* 190 bits. */
#define CRC_CHARS 6     /* 62^6 is more than 2^32. */
#define CRC_AT (MF_TOKEN_CHARS - CRC_CHARS)

_Static_assert(PREFIX_CHARS + MF_TOKEN_ID_CHARS + 1 + SECRET_CHARS + CRC_CHARS == MF_TOKEN_CHARS,
               "a token is its parts");

static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void write_random(char *text, size_t size)
{
    uint8_t pool[64];

    for (size_t written = 0; written < size;) {
        mf_random_bytes(pool, sizeof pool);
        for (size_t i = 0; i < sizeof pool && written < size; i++) {
            /* 248 is the last multiple of 62: above it some letters would come more often. */
            if (pool[i] < 248) {
                text[written++] = letters[pool[i] % 62];
            }
        }
    }
    mf_wipe(pool, sizeof pool);
}

static void write_crc(const void *text, char ret_chars[CRC_CHARS])
{
    uint32_t crc = (uint32_t)crc32(0, text, CRC_AT);

    for (unsigned i = CRC_CHARS; i > 0; i--) {
        ret_chars[i - 1] = letters[crc % 62];
        crc /= 62;
    }
}

void mf_token_make(char id[MF_TOKEN_ID_CHARS + 1], char *ret_text)
{
    if (id[0] == '\0') {
        write_random(id, MF_TOKEN_ID_CHARS);
        id[MF_TOKEN_ID_CHARS] = '\0';
    }
    memcpy(ret_text, PREFIX, PREFIX_CHARS);
    memcpy(ret_text + PREFIX_CHARS, id, MF_TOKEN_ID_CHARS);
    ret_text[PREFIX_CHARS + MF_TOKEN_ID_CHARS] = '_';
    write_random(ret_text + PREFIX_CHARS + MF_TOKEN_ID_CHARS + 1, SECRET_CHARS);
    write_crc(ret_text, ret_text + CRC_AT);
    ret_text[MF_TOKEN_CHARS] = '\0';
}

static bool is_letter(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool mf_token_id_is_valid(struct mf_slice id)
{
    for (size_t i = 0; i < id.size; i++) {
        if (!is_letter(id.data[i])) {
            return false;
        }
    }
    return id.size == MF_TOKEN_ID_CHARS;
}

bool mf_token_is_ours(struct mf_slice text)
{
    char crc[CRC_CHARS];

    if (text.size != MF_TOKEN_CHARS || memcmp(text.data, PREFIX, PREFIX_CHARS) != 0 ||
        text.data[PREFIX_CHARS + MF_TOKEN_ID_CHARS] != '_' || !mf_token_id_is_valid(mf__token_id(text))) {
        return false;
    }
    write_crc(text.data, crc);
    return memcmp(crc, text.data + CRC_AT, CRC_CHARS) == 0;
}

struct mf_slice mf__token_id(struct mf_slice text)
{
    return mf_slice_of(text.data + PREFIX_CHARS, MF_TOKEN_ID_CHARS);
}

uint64_t mf__token_key(struct mf_slice id)
{
    uint64_t key = 0;

    for (size_t i = 0; i < id.size; i++) {
        uint8_t c = id.data[i];
        key = key * 62 + (uint64_t)(c <= '9' ? c - '0' : c <= 'Z' ? c - 'A' + 10 : c - 'a' + 36);
    }
    return key; /* 62^10 is less than 2^60. */
}

void mf_token_digest(struct mf_slice text, uint8_t ret_digest[MF_TOKEN_DIGEST_BYTES])
{
    int rc = EVP_Digest(text.data, text.size, ret_digest, NULL, EVP_sha256(), NULL);

    MF_ASSERT(rc == 1); /* Fails only when OpenSSL has no SHA-256 or no memory. */
}
