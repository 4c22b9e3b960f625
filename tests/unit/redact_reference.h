/* redact_reference.h - what redact.h promises, done the slow way: each reading of the text is written out, each form of each
 * secret is searched for everywhere, and what was found is cut out. Also for the fuzz target. */
#ifndef MAYFLY_TESTS_REDACT_REFERENCE_H
#define MAYFLY_TESTS_REDACT_REFERENCE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mayfly/base.h>

/* Without padding. */
static size_t reference_base64(const uint8_t *bytes, size_t size, const char *last_two, uint8_t *to)
{
    char digits[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t count = 0;
    unsigned bits = 0;
    int bits_count = 0;

    memcpy(digits + 62, last_two, 3);
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        for (bits_count += 8; bits_count >= 6; bits_count -= 6) {
            to[count++] = (uint8_t)digits[bits >> (bits_count - 6) & 63];
        }
    }
    if (bits_count > 0) {
        to[count++] = (uint8_t)digits[bits << (6 - bits_count) & 63];
    }
    return count;
}

/* A decoded text, and where each of its bytes came from. */
struct reading {
    uint8_t *bytes;
    size_t *begins;
    size_t *ends;
    size_t count;
};

static void add_unit(struct reading *reading, unsigned byte, size_t begin, size_t end)
{
    reading->bytes[reading->count] = (uint8_t)byte;
    reading->begins[reading->count] = begin;
    reading->ends[reading->count++] = end;
}

static bool scan_hex(struct mf_slice text, size_t at, int digits, unsigned *ret_value)
{
    char copy[8] = "";
    char *end;

    if (at + (size_t)digits > text.size) {
        return false;
    }
    for (int i = 0; i < digits; i++) {
        copy[i] = (char)text.data[at + (size_t)i];
        if (copy[i] == '\0' || strchr("0123456789abcdefABCDEF", copy[i]) == NULL) {
            return false;
        }
    }
    *ret_value = (unsigned)strtoul(copy, &end, 16);
    return true;
}

static void add_code(struct reading *reading, unsigned code, size_t begin, size_t end)
{
    if (code < 0x80) {
        add_unit(reading, code, begin, end);
    } else if (code < 0x800) {
        add_unit(reading, 0xc0 | code >> 6, begin, end);
        add_unit(reading, 0x80 | (code & 63), begin, end);
    } else if (code < 0x10000) {
        add_unit(reading, 0xe0 | code >> 12, begin, end);
        add_unit(reading, 0x80 | (code >> 6 & 63), begin, end);
        add_unit(reading, 0x80 | (code & 63), begin, end);
    } else {
        add_unit(reading, 0xf0 | code >> 18, begin, end);
        add_unit(reading, 0x80 | (code >> 12 & 63), begin, end);
        add_unit(reading, 0x80 | (code >> 6 & 63), begin, end);
        add_unit(reading, 0x80 | (code & 63), begin, end);
    }
}

/* Bytes of the escape at |at|, or 0. */
static size_t read_json_escape(struct mf_slice text, size_t at, unsigned *ret_code)
{
    static const char *const simple[] = {"\"\"", "\\\\", "//", "''", "b\b", "f\f", "n\n", "r\r", "t\t"};
    unsigned low;

    if (at + 1 >= text.size) {
        return 0;
    }
    for (size_t i = 0; i < MF_COUNT_OF(simple); i++) {
        if (text.data[at + 1] == (uint8_t)simple[i][0]) {
            *ret_code = (uint8_t)simple[i][1];
            return 2;
        }
    }
    if (text.data[at + 1] == 'x') {
        return scan_hex(text, at + 2, 2, ret_code) ? 4 : 0;
    }
    if (text.data[at + 1] != 'u' || !scan_hex(text, at + 2, 4, ret_code)) {
        return 0;
    }
    if (*ret_code < 0xd800 || *ret_code > 0xdfff) {
        return 6;
    }
    if (*ret_code > 0xdbff || at + 12 > text.size || text.data[at + 6] != '\\' || text.data[at + 7] != 'u' ||
        !scan_hex(text, at + 8, 4, &low) || low < 0xdc00 || low > 0xdfff) {
        return 0;
    }
    *ret_code = 0x10000 + ((*ret_code & 0x3ff) << 10 | (low & 0x3ff));
    return 12;
}

