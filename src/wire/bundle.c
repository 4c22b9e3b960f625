/* bundle.c - what a run is made of, as one run of bytes: parts, each u8 kind, u16 name size, u32 body size, name, body. */
#include <mayfly/wire.h>

#define PART_HEADER_BYTES 7

int mf_bundle_append(struct mf_buf *out, enum mf_part_kind kind, struct mf_slice name, struct mf_slice body)
{
    uint8_t *at;
    int error;

    MF_ASSERT((unsigned)kind >= 1 && (unsigned)kind <= (unsigned)MF_PART_KIND_MAX);
    if (name.size > MF_MODULE_NAME_BYTES_MAX || body.size > MF_BUNDLE_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    error = mf_buf_reserve(out, PART_HEADER_BYTES + name.size + body.size);
    if (error < 0) {
        return error;
    }
    at = out->data + out->size;
    at[0] = (uint8_t)kind;
    at[1] = (uint8_t)name.size;
    at[2] = (uint8_t)(name.size >> 8);
    for (size_t i = 0; i < 4; i++) {
        at[3 + i] = (uint8_t)(body.size >> (8 * i));
    }
    if (name.size > 0) {
        memcpy(at + PART_HEADER_BYTES, name.data, name.size);
    }
    if (body.size > 0) {
        memcpy(at + PART_HEADER_BYTES + name.size, body.data, body.size);
    }
    out->size += PART_HEADER_BYTES + name.size + body.size;
    return 0;
}

int mf_bundle_next(struct mf_slice bundle, size_t *cursor, struct mf_part *ret_part)
{
    const uint8_t *at;
    size_t left, name_bytes, body_bytes;

    if (*cursor >= bundle.size) {
        return 0;
    }
    left = bundle.size - *cursor;
    at = bundle.data + *cursor;
    if (left < PART_HEADER_BYTES || at[0] < 1 || at[0] > MF_PART_KIND_MAX) {
        goto fail;
    }
    name_bytes = (size_t)at[1] | (size_t)at[2] << 8;
    body_bytes = (size_t)at[3] | (size_t)at[4] << 8 | (size_t)at[5] << 16 | (size_t)at[6] << 24;
    left -= PART_HEADER_BYTES;
    if (name_bytes > MF_MODULE_NAME_BYTES_MAX || name_bytes > left || body_bytes > left - name_bytes) {
        goto fail;
    }
    ret_part->kind = (enum mf_part_kind)at[0];
    ret_part->name = mf_slice_of(at + PART_HEADER_BYTES, name_bytes);
    ret_part->body = mf_slice_of(at + PART_HEADER_BYTES + name_bytes, body_bytes);
    *cursor += PART_HEADER_BYTES + name_bytes + body_bytes;
    return 1;

fail:
    *cursor = bundle.size;
    return MF_E_WIRE;
}
