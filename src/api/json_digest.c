#include "json_digest.h"

#include <stdlib.h>

enum kind { KIND_STRING = 1, KIND_NUMBER, KIND_LONG_NUMBER, KIND_WORD, KIND_ARRAY, KIND_OBJECT };

static uint64_t mix(enum kind kind, uint64_t first, uint64_t second)
{
    const uint64_t words[] = {(uint64_t)kind, first, second};

    return mf_hash(mf_slice_of((const uint8_t *)words, sizeof words));
}

/* ---- strings ------------------------------------------------------------------------------------------------ */

/* Hashed in pieces of one size, so that where escapes stand does not matter. */
struct pieces {
    uint64_t chain;
    size_t size;
    uint8_t bytes[256];
};

static void fold(struct pieces *pieces)
{
    pieces->chain = mix(KIND_STRING, pieces->chain, mf_hash(mf_slice_of(pieces->bytes, pieces->size)));
    pieces->size = 0;
}

static void put(struct pieces *pieces, uint32_t byte)
{
    pieces->bytes[pieces->size++] = (uint8_t)byte;
    if (pieces->size == sizeof pieces->bytes) {
        fold(pieces);
    }
}

/* As UTF-8; a lone surrogate in its form. */
static void put_character(struct pieces *pieces, uint32_t code)
{
    if (code < 0x80) {
        put(pieces, code);
        return;
    }
    if (code < 0x800) {
        put(pieces, 0xc0 | code >> 6);
    } else if (code < 0x10000) {
        put(pieces, 0xe0 | code >> 12);
        put(pieces, 0x80 | (code >> 6 & 0x3f));
    } else {
        put(pieces, 0xf0 | code >> 18);
        put(pieces, 0x80 | (code >> 12 & 0x3f));
        put(pieces, 0x80 | (code >> 6 & 0x3f));
    }
    put(pieces, 0x80 | (code & 0x3f));
}

static uint32_t read_hex(const uint8_t *digits)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t digit = digits[i] <= '9' ? digits[i] - 0x30u : (digits[i] | 0x20u) - 0x61u + 10;
        value = value << 4 | digit;
    }
    return value;
}

/* |at| stands at the u of an escape; behind it afterwards. */
static const uint8_t *put_unicode(struct pieces *pieces, const uint8_t *at)
{
    uint32_t code = read_hex(at + 1);

    at += 5;
    if (code >= 0xd800 && code < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = read_hex(at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
            at += 6;
        }
    }
    put_character(pieces, code);
    return at;
}

static uint8_t escaped(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

/* From its first quote to behind its last one. */
static const uint8_t *read_string(const uint8_t *at, uint64_t *ret_digest)
{
    struct pieces pieces = {0};

    at++;
    while (*at != '"') {
        if (*at != '\\') {
            put(&pieces, *at++);
        } else if (at[1] == 'u') {
            at = put_unicode(&pieces, at + 1);
        } else {
            put(&pieces, escaped(at[1]));
            at += 2;
        }
    }
    fold(&pieces);
    *ret_digest = pieces.chain;
    return at + 1;
}

/* ---- numbers and words ----------------------------------------------------------------------------------------- */

static uint64_t digest_number(struct mf_slice text)
{
    char copy[64];
    double number;
    uint64_t bits;

    if (text.size >= sizeof copy) {
        return mix(KIND_LONG_NUMBER, mf_hash(text), 0);
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    number = strtod(copy, NULL) + 0.0; /* -0 is 0. */
    memcpy(&bits, &number, sizeof bits);
    return mix(KIND_NUMBER, bits, 0);
}

static const uint8_t *read_scalar(const uint8_t *at, const uint8_t *end, uint64_t *ret_digest)
{
    const uint8_t *from = at;
    struct mf_slice text;

    while (at<end && * at> ' ' && *at != ',' && *at != ']' && *at != '}') {
        at++;
    }
    text = mf_slice_of(from, (size_t)(at - from));
    *ret_digest =
        *from == 't' || *from == 'f' || *from == 'n' ? mix(KIND_WORD, mf_hash(text), 0) : digest_number(text);
    return at;
}

/* ---- values ------------------------------------------------------------------------------------------------- */

struct level {
    uint64_t sum;
    uint64_t key;
    bool is_object;
    bool has_key;
};

/* An array's values count in their order, an object's members in any. */
static void add(struct level *level, uint64_t digest)
{
    if (level->is_object) {
        level->sum += mix(KIND_OBJECT, level->key, digest);
        level->has_key = false;
    } else {
        level->sum = mix(KIND_ARRAY, level->sum, digest);
    }
}

uint64_t mf__json_digest(struct mf_slice text)
{
    struct level levels[MF_JSON_TEXT_DEPTH_MAX + 1];
    struct level *level = levels;
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.size;
    uint64_t digest;

    *level = (struct level){0};
    while (at < end) {
        uint8_t byte = *at;
        if (byte <= ' ' || byte == ',' || byte == ':') {
            at++;
        } else if (byte == '[' || byte == '{') {
            MF_ASSERT(level < levels + MF_JSON_TEXT_DEPTH_MAX); /* It was checked. */
            *++level = (struct level){.is_object = byte == '{'};
            at++;
        } else if (byte == ']' || byte == '}') {
            digest = mix(byte == '}' ? KIND_OBJECT : KIND_ARRAY, level->sum, 1);
            add(--level, digest);
            at++;
        } else if (byte == '"') {
            at = read_string(at, &digest);
            if (level->is_object && !level->has_key) {
                level->key = digest;
                level->has_key = true;
            } else {
                add(level, mix(KIND_STRING, digest, 1));
            }
        } else {
            at = read_scalar(at, end, &digest);
            add(level, digest);
        }
    }
    return levels[0].sum;
}
