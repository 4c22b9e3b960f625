#include "host.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>

#define LABEL_BYTES_MAX 63

static bool is_hex(uint8_t c)
{
    return mf_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Dotted decimal and nothing else: four numbers up to 255 without leading zeros. */
static bool read_v4(struct mf_slice text, uint8_t address[4])
{
    size_t at = 0;

    for (int i = 0; i < 4; i++) {
        unsigned number = 0;
        size_t digits = 0;
        for (; at < text.size && mf_is_digit(text.data[at]) && digits < 3; at++, digits++) {
            number = number * 10 + (unsigned)(text.data[at] - '0');
        }
        if (digits == 0 || number > 255 || (digits > 1 && text.data[at - digits] == '0')) {
            return false;
        }
        address[i] = (uint8_t)number;
        if (i < 3 && (at >= text.size || text.data[at++] != '.')) {
            return false;
        }
    }
    return at == text.size;
}

/* Where the longest run of two or more zero groups begins, and how long it is. */
static void find_zeros(const uint8_t address[16], int *ret_start, int *ret_count)
{
    int start = 0;
    int count = 0;

    *ret_start = -1;
    *ret_count = 1;
    for (int i = 0; i < 8; i++) {
        if (address[2 * i] != 0 || address[2 * i + 1] != 0) {
            count = 0;
            continue;
        }
        start = count == 0 ? i : start;
        if (++count > *ret_count) {
            *ret_start = start;
            *ret_count = count;
        }
    }
}

/* The URL Standard's serialiser: lower case, the first longest run of zeros shortened, never a dotted tail. */
static void write_v6(struct mf__host *host)
{
    char *to = host->text;
    const char *end = host->text + sizeof host->text;
    int zeros;
    int count;

    find_zeros(host->address, &zeros, &count);
    *to++ = '[';
    for (int i = 0; i < 8; i++) {
        if (i == zeros) {
            to += snprintf(to, (size_t)(end - to), "%s", i == 0 ? "::" : ":");
            i += count - 1;
            continue;
        }
        int piece = (host->address[2 * i] << 8) | host->address[2 * i + 1];
        to += snprintf(to, (size_t)(end - to), i < 7 ? "%x:" : "%x", piece);
    }
    *to++ = ']';
    *to = '\0';
    host->size = (size_t)(to - host->text);
}

/* |text| without its brackets. inet_pton knows no zones and takes no other spelling than RFC 4291's. */
static bool read_v6(struct mf_slice text, struct mf__host *host)
{
    char copy[INET6_ADDRSTRLEN];

    if (text.size >= sizeof copy || memchr(text.data, 0, text.size) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET6, copy, host->address) != 1) {
        return false;
    }
    host->kind = MF__HOST_V6;
    write_v6(host);
    return true;
}

/* The URL Standard reads a host whose last label is a number as an IPv4 address, whatever stands before it. */
static bool ends_in_number(struct mf_slice label)
{
    size_t digits = 0;
    size_t hex = 2;

    while (digits < label.size && mf_is_digit(label.data[digits])) {
        digits++;
    }
    if (digits == label.size) {
        return true;
    }
    while (hex < label.size && is_hex(label.data[hex])) {
        hex++;
    }
    return label.size >= 2 && label.data[0] == '0' && (label.data[1] | 0x20) == 'x' && hex >= label.size;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || mf_is_digit(c) || c == '-' || c == '_';
}

/* Labels of letters, digits, "-" and "_" (which real names have), none of them empty, no dot at the end. */
static bool is_name(struct mf_slice text)
{
    size_t start = 0;

    if (text.size == 0 || text.size > MF__HOST_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '.') {
            if (!is_name_byte(text.data[i])) {
                return false;
            }
            continue;
        }
        if (i == start || i - start > LABEL_BYTES_MAX) {
            return false;
        }
        if (i == text.size) {
            return !ends_in_number(mf_slice_of(text.data + start, i - start));
        }
        start = i + 1;
    }
    return false;
}

static void set_text(struct mf__host *host, struct mf_slice text)
{
    memcpy(host->text, text.data, text.size);
    host->text[text.size] = '\0';
    host->size = text.size;
}

int mf__host_parse(struct mf_slice text, struct mf__host *ret_host)
{
    struct mf__host host = {.kind = MF__HOST_NAME};

    if (text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']') {
        if (!read_v6(mf_slice_of(text.data + 1, text.size - 2), &host) ||
            !mf_slice_equal_cstr(text, host.text)) {
            return MF_E_INVALID;
        }
    } else if (text.size <= 15 && read_v4(text, host.address)) {
        host.kind = MF__HOST_V4;
        set_text(&host, text);
    } else if (is_name(text)) {
        set_text(&host, text);
    } else {
        return MF_E_INVALID;
    }
    *ret_host = host;
    return 0;
}

/* libidn2 maps case, full-width forms and the ideographic dots, and refuses what IDNA 2008 does not know. */
static int to_ascii(struct mf_slice text, struct mf__host *ret_host)
{
    char copy[4 * MF__HOST_BYTES_MAX + 1];
    char *ascii = NULL;
    int rc;

    if (text.size >= sizeof copy || memchr(text.data, 0, text.size) != NULL) {
        return MF_E_INVALID;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    rc = idn2_to_ascii_8z(copy, &ascii, IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) {
        return rc == IDN2_MALLOC ? MF_E_NO_MEMORY : MF_E_INVALID;
    }
    rc = mf__host_parse(mf_slice_of_cstr(ascii), ret_host);
    idn2_free(ascii);
    return rc;
}

int mf__host_parse_written(struct mf_slice text, struct mf__host *ret_host)
{
    struct mf__host host = {.kind = MF__HOST_NAME};
    char lower[MF__HOST_BYTES_MAX];
    bool is_ascii = true;
    bool is_bracketed = text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']';

    if (is_bracketed || memchr(text.data, ':', text.size) != NULL) {
        size_t edge = is_bracketed ? 1 : 0;
        if (!read_v6(mf_slice_of(text.data + edge, text.size - 2 * edge), &host)) {
            return MF_E_INVALID;
        }
        *ret_host = host;
        return 0;
    }
    for (size_t i = 0; i < text.size; i++) {
        is_ascii = is_ascii && text.data[i] < 0x80;
    }
    if (!is_ascii) {
        return to_ascii(text, ret_host);
    }
    if (text.size > sizeof lower) {
        return MF_E_INVALID;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return mf__host_parse(mf_slice_of(lower, text.size), ret_host);
}

bool mf__host_equal(const struct mf__host *a, const struct mf__host *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}
