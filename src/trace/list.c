/* list.c - see internal.h. What is walked here was written by us, of texts that were escaped: no guest's bytes can end a string. */
#include "internal.h"

/* Behind the string that begins at |at|. */
static size_t skip_string(struct mf_slice text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++) {
        at += text.data[at] == '\\' ? 1 : 0;
    }
    return at < text.size ? at + 1 : text.size;
}

/* Behind the value that begins at |at|, at the comma or bracket that follows. */
static size_t skip_value(struct mf_slice text, size_t at)
{
    unsigned depth = 0;

    while (at < text.size) {
        uint8_t c = text.data[at];
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            break;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        at++;
    }
    return at;
}

struct mf_slice mf__list_next(struct mf_slice list, size_t *cursor)
{
    size_t begin = *cursor;
    size_t end;

    if (begin >= list.size) {
        return mf_slice_of(NULL, 0);
    }
    end = skip_value(list, begin);
    *cursor = end + 1;
    return mf_slice_of(list.data + begin, end - begin);
}

struct mf_slice mf__list_cut(struct mf_slice list, size_t bytes_max)
{
    struct mf_slice object;
    size_t cursor = 0;
    size_t size = 0;

    if (list.size <= bytes_max) {
        return list;
    }
    while ((object = mf__list_next(list, &cursor)).data != NULL && cursor - 1 <= bytes_max) {
        size = cursor - 1;
    }
    return mf_slice_of(list.data, size);
}

unsigned mf__list_count(struct mf_slice list)
{
    size_t cursor = 0;
    unsigned count = 0;

    while (mf__list_next(list, &cursor).data != NULL) {
        count++;
    }
    return count;
}

struct mf_slice mf__member_of(struct mf_slice object, const char *name)
{
    size_t at = 1;

    while (at < object.size && object.data[at] == '"') {
        size_t end = skip_string(object, at);
        struct mf_slice key = mf_slice_of(object.data + at + 1, end - at - 2);
        size_t value = end + 1;
        end = skip_value(object, value);
        if (mf_slice_equal_cstr(key, name)) {
            return mf_slice_of(object.data + value, end - value);
        }
        at = end + 1;
    }
    return mf_slice_of(NULL, 0);
}
