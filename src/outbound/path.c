#include "path.h"

/* The byte at |*at|, decoded when it is an escape; moves on. */
static uint8_t next_byte(struct mf_slice text, size_t *at, bool *ret_is_escape)
{
    const uint8_t *p = text.data + *at;

    *ret_is_escape =
        text.size - *at >= 3 && p[0] == '%' && mf_hex_digit(p[1]) >= 0 && mf_hex_digit(p[2]) >= 0;
    if (!*ret_is_escape) {
        *at += 1;
        return p[0];
    }
    *at += 3;
    return (uint8_t)(mf_hex_digit(p[1]) << 4 | mf_hex_digit(p[2]));
}

int mf__path_dots(struct mf_slice segment)
{
    int dots = 0;
    bool is_escape;

    for (size_t at = 0; at < segment.size;) {
        if (next_byte(segment, &at, &is_escape) != '.' || ++dots > 2) {
            return 0;
        }
    }
    return dots;
}

bool mf__path_climbs(struct mf_slice path)
{
    int dots = 0; /* Of this segment; -1: it has something else. */
    bool in_parameters = false;
    bool is_escape;

    for (size_t at = 0; at < path.size;) {
        uint8_t c = next_byte(path, &at, &is_escape);
        if (c == '/' || c == '\\') {
            if (dots == 1 || dots == 2) {
                return true;
            }
            dots = 0;
            in_parameters = false;
        } else if (c == ';') {
            in_parameters = true;
        } else if (!in_parameters) {
            dots = c == '.' && dots >= 0 ? dots + 1 : -1;
        }
    }
    return dots == 1 || dots == 2;
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int mf__path_read_plain(struct mf_slice path, struct mf_buf *out)
{
    int rc = mf_buf_reserve(out, path.size);
    bool is_escape;

    for (size_t at = 0; rc == 0 && at < path.size;) {
        size_t start = at;
        uint8_t c = next_byte(path, &at, &is_escape);
        if (!is_escape || is_unreserved(c)) {
            rc = mf_buf_append(out, &c, 1);
            continue;
        }
        /* The digits of an escape have two spellings. */
        char escape[3] = {'%', (char)path.data[start + 1], (char)path.data[start + 2]};
        for (int i = 1; i < 3; i++) {
            escape[i] = (char)(escape[i] >= 'a' ? escape[i] - 32 : escape[i]);
        }
        rc = mf_buf_append(out, escape, 3);
    }
    return rc;
}

int mf__path_read_loose(struct mf_slice path, struct mf_buf *out)
{
    int rc = mf_buf_reserve(out, path.size);
    bool in_parameters = false;
    bool is_escape;

    for (size_t at = 0; rc == 0 && at < path.size;) {
        uint8_t c = next_byte(path, &at, &is_escape);
        if (c == '/' || c == '\\') {
            in_parameters = false;
            if (out->size == 0 || out->data[out->size - 1] != '/') {
                rc = mf_buf_append(out, "/", 1);
            }
        } else if (c == ';') {
            in_parameters = true;
        } else if (!in_parameters) {
            rc = mf_buf_append(out, &c, 1);
        }
    }
    return rc;
}

static uint8_t fold(uint8_t c, bool ignores_case)
{
    return ignores_case && c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool mf__path_has_prefix(struct mf_slice path, struct mf_slice prefix, bool ignores_case)
{
    if (path.size < prefix.size) {
        return false;
    }
    for (size_t i = 0; i < prefix.size; i++) {
        if (fold(path.data[i], ignores_case) != fold(prefix.data[i], ignores_case)) {
            return false;
        }
    }
    return prefix.size == path.size || prefix.size == 0 || prefix.data[prefix.size - 1] == '/' ||
           path.data[prefix.size] == '/';
}
