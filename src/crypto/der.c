#include "der.h"

/* ---- reading -------------------------------------------------------------------------------- */

bool der_take(struct mf_slice *rest, uint8_t tag, struct mf_slice *ret_contents)
{
    size_t head = 2;
    size_t length;

    if (rest->size < 2 || rest->data[0] != tag) {
        return false;
    }
    length = rest->data[1];
    if (length >= 0x80) {
        size_t bytes = length & 0x7f;
        if (bytes == 0 || bytes > 3 || rest->size < 2 + bytes) {
            return false;
        }
        length = 0;
        for (size_t i = 0; i < bytes; i++) {
            length = length << 8 | rest->data[2 + i];
        }
        if (length < 0x80 || length >> 8 * (bytes - 1) == 0) {
            return false; /* It would have fitted in less. */
        }
        head += bytes;
    }
    if (length > rest->size - head) {
        return false;
    }
    *ret_contents = mf_slice_of(rest->data + head, length);
    rest->data += head + length;
    rest->size -= head + length;
    return true;
}

bool der_take_uint(struct mf_slice *rest, struct mf_slice *ret_number)
{
    struct mf_slice after = *rest;
    struct mf_slice number;

    if (!der_take(&after, DER_INTEGER, &number) || number.size == 0 || number.data[0] >= 0x80) {
        return false;
    }
    if (number.data[0] == 0) {
        if (number.size > 1 && number.data[1] < 0x80) {
            return false;
        }
        number = mf_slice_of(number.data + 1, number.size - 1);
    }
    *rest = after;
    *ret_number = number;
    return true;
}

bool der_take_bits(struct mf_slice *rest, uint8_t tag, struct mf_slice *ret_bytes)
{
    struct mf_slice after = *rest;
    struct mf_slice bits;

    if (!der_take(&after, tag, &bits) || bits.size == 0 || bits.data[0] != 0) {
        return false;
    }
    *rest = after;
    *ret_bytes = mf_slice_of(bits.data + 1, bits.size - 1);
    return true;
}

bool der_take_same(struct mf_slice *rest, uint8_t tag, struct mf_slice contents)
{
    struct mf_slice after = *rest;
    struct mf_slice found;

    if (!der_take(&after, tag, &found) || !mf_slice_equal(found, contents)) {
        return false;
    }
    *rest = after;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

void der_begin(struct der_writer *writer)
{
    writer->free = sizeof(writer->memory);
}

size_t der_mark(const struct der_writer *writer)
{
    return sizeof(writer->memory) - writer->free;
}

void der_put(struct der_writer *writer, struct mf_slice bytes)
{
    MF_ASSERT(bytes.size <= writer->free); /* The largest key has a third of it. */
    writer->free -= bytes.size;
    if (bytes.size > 0) {
        memcpy(writer->memory + writer->free, bytes.data, bytes.size);
    }
}

static void put_byte(struct der_writer *writer, uint8_t byte)
{
    der_put(writer, mf_slice_of(&byte, 1));
}

void der_put_header(struct der_writer *writer, uint8_t tag, size_t mark)
{
    size_t length = der_mark(writer) - mark;

    put_byte(writer, (uint8_t)length);
    if (length >= 0x80) {
        uint8_t bytes = 1;
        for (size_t rest = length >> 8; rest > 0; rest >>= 8) {
            put_byte(writer, (uint8_t)rest);
            bytes++;
        }
        put_byte(writer, 0x80 | bytes);
    }
    put_byte(writer, tag);
}

void der_put_element(struct der_writer *writer, uint8_t tag, struct mf_slice contents)
{
    size_t mark = der_mark(writer);

    der_put(writer, contents);
    der_put_header(writer, tag, mark);
}

void der_put_uint(struct der_writer *writer, struct mf_slice number)
{
    size_t mark = der_mark(writer);

    der_put(writer, number);
    if (number.size == 0 || number.data[0] >= 0x80) {
        put_byte(writer, 0);
    }
    der_put_header(writer, DER_INTEGER, mark);
}

struct mf_slice der_written(const struct der_writer *writer)
{
    return mf_slice_of(writer->memory + writer->free, der_mark(writer));
}
