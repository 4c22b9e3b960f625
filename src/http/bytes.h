/* bytes.h - what a byte may be in HTTP (RFC 9110 5.6.2, 5.5), as one table. */
#ifndef MAYFLY_HTTP_BYTES_H
#define MAYFLY_HTTP_BYTES_H

#include <mayfly/base.h>

enum byte_class {
    BYTE_TOKEN = 1u << 0,  /* In a header name or a method. */
    BYTE_VALUE = 1u << 1,  /* In a header value: all but controls; tab may stand there. */
    BYTE_TARGET = 1u << 2, /* In a request target: visible ASCII but "#". */
    BYTE_HOST = 1u << 3,   /* In Host: letters, digits and what names, ports and IP literals need. */
    BYTE_DIGIT = 1u << 4,
};

extern const uint8_t mf__byte_classes[256];

static inline bool byte_is(uint8_t byte, enum byte_class class)
{
    return (mf__byte_classes[byte] & class) != 0;
}

static inline bool bytes_are(struct mf_slice bytes, enum byte_class class)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (!byte_is(bytes.data[i], class)) {
            return false;
        }
    }
    return true;
}

static inline bool byte_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static inline uint8_t byte_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static inline bool is_header_name(struct mf_slice name)
{
    return name.size > 0 && bytes_are(name, BYTE_TOKEN);
}

static inline bool is_header_value(struct mf_slice value)
{
    return bytes_are(value, BYTE_VALUE) &&
           (value.size == 0 || (!byte_is_blank(value.data[0]) && !byte_is_blank(value.data[value.size - 1])));
}

#endif