enum reading_kind { READ_PLAIN, READ_PERCENT, READ_FORM, READ_JSON };

static void read_as(enum reading_kind kind, struct mf_slice text, struct reading *reading)
{
    reading->count = 0;
    for (size_t at = 0; at < text.size;) {
        unsigned code = text.data[at];
        size_t size = 0;
        if ((kind == READ_PERCENT || kind == READ_FORM) && code == '%' && scan_hex(text, at + 1, 2, &code)) {
            add_unit(reading, code, at, at + 3);
            at += 3;
            continue;
        }
        if (kind == READ_JSON && code == '\\' && (size = read_json_escape(text, at, &code)) > 0) {
            add_code(reading, code, at, at + size);
            at += size;
            continue;
        }
        add_unit(reading, kind == READ_FORM && text.data[at] == '+' ? ' ' : text.data[at], at, at + 1);
        at++;
    }
}

/* Marks in |hits| at each byte of |text|: 1 a find covers it and the byte before it together, 2 one begins here. */
static void search(const struct reading *reading, struct mf_slice needle, uint8_t *covered, uint8_t *joined)
{
    for (size_t i = 0; i + needle.size <= reading->count; i++) {
        if (memcmp(reading->bytes + i, needle.data, needle.size) != 0) {
            continue;
        }
        size_t begin = reading->begins[i];
        size_t end = reading->ends[i + needle.size - 1];
        for (size_t at = begin; at < end; at++) {
            covered[at] = 1;
            joined[at] |= at > begin;
        }
    }
}

static void
search_forms(const struct reading *reading, struct mf_slice secret, uint8_t *covered, uint8_t *joined)
{
    uint8_t *padded = calloc(1, secret.size + 4);
    uint8_t *form = calloc(1, 2 * secret.size + 16);

    search(reading, secret, covered, joined);
    for (size_t before = 0; before < 3; before++) {
        for (int url = 0; url < 2; url++) {
            memcpy(padded + before, secret.data, secret.size);
            reference_base64(padded, before + secret.size, url ? "-_" : "+/", form);
            size_t first = before == 0 ? 0 : before + 1; /* 8 bits are 1 1/3 characters, 16 are 2 2/3. */
            size_t end = (before + secret.size) * 8 / 6;
            search(reading, mf_slice_of(form + first, end - first), covered, joined);
        }
    }
    for (int upper = 0; upper < 2; upper++) {
        for (size_t i = 0; i < secret.size; i++) {
            (void)snprintf((char *)form + 2 * i, 3, upper ? "%02X" : "%02x", secret.data[i]);
        }
        search(reading, mf_slice_of(form, 2 * secret.size), covered, joined);
    }
    free(padded);
    free(form);
}

static void reference_redact(const struct mf_slice *secrets,
                             size_t secrets_count,
                             struct mf_slice text,
                             struct mf_buf *ret_text,
                             uint64_t *ret_count)
{
    struct reading reading = {.bytes = malloc(4 * text.size + 4),
                              .begins = malloc((4 * text.size + 4) * sizeof(size_t)),
                              .ends = malloc((4 * text.size + 4) * sizeof(size_t))};
    uint8_t *covered = calloc(1, text.size + 1);
    uint8_t *joined = calloc(1, text.size + 1);

    for (int kind = READ_PLAIN; kind <= READ_JSON; kind++) {
        read_as((enum reading_kind)kind, text, &reading);
        for (size_t i = 0; i < secrets_count; i++) {
            search_forms(&reading, secrets[i], covered, joined);
        }
    }
    for (size_t at = 0; at < text.size; at++) {
        if (!covered[at]) {
            mf_ignore(mf_buf_append(ret_text, text.data + at, 1));
        } else if (!joined[at]) {
            mf_ignore(mf_buf_append_cstr(ret_text, "[redacted]"));
            *ret_count += 1;
        }
    }
    free(reading.bytes);
    free(reading.begins);
    free(reading.ends);
    free(covered);
    free(joined);
}

#endif
