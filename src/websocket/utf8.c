#include "utf8.h"

/* Unicode's table 3-7: which bytes may begin a character, how many follow, and what the second may be. Surrogates, what is
 * past U+10FFFF and what has a shorter form are not in it. */
static bool begin(struct utf8 *utf8, uint8_t byte)
{
    static const struct {
        uint8_t first;
        uint8_t last;
        struct utf8 rest;
    } rows[] = {
        {0xc2, 0xdf, {1, 0x80, 0xbf}}, {0xe0, 0xe0, {2, 0xa0, 0xbf}}, {0xe1, 0xec, {2, 0x80, 0xbf}},
        {0xed, 0xed, {2, 0x80, 0x9f}}, {0xee, 0xef, {2, 0x80, 0xbf}}, {0xf0, 0xf0, {3, 0x90, 0xbf}},
        {0xf1, 0xf3, {3, 0x80, 0xbf}}, {0xf4, 0xf4, {3, 0x80, 0x8f}},
    };

    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        if (byte >= rows[i].first && byte <= rows[i].last) {
            *utf8 = rows[i].rest;
            return true;
        }
    }
    return false;
}

/* How many bytes at the front are ASCII; eight at a time. */
static size_t ascii_size(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    uint64_t eight;

    while (size - at >= sizeof(eight)) {
        memcpy(&eight, bytes + at, sizeof(eight));
        if ((eight & 0x8080808080808080u) != 0) {
            break;
        }
        at += sizeof(eight);
    }
    while (at < size && bytes[at] < 0x80) {
        at++;
    }
    return at;
}

bool utf8_take(struct utf8 *utf8, struct mf_slice piece)
{
    for (size_t i = 0; i < piece.size; i++) {
        if (utf8->missing == 0) {
            i += ascii_size(piece.data + i, piece.size - i);
            if (i < piece.size && !begin(utf8, piece.data[i])) {
                return false;
            }
            continue;
        }
        if (piece.data[i] < utf8->low || piece.data[i] > utf8->high) {
            return false;
        }
        *utf8 = (struct utf8){(uint8_t)(utf8->missing - 1), 0x80, 0xbf};
    }
    return true;
}
