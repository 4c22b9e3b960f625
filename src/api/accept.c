/* accept.c - see accept.h. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1, as far as two kinds of answer need it. */
#include "accept.h"

/* Takes what stands before |mark| off the front of |rest|; all of it when there is no mark. */
static struct mf_slice cut(struct mf_slice *rest, uint8_t mark)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, mark, rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    struct mf_slice part = mf_slice_of(rest->data, size);

    *rest = end == NULL ? mf_slice_of(rest->data + size, 0) : mf_slice_of(end + 1, rest->size - size - 1);
    return mf_slice_trim(part);
}

/* "0.25" to 250; what is no weight counts as 1. */
static uint32_t parse_weight(struct mf_slice text)
{
    uint32_t weight = 0;
    uint32_t unit = 1000;

    for (size_t i = 0; i < text.size; i++) {
        if (i == 1 && text.data[i] == '.') {
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9' || i > 4) {
            return 1000;
        }
        weight += (uint32_t)(text.data[i] - '0') * unit;
        unit /= 10;
    }
    return text.size > 0 && weight <= 1000 ? weight : 1000;
}

static uint32_t weight_of(struct mf_slice parameters)
{
    while (parameters.size > 0) {
        struct mf_slice parameter = cut(&parameters, ';');
        if (parameter.size >= 2 && (parameter.data[0] | 0x20) == 'q' && parameter.data[1] == '=') {
            return parse_weight(mf_slice_of(parameter.data + 2, parameter.size - 2));
        }
    }
    return 1000;
}

static void raise_to(int64_t *weight, uint32_t to)
{
    if (*weight < (int64_t)to) {
        *weight = to;
    }
}

bool mf__accept_wants_json(struct mf_slice accept, bool is_standard)
{
    int64_t json = -1;  /* application/json itself. */
    int64_t other = -1; /* Any other type: only the worker may have it. */
    int64_t any = -1;   /* Both. */

    while (accept.size > 0) {
        struct mf_slice range = cut(&accept, ',');
        struct mf_slice type = cut(&range, ';');
        uint32_t weight = weight_of(range);
        if (mf_slice_equal_nocase(type, "application/json")) {
            raise_to(&json, weight);
        } else if (mf_slice_equal_cstr(type, "*/*") || mf_slice_equal_nocase(type, "application/*")) {
            raise_to(&any, weight);
        } else if (type.size > 0) {
            raise_to(&other, weight);
        }
    }
    json = json < 0 ? any : json;
    other = other < 0 ? any : other;
    return json == other ? is_standard : json > other;
}
