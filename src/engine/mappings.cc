#include "mappings.h"

namespace mf
{

#define FIELDS_MAX 5 /* Column, source, its line, its column, name. */

static int digit_of(uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        return byte - 'A';
    }
    if (byte >= 'a' && byte <= 'z') {
        return byte - 'a' + 26;
    }
    if (byte >= '0' && byte <= '9') {
        return byte - '0' + 52;
    }
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* One number from |at| on; false when it is none, or none of 32 bits. */
static bool read_number(mf_slice text, size_t *at, int64_t *ret_number)
{
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 35 && *at < text.size; shift += 5) {
        int digit = digit_of(text.data[*at]);
        if (digit < 0) {
            return false;
        }
        (*at)++;
        bits |= static_cast<uint64_t>(digit & 31) << shift;
        if ((digit & 32) == 0) {
            int64_t size = static_cast<int64_t>(bits >> 1);
            *ret_number = (bits & 1) != 0 ? -size : size;
            return true;
        }
    }
    return false;
}

static bool is_end(mf_slice text, size_t at)
{
    return at == text.size || text.data[at] == ',' || text.data[at] == ';';
}

/* One segment's numbers; how many, or -1. */
static int read_segment(mf_slice text, size_t *at, int64_t *fields)
{
    int count = 0;
    while (!is_end(text, *at)) {
        if (count == FIELDS_MAX || !read_number(text, at, &fields[count])) {
            return -1;
        }
        count++;
    }
    return count;
}

bool mappings_find(mf_slice mappings, int *line, int *column)
{
    int64_t generated_line = 1;
    int64_t generated_column = 0;
    int64_t source_line = 0;
    int64_t source_column = 0;
    bool is_found = false;
    for (size_t at = 0; generated_line <= *line; at++) {
        int64_t fields[FIELDS_MAX];
        int count = read_segment(mappings, &at, fields);
        if (count < 0) {
            return false;
        }
        if (count > 0) {
            generated_column += fields[0];
            if (generated_line == *line && generated_column >= *column) {
                break;
            }
        }
        if (count >= 4) {
            source_line += fields[2];
            source_column += fields[3];
            is_found = true;
        }
        if (at == mappings.size) {
            break;
        }
        if (mappings.data[at] == ';') {
            generated_line++;
            generated_column = 0;
        }
    }
    if (!is_found || source_line < 0 || source_line >= INT32_MAX || source_column < 0 ||
        source_column >= INT32_MAX) {
        return false;
    }
    *line = static_cast<int>(source_line) + 1;
    *column = static_cast<int>(source_column) + 1;
    return true;
}

} // namespace mf
