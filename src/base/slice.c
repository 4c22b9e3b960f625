/* slice.c - questions about bytes that somebody else owns. */
#include <mayfly/base.h>

#include "text.h"

static uint8_t ascii_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

bool mf_slice_equal(struct mf_slice a, struct mf_slice b)
{
    /* memcmp may not be given NULL, not even for 0 bytes. */
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool mf_slice_equal_cstr(struct mf_slice a, const char *b)
{
    return mf_slice_equal(a, mf_slice_of_cstr(b));
}

bool mf_slice_equal_nocase(struct mf_slice a, const char *b)
{
    if (a.size != strlen(b)) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower((uint8_t)b[i])) {
            return false;
        }
    }
    return true;
}

bool mf_slice_starts_with(struct mf_slice a, const char *prefix)
{
    size_t size = strlen(prefix);
    return a.size >= size && mf_slice_equal_cstr(mf_slice_of(a.data, size), prefix);
}

bool mf_slice_ends_with(struct mf_slice a, const char *suffix)
{
    size_t size = strlen(suffix);
    if (a.size < size) {
        return false;
    }
    return size == 0 || memcmp(a.data + (a.size - size), suffix, size) == 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct mf_slice mf_slice_trim(struct mf_slice a)
{
    while (a.size > 0 && is_blank(a.data[0])) {
        a = mf_slice_of(a.data + 1, a.size - 1);
    }
    while (a.size > 0 && is_blank(a.data[a.size - 1])) {
        a.size--;
    }
    return a;
}

int mf_slice_parse_u64(struct mf_slice a, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (a.size == 0) {
        return MF_E_INVALID;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (!mf_is_digit(a.data[i])) {
            return MF_E_INVALID;
        }
        uint64_t digit = (uint64_t)(a.data[i] - '0');
        if (digit > max || value > (max - digit) / 10) {
            return MF_E_INVALID;
        }
        value = value * 10 + digit;
    }
    *ret_value = value;
    return 0;
}

int mf_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mf_slice_is_utf8(struct mf_slice a)
{
    size_t at = 0;
    while (at < a.size) {
        if (a.data[at] < 0x80) {
            at++;
            continue;
        }
        struct mf_utf8_step step = mf_utf8_next(mf_slice_of(a.data + at, a.size - at));
        if (!step.is_valid) {
            return false;
        }
        at += step.size;
    }
    return true;
}
