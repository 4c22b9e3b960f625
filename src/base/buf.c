/* buf.c - growing bytes that know their maximum. */
#include <mayfly/base.h>

#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_FIRST_BYTES 64u

void mf_buf_init(struct mf_buf *buf, size_t bytes_max)
{
    *buf = (struct mf_buf){NULL, 0, 0, bytes_max};
}

void mf_buf_done(struct mf_buf *buf)
{
    free(buf->data);
    *buf = (struct mf_buf){NULL, 0, 0, buf->bytes_max};
}

void mf_buf_reset(struct mf_buf *buf)
{
    buf->size = 0;
}

/* Doubling, but never past the maximum. */
static size_t capacity_for(const struct mf_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity > 0 ? buf->capacity : CAPACITY_FIRST_BYTES;
    while (capacity < needed) {
        if (capacity > buf->bytes_max / 2) {
            return buf->bytes_max;
        }
        capacity *= 2;
    }
    return capacity < buf->bytes_max ? capacity : buf->bytes_max;
}

int mf_buf_reserve(struct mf_buf *buf, size_t more)
{
    if (more > buf->bytes_max || buf->size > buf->bytes_max - more) {
        return MF_E_TOO_LARGE;
    }
    size_t needed = buf->size + more;
    if (needed <= buf->capacity && buf->data != NULL) {
        return 0;
    }
    size_t capacity = capacity_for(buf, needed);
    if (capacity == SIZE_MAX) {
        return MF_E_NO_MEMORY;
    }
    /* One byte more than we say: vsnprintf insists on its NUL. */
    uint8_t *data = realloc(buf->data, capacity + 1);
    if (data == NULL) {
        return MF_E_NO_MEMORY;
    }
    buf->data = data;
    buf->capacity = capacity;
    return 0;
}

int mf_buf_append(struct mf_buf *buf, const void *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    int error = mf_buf_reserve(buf, size);
    if (error < 0) {
        return error;
    }
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    return 0;
}

int mf_buf_append_slice(struct mf_buf *buf, struct mf_slice slice)
{
    return mf_buf_append(buf, slice.data, slice.size);
}

int mf_buf_append_cstr(struct mf_buf *buf, const char *text)
{
    return mf_buf_append(buf, text, strlen(text));
}

int mf_buf_printf(struct mf_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0) {
        return MF_E_INVALID;
    }
    int error = mf_buf_reserve(buf, (size_t)size);
    if (error < 0) {
        return error;
    }
    va_start(args, format);
    (void)vsnprintf((char *)buf->data + buf->size, (size_t)size + 1, format, args);
    va_end(args);
    buf->size += (size_t)size;
    return 0;
}

void mf_buf_consume(struct mf_buf *buf, size_t size)
{
    MF_ASSERT(size <= buf->size);
    buf->size -= size;
    if (buf->size > 0 && size > 0) {
        memmove(buf->data, buf->data + size, buf->size);
    }
}

struct mf_slice mf_buf_peek(const struct mf_buf *buf)
{
    return mf_slice_of(buf->data, buf->size);
}

uint8_t *mf_buf_take(struct mf_buf *buf, size_t *ret_size)
{
    *ret_size = buf->size;
    if (buf->size == 0) {
        return NULL;
    }
    uint8_t *data = buf->data;
    mf_buf_init(buf, buf->bytes_max);
    return data;
}
