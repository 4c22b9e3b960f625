#include "json_text.h"

#define DEPTH_WORDS (MF_JSON_TEXT_DEPTH_MAX / 64)

/* What stands around the place that is read: a bit for each level, 1 for an object. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    size_t depth;
    uint64_t is_object[DEPTH_WORDS];
};

static bool in_object(const struct reader *reader)
{
    size_t level = reader->depth - 1;

    return (reader->is_object[level / 64] >> level % 64 & 1) != 0;
}

static bool enter(struct reader *reader, bool is_object)
{
    size_t level = reader->depth;

    if (level == MF_JSON_TEXT_DEPTH_MAX) {
        return false;
    }
    reader->is_object[level / 64] &= ~(UINT64_C(1) << level % 64);
    reader->is_object[level / 64] |= (uint64_t)is_object << level % 64;
    reader->depth++;
    return true;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r')) {
        reader->at++;
    }
}

static bool take(struct reader *reader, uint8_t byte)
{
    if (reader->at == reader->end || *reader->at != byte) {
        return false;
    }
    reader->at++;
    return true;
}

static bool take_digits(struct reader *reader)
{
    const uint8_t *from = reader->at;

    while (reader->at < reader->end && mf_is_digit(*reader->at)) {
        reader->at++;
    }
    return reader->at > from;
}

static bool read_number(struct reader *reader)
{
    (void)take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader)) {
        return false;
    }
    if (take(reader, '.') && !take_digits(reader)) {
        return false;
    }
    if (take(reader, 'e') || take(reader, 'E')) {
        (void)(take(reader, '+') || take(reader, '-'));
        return take_digits(reader);
    }
    return true;
}

static bool read_escape(struct reader *reader)
{
    if (reader->at == reader->end) {
        return false;
    }
    if (*reader->at != 'u') {
        return memchr("\"\\/bfnrt", *reader->at++, 8) != NULL;
    }
    reader->at++;
    for (int i = 0; i < 4; i++) {
        if (reader->at == reader->end || mf_hex_digit(*reader->at++) < 0) {
            return false;
        }
    }
    return true;
}

/* Behind its first quote. */
static bool read_string(struct reader *reader)
{
    while (reader->at < reader->end) {
        uint8_t byte = *reader->at++;
        if (byte == '"') {
            return true;
        }
        if (byte < 0x20 || (byte == '\\' && !read_escape(reader))) {
            return false;
        }
    }
    return false;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0) {
        return false;
    }
    reader->at += size;
    return true;
}

static bool read_scalar(struct reader *reader)
{
    switch (reader->at == reader->end ? 0 : *reader->at) {
    case '"':
        reader->at++;
        return read_string(reader);
    case 't':
        return read_word(reader, "true");
    case 'f':
        return read_word(reader, "false");
    case 'n':
        return read_word(reader, "null");
    default:
        return read_number(reader);
    }
}

static bool read_key(struct reader *reader)
{
    skip_blanks(reader);
    if (!take(reader, '"') || !read_string(reader)) {
        return false;
    }
    skip_blanks(reader);
    return take(reader, ':');
}

/* Where a value stands: a scalar is read, a container is entered up to its first value. *ret_is_whole: the value is over. */
static bool begin_value(struct reader *reader, bool *ret_is_whole)
{
    skip_blanks(reader);
    bool is_object = take(reader, '{');
    if (!is_object && !take(reader, '[')) {
        *ret_is_whole = true;
        return read_scalar(reader);
    }
    skip_blanks(reader);
    if (take(reader, is_object ? '}' : ']')) {
        *ret_is_whole = true;
        return true;
    }
    *ret_is_whole = false;
    return enter(reader, is_object) && (!is_object || read_key(reader));
}

/* Behind a whole value: ends containers, up to where another value stands or none is left. */
static bool end_value(struct reader *reader)
{
    while (reader->depth > 0) {
        bool is_object = in_object(reader);
        skip_blanks(reader);
        if (take(reader, ',')) {
            return !is_object || read_key(reader);
        }
        if (!take(reader, is_object ? '}' : ']')) {
            return false;
        }
        reader->depth--;
    }
    return true;
}

static bool read_value(struct reader *reader)
{
    bool is_whole;

    do {
        if (!begin_value(reader, &is_whole) || (is_whole && !end_value(reader))) {
            return false;
        }
    } while (reader->depth > 0);
    return true;
}

static struct reader reader_of(struct mf_slice text)
{
    return (struct reader){.at = text.data, .end = text.data + text.size};
}

int mf__json_text_check(struct mf_slice text, struct mf_slice *ret_value)
{
    struct reader reader = reader_of(text);

    if (text.size == 0 || !mf_slice_is_utf8(text)) {
        return MF_E_API_JSON;
    }
    skip_blanks(&reader);
    const uint8_t *begin = reader.at;
    if (!read_value(&reader)) {
        return MF_E_API_JSON;
    }
    const uint8_t *end = reader.at;
    skip_blanks(&reader);
    if (reader.at != reader.end) {
        return MF_E_API_JSON;
    }
    if (ret_value != NULL) {
        *ret_value = mf_slice_of(begin, (size_t)(end - begin));
    }
    return 0;
}

bool mf__json_text_is_line(struct mf_slice text)
{
    return memchr(text.data, '\n', text.size) == NULL && memchr(text.data, '\r', text.size) == NULL;
}

int mf__json_text_next(struct mf_slice object,
                       size_t *cursor,
                       struct mf_slice *ret_key,
                       struct mf_slice *ret_value)
{
    struct reader reader = reader_of(object);

    if (object.size == 0 || object.data[0] != '{') {
        return 0;
    }
    reader.at += *cursor == 0 ? 1 : *cursor;
    skip_blanks(&reader);
    (void)take(&reader, ',');
    skip_blanks(&reader);
    if (!take(&reader, '"')) {
        return 0; /* The end. */
    }
    const uint8_t *key = reader.at;
    bool is_fine = read_string(&reader);
    *ret_key = mf_slice_of(key, (size_t)(reader.at - key) - 1);
    skip_blanks(&reader);
    is_fine = is_fine && take(&reader, ':');
    skip_blanks(&reader);
    const uint8_t *value = reader.at;
    is_fine = is_fine && read_value(&reader);
    MF_ASSERT(is_fine); /* It was checked. */
    *ret_value = mf_slice_of(value, (size_t)(reader.at - value));
    *cursor = (size_t)(reader.at - object.data);
    return 1;
}

int mf__json_text_item(struct mf_slice array, size_t *cursor, struct mf_slice *ret_value)
{
    struct reader reader = reader_of(array);

    if (array.size == 0 || array.data[0] != '[') {
        return 0;
    }
    reader.at += *cursor == 0 ? 1 : *cursor;
    skip_blanks(&reader);
    (void)take(&reader, ',');
    skip_blanks(&reader);
    if (take(&reader, ']')) {
        return 0;
    }
    const uint8_t *value = reader.at;
    bool is_fine = read_value(&reader);
    MF_ASSERT(is_fine); /* It was checked. */
    *ret_value = mf_slice_of(value, (size_t)(reader.at - value));
    *cursor = (size_t)(reader.at - array.data);
    return 1;
}
