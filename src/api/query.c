#include "query.h"

static int unescape(struct mf_slice text, struct mf_buf *out)
{
    int rc = 0;

    mf_buf_reset(out);
    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        uint8_t byte = text.data[i] == '+' ? ' ' : text.data[i];
        if (byte == '%') {
            int high = i + 1 < text.size ? mf_hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? mf_hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return MF_E_API_FIELD;
            }
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        }
        rc = byte == 0 ? MF_E_API_FIELD : mf_buf_append(out, &byte, 1);
    }
    return rc == 0 && mf_slice_is_utf8(mf_buf_peek(out)) ? 0 : MF_E_API_FIELD;
}

int mf__query_next(struct mf_slice query, size_t *cursor, struct mf_buf *ret_name, struct mf_buf *ret_value)
{
    size_t begin = *cursor;

    while (begin < query.size && query.data[begin] == '&') {
        begin++;
    }
    if (begin >= query.size) {
        return 0;
    }
    size_t end = begin;
    size_t equal = query.size;
    for (; end < query.size && query.data[end] != '&'; end++) {
        equal = query.data[end] == '=' && equal == query.size ? end : equal;
    }
    equal = equal < end ? equal : end;
    size_t value = equal < end ? equal + 1 : end;
    *cursor = end;
    int rc = unescape(mf_slice_of(query.data + begin, equal - begin), ret_name);
    if (rc == 0) {
        rc = unescape(mf_slice_of(query.data + value, end - value), ret_value);
    }
    return rc < 0 ? rc : 1;
}
