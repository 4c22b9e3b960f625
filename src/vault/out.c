/* out.c - a writer with a fixed place: it never moves, so that no copy of a value is left behind. */
#include "internal.h"

void mf__out_init(struct vault_out *out, size_t capacity)
{
    *out = (struct vault_out){.capacity = capacity};
    out->data = mf_vault_memory_new(capacity);
    out->error = out->data == NULL ? MF_E_NO_MEMORY : 0;
}

void mf__out_done(struct vault_out *out)
{
    mf_vault_memory_free(out->data, out->capacity);
    out->data = NULL;
}

void mf__out_append(struct vault_out *out, struct mf_slice bytes)
{
    if (out->error == 0 && bytes.size > out->capacity - out->size) {
        out->error = MF_E_TOO_LARGE;
    }
    if (out->error < 0 || bytes.size == 0) {
        return;
    }
    memcpy(out->data + out->size, bytes.data, bytes.size);
    out->size += bytes.size;
}

void mf__out_cstr(struct vault_out *out, const char *text)
{
    mf__out_append(out, mf_slice_of_cstr(text));
}

void mf__out_byte(struct vault_out *out, uint8_t byte)
{
    mf__out_append(out, mf_slice_of(&byte, 1));
}

void mf__out_u64(struct vault_out *out, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    mf__out_append(out, mf_slice_of(digits + at, sizeof digits - at));
}

void mf__out_hex(struct vault_out *out, struct mf_slice bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.size; i++) {
        mf__out_byte(out, (uint8_t)digits[bytes.data[i] >> 4]);
        mf__out_byte(out, (uint8_t)digits[bytes.data[i] & 0xf]);
    }
}

/* RFC 4648 section 4 with padding, or section 5 without. */
void mf__out_base64(struct vault_out *out, struct mf_slice bytes, bool is_url)
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at < 3 ? bytes.size - at : 3;
        uint32_t group = (uint32_t)bytes.data[at] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes.data[at + 2] : 0;
        for (size_t i = 0; i < 4; i++) {
            uint32_t index = group >> (18 - 6 * i) & 0x3f;
            if (i > left) {
                if (!is_url) {
                    mf__out_byte(out, '=');
                }
            } else if (index < 62) {
                mf__out_byte(out, (uint8_t)common[index]);
            } else {
                mf__out_byte(out, (uint8_t)(index == 62 ? (is_url ? '-' : '+') : (is_url ? '_' : '/')));
            }
        }
        mf_wipe(&group, sizeof group);
    }
}

void mf__out_percent(struct vault_out *out, struct mf_slice bytes, const char *more)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = bytes.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        (c != 0 && (strchr("-._~", c) != NULL || strchr(more, c) != NULL));
        if (is_plain) {
            mf__out_byte(out, c);
        } else {
            mf__out_byte(out, '%');
            mf__out_byte(out, (uint8_t)digits[c >> 4]);
            mf__out_byte(out, (uint8_t)digits[c & 0xf]);
        }
    }
}

struct mf_slice mf__out_since(const struct vault_out *out, size_t begin)
{
    return out->error < 0 ? mf_slice_of(NULL, 0) : mf_slice_of(out->data + begin, out->size - begin);
}
