/* Secrets in a stream: every form, cut at every byte, against a slow search that shares no code with the fast one. */
#include "redact.h"

#include <time.h>

#include "check.h"
#include "redact_reference.h"

static struct mf_buf out;

/* |text| through the matcher in pieces of |step| bytes; 0: all at once. */
static int
redact(struct mf__needles *needles, struct mf_slice text, size_t step, bool blocks, uint64_t *ret_count)
{
    struct mf__redact *stream = mf__redact_new(needles, blocks);
    int rc = 0;

    mf_buf_reset(&out);
    step = step == 0 ? text.size + 1 : step;
    for (size_t at = 0; rc == 0 && at < text.size; at += step) {
        rc = mf__redact_feed(
            stream, mf_slice_of(text.data + at, step < text.size - at ? step : text.size - at), &out);
    }
    if (rc == 0) {
        rc = mf__redact_end(stream, &out);
    }
    *ret_count = mf__redact_count(stream);
    mf__redact_free(stream);
    return rc;
}

static struct mf__needles *needles_of(const char *const *secrets, size_t count)
{
    struct mf__needles *needles = mf__needles_new();

    for (size_t i = 0; i < count; i++) {
        bool is_short = true;
        MF_CHECK_INT(mf__needles_add(needles, mf_slice_of_cstr(secrets[i]), &is_short), 0);
        MF_CHECK(!is_short);
    }
    MF_CHECK_INT(mf__needles_compile(needles), 0);
    return needles;
}

static void expect(const char *secret, struct mf_slice text, const char *expected, uint64_t expected_count)
{
    struct mf__needles *needles = needles_of(&secret, 1);
    uint64_t count;

    for (size_t step = 0; step <= text.size; step++) {
        MF_CHECK_INT(redact(needles, text, step, false, &count), 0);
        MF_CHECK_TEXT(mf_buf_peek(&out), expected);
        MF_CHECK_INT(count, expected_count);
    }
    /* Cut in two at every byte: nothing of the secret may leave with the first part. */
    for (size_t at = 0; at <= text.size; at++) {
        struct mf__redact *stream = mf__redact_new(needles, false);
        mf_buf_reset(&out);
        MF_CHECK_INT(mf__redact_feed(stream, mf_slice_of(text.data, at), &out), 0);
        MF_CHECK(out.size <= strlen(expected) &&
                 memcmp(out.data == NULL ? (const uint8_t *)"" : out.data, expected, out.size) == 0);
        MF_CHECK_INT(mf__redact_feed(stream, mf_slice_of(text.data + at, text.size - at), &out), 0);
        MF_CHECK_INT(mf__redact_end(stream, &out), 0);
        MF_CHECK_TEXT(mf_buf_peek(&out), expected);
        mf__redact_free(stream);
    }
    MF_CHECK_INT(redact(needles, text, 0, true, &count), expected_count > 0 ? MF_E_OUTBOUND_ECHO : 0);
    MF_CHECK_INT(redact(needles, text, 1, true, &count), expected_count > 0 ? MF_E_OUTBOUND_ECHO : 0);
    mf__needles_unref(needles);
}

static void expect_text(const char *secret, const char *text, const char *expected, uint64_t count)
{
    expect(secret, mf_slice_of_cstr(text), expected, count);
}

#define SECRET "s3cr/t+k~y=\xc3\xbc\"\xf0\x9f\x98\x80!"

static void finds_the_bytes(void)
{
    expect_text(SECRET, "", "", 0);
    expect_text(SECRET, SECRET, "[redacted]", 1);
    expect_text(SECRET, "a" SECRET "b", "a[redacted]b", 1);
    expect_text(SECRET, SECRET SECRET "x" SECRET, "[redacted][redacted]x[redacted]", 3);
    expect_text(SECRET, "s3cr/t+k~y=", "s3cr/t+k~y=", 0);
    expect_text(SECRET, "s3cr/t+s3cr/t" SECRET "s3cr", "s3cr/t+s3cr/t[redacted]s3cr", 1);
    expect_text("abcabcabd", "abcabcabcabd", "abc[redacted]", 1);
    expect_text("aaaaaaaa", "aaaaaaaaaaaaaaaaaaaaab", "[redacted]b", 1);
    expect_text("abcdabcd", "abcdabcdabcdX", "[redacted]X", 1); /* Overlapping: one. */
}

static void finds_encoded_forms(void)
{
    /* base64 of "1" SECRET and so on: what does not depend on the neighbours is cut out. */
    static const char *const before[] = {"", "1", "12"};
    static const char *const alphabets[] = {"+/", "-_"};

    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 2; k++) {
            char plain[100];
            char text[200];
            char expected[200];
            (void)snprintf(plain, sizeof plain, "%s" SECRET "tail", before[i]);
            size_t size =
                reference_base64((const uint8_t *)plain, strlen(plain), alphabets[k], (uint8_t *)text);
            text[size] = '\0';
            size_t first = (8 * i + 5) / 6;
            size_t end = 8 * (i + strlen(SECRET)) / 6;
            (void)snprintf(expected, sizeof expected, "%.*s[redacted]%s", (int)first, text, text + end);
            expect_text(SECRET, text, expected, 1);
        }
    }
    expect_text("hexhexhex", "a686578686578686578b", "a[redacted]b", 1);
    expect_text("~\x7f~\x7f~\x7f~\x7f", "7E7F7E7F7E7F7E7F", "[redacted]", 1);
    expect_text("~\x7f~\x7f~\x7f~\x7f", "7e7f7e7f7e7f7e7f", "[redacted]", 1);
}

static void finds_escaped_forms(void)
{
    expect_text(SECRET, "k=s3cr%2Ft%2Bk~y%3D%C3%BC%22%F0%9F%98%80%21&", "k=[redacted]&", 1);
    expect_text(SECRET, "k=s3cr%2ft%2bk%7ey%3d%c3%bc%22%f0%9f%98%80!&", "k=[redacted]&", 1);
    expect_text(SECRET, "%733cr/t+%6b~y=%C3%bc%22\xf0\x9f%98\x80!", "[redacted]", 1);
    expect_text("pass word 1", "pass+word+1 pass%20word+1 pass word%201 pass+word-1",
                "[redacted] [redacted] [redacted] pass+word-1", 3);
    expect_text("pass+word", "pass+word pass%2bword pass word", "[redacted] [redacted] pass word", 2);
    expect_text(SECRET, "\"s3cr\\/t+k~y=\\u00fc\\\"\\ud83d\\ude00!\"", "\"[redacted]\"", 1);
    expect_text(SECRET, "\"\\u0073\\u0033cr/t\\u002Bk~y=\xc3\xbc\\u0022\\uD83D\\uDE00\\u0021\"",
                "\"[redacted]\"", 1);
    expect_text(SECRET, "s3cr/t+k~y=\xc3\xbc\\\"\xf0\x9f\x98\x80!", "[redacted]", 1);
    expect_text("line\nfeed\ttab\\", "line\\nfeed\\ttab\\\\", "[redacted]", 1);
    expect_text("it's hexed", "it\\'s\\x20hexed", "[redacted]", 1);
    expect_text("u0041bcd\"e", "\\\\u0041bcd\\\"e", "\\\\[redacted]",
                1); /* Two backslashes, not an escape. */
    /* base64 with its "/" escaped as JSON and as a URL. */
    expect_text("subjects?_d", "c3ViamVjdHM\\/X2", "[redacted]", 1);
    expect_text("subjects?_d", "c3ViamVjdHM%2FX2", "[redacted]", 1);
    expect_text("subjects?_d", "c3ViamVjdHM_X2", "[redacted]", 1);
    /* No whole escape. */
    expect_text("100%sure%", "100%sure% 100%25sure%", "[redacted] [redacted]", 2);
    expect_text("back\\slash\\u", "back\\slash\\u back\\\\slash\\\\u", "[redacted] [redacted]", 2);
    expect_text("12345678", "1234\\ud83d5678 1234%5678 12345%67", "1234\\ud83d5678 1234%5678 12345%67", 0);
    expect_text("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\\ud83d\\ude00\\ud83d\\ude00\\ud83d",
                "[redacted]\\ud83d", 1);
}

static void takes_several_secrets(void)
{
    static const char *const secrets[] = {"abcdefgh", "abcdefghijkl", "fghijklmnop", "XYZXYZXYZ",
                                          "QQabcdefghQQ"};
    struct mf__needles *needles = needles_of(secrets, 5);
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"1abcdefgh2", "1[redacted]2"},
        {"1abcdefghijkl2", "1[redacted]2"},
        {"1abcdefghijklmnop2", "1[redacted]2"}, /* Three of them, overlapping. */
        {"abcdefghijXYZXYZXYZk", "[redacted]ij[redacted]k"},
        {"abcdefghfghijklmnop", "[redacted][redacted]"},
        {"XYZXYZXYZXYZabcdefg", "[redacted]abcdefg"},
        {"QQabcdefghQx", "QQ[redacted]Qx"}, /* One inside of what begins another. */
        {"xQQabcdefghQQ", "x[redacted]"},
    };
    uint64_t count;

    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        for (size_t step = 0; step < 20; step++) {
            MF_CHECK_INT(redact(needles, mf_slice_of_cstr(rows[i].text), step, false, &count), 0);
            MF_CHECK_TEXT(mf_buf_peek(&out), rows[i].expected);
        }
    }
    mf__needles_unref(needles);
}

static void knows_its_limits(void)
{
    struct mf__needles *needles = mf__needles_new();
    static uint8_t large[MF_REDACT_SECRET_BYTES_MAX + 1];
    bool is_short = false;
    uint64_t count = 7;

    MF_CHECK_INT(mf__needles_add(needles, mf_slice_of_cstr("1234567"), &is_short), 0);
    MF_CHECK(is_short);
    MF_CHECK_INT(mf__needles_add(needles, mf_slice_of(large, sizeof large), NULL), MF_E_TOO_LARGE);
    MF_CHECK(mf__needles_is_empty(needles));
    MF_CHECK_INT(mf__needles_compile(needles), 0);
    MF_CHECK_INT(redact(needles, mf_slice_of_cstr("x1234567"), 3, false, &count), 0);
    MF_CHECK_TEXT(mf_buf_peek(&out), "x1234567");
    MF_CHECK_INT(count, 0);
    mf__needles_unref(needles);

    /* Secrets of the largest size until the automaton is full. */
    needles = mf__needles_new();
    int rc = 0;
    for (int i = 0; rc == 0; i++) {
        MF_CHECK(i < 20);
        uint32_t random = (uint32_t)i * 2654435761u + 1;
        for (size_t k = 0; k < MF_REDACT_SECRET_BYTES_MAX; k++) {
            random = random * 1664525u + 1013904223u;
            large[k] = (uint8_t)(random >> 24);
        }
        rc = mf__needles_add(needles, mf_slice_of(large, MF_REDACT_SECRET_BYTES_MAX), NULL);
        MF_CHECK(i > 0 || rc == 0);
    }
    MF_CHECK_INT(rc, MF_E_TOO_LARGE);
    mf__needles_unref(needles);

    struct mf_buf small;
    static const char *const secret[] = {"abcdefgh"};
    needles = needles_of(secret, 1);
    mf_buf_init(&small, 11);
    count = 0;
    MF_CHECK_INT(mf__redact_text(needles, mf_slice_of_cstr("1abcdefgh"), false, &small, &count), 0);
    MF_CHECK_TEXT(mf_buf_peek(&small), "1[redacted]");
    MF_CHECK_INT(count, 1);
    MF_CHECK_INT(mf__redact_text(needles, mf_slice_of_cstr("1"), false, &small, &count), MF_E_TOO_LARGE);
    mf_buf_done(&small);
    mf__needles_unref(needles);
}

/* What is held back between two chunks: never more than the longest needle can be, escaped at its longest. */
static void holds_little(void)
{
    static const char *const secret[] = {"aaaaaaaaaaaaaaaa"};
    struct mf__needles *needles = needles_of(secret, 1);
    struct mf__redact *stream = mf__redact_new(needles, false);
    size_t fed = 0;

    mf_buf_reset(&out);
    for (int i = 0; i < 2000; i++) {
        const char *piece = i % 40 < 20 ? "\\u0061" : "bcdefg";
        MF_CHECK_INT(mf__redact_feed(stream, mf_slice_of(piece, 6), &out), 0);
        fed += 6;
        if (i % 40 == 39) {
            MF_CHECK(fed - out.size < 240u * (unsigned)(i / 40 + 1)); /* It goes on, one find a round. */
        }
    }
    MF_CHECK_INT(mf__redact_count(stream), 50);
    mf__redact_free(stream);
    mf__needles_unref(needles);
}

/* ---- against the reference ------------------------------------------------------------------------------- */

static uint32_t dice_state = 1;

static uint32_t dice(uint32_t sides)
{
    dice_state = dice_state * 1664525u + 1013904223u;
    return (dice_state >> 8) % sides;
}

/* Bytes that are likely to be confused: few letters, and what escapes are made of. */
static size_t random_text(uint8_t *to, size_t size)
{
    static const char bytes[] = "ab%\\u+ 0142x/\"YW";
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)bytes[dice(sizeof bytes - 1)];
    }
    return size;
}

/* |secret| in the text, each byte of it in a way of its own. */
static size_t write_mangled(uint8_t *to, const uint8_t *secret, size_t size, unsigned way)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        char piece[8];
        unsigned c = secret[i];
        switch (way == 0 ? 0 : dice(3) * (way == 3 ? 0 : way)) {
        case 1:
            (void)snprintf(piece, sizeof piece, dice(2) ? "%%%02x" : "%%%02X", c);
            break;
        case 2:
            (void)snprintf(piece, sizeof piece, way == 1 ? "%%%02x" : "\\u%04x", c);
            break;
        case 4:
            (void)snprintf(piece, sizeof piece, "\\x%02X", c);
            break;
        default:
            (void)snprintf(piece, sizeof piece, "%c", (char)(c == ' ' && way == 3 ? '+' : c));
            break;
        }
        memcpy(to + used, piece, strlen(piece));
        used += strlen(piece);
    }
    return used;
}

static void agrees_with_the_reference(void)
{
    static uint8_t text[4096];
    uint8_t secrets[3][24];
    uint64_t found = 0;

    for (int round = 0; round < 3000; round++) {
        struct mf_slice list[3];
        size_t secrets_count = 1 + dice(3);
        struct mf__needles *needles = mf__needles_new();
        for (size_t i = 0; i < secrets_count; i++) {
            list[i] = mf_slice_of(secrets[i], random_text(secrets[i], 8 + dice(16)));
            MF_CHECK_INT(mf__needles_add(needles, list[i], NULL), 0);
        }
        MF_CHECK_INT(mf__needles_compile(needles), 0);
        size_t size = 0;
        for (int piece = 0; piece < 6; piece++) {
            size_t which = dice((uint32_t)secrets_count);
            size += random_text(text + size, dice(20));
            size += write_mangled(text + size, list[which].data, list[which].size - (dice(4) == 0), dice(4));
        }
        struct mf_buf expected;
        uint64_t expected_count = 0;
        uint64_t count;
        mf_buf_init(&expected, 65536);
        reference_redact(list, secrets_count, mf_slice_of(text, size), &expected, &expected_count);
        for (size_t step = 0; step < 4; step++) {
            MF_CHECK_INT(
                redact(needles, mf_slice_of(text, size), step == 3 ? 1 + dice(40) : step, false, &count), 0);
            if (!mf_slice_equal(mf_buf_peek(&out), mf_buf_peek(&expected))) {
                fprintf(stderr, "round %d step %zu\n text %.*s\n is   %.*s\n not  %.*s\n", round, step,
                        (int)size, (const char *)text, (int)out.size, (const char *)out.data,
                        (int)expected.size, (const char *)expected.data);
            }
            MF_CHECK(mf_slice_equal(mf_buf_peek(&out), mf_buf_peek(&expected)));
            MF_CHECK_INT(count, expected_count);
        }
        found += expected_count;
        mf_buf_done(&expected);
        mf__needles_unref(needles);
    }
    MF_CHECK(found > 9000); /* Most of what was hidden was found by both. */
}

/* ---- speed, shown and not judged ---------------------------------------------------------------------------- */

static void show_speed(const char *what, struct mf__needles *needles, struct mf_slice piece)
{
    struct timespec start;
    struct timespec end;
    struct mf__redact *stream = mf__redact_new(needles, false);
    size_t bytes = 0;

    MF_CHECK_INT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start), 0);
    while (bytes < 16u * 1024 * 1024) {
        mf_buf_reset(&out);
        MF_CHECK_INT(mf__redact_feed(stream, piece, &out), 0);
        bytes += piece.size;
    }
    MF_CHECK_INT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end), 0);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("   %-28s %7.0f MB/s\n", what, (double)bytes / seconds / 1e6);
    mf__redact_free(stream);
}

static void fill(uint8_t *to, size_t size, const char *pattern)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)pattern[i % strlen(pattern)];
    }
}

static void shows_its_speed(void)
{
    static const char *const secrets[] = {"ghp_16C7e42F292c6912E7710c838347Ae178B4a",
                                          "sk-proj-Zr0pq2Lk9vXw3Ts8Ub5Yd7Ef1Gh4Ij6"};
    static uint8_t piece[65536];
    struct mf__needles *needles = needles_of(secrets, 2);

    for (size_t i = 0; i < sizeof piece; i++) {
        piece[i] = (uint8_t)dice(256);
    }
    show_speed("random bytes", needles, mf_slice_of(piece, sizeof piece));
    fill(piece, sizeof piece,
         "The quick brown fox jumps over the lazy dog, and says so in some plain English prose. ");
    show_speed("prose", needles, mf_slice_of(piece, sizeof piece));
    fill(piece, sizeof piece,
         "{\"id\":12345,\"node_id\":\"MDEwOlJlcG9zaXRvcnkxMjk2MjY5\",\"name\":\"Hello\\/"
         "World\",\"private\":false},");
    show_speed("JSON", needles, mf_slice_of(piece, sizeof piece));
    fill(piece, sizeof piece, "{\\\"a\\\":\\\"b\\\\n\\u00e9\\\"}");
    show_speed("JSON in JSON", needles, mf_slice_of(piece, sizeof piece));
    fill(piece, sizeof piece, "%41%42%43");
    show_speed("percent-encoded", needles, mf_slice_of(piece, sizeof piece));
    fill(piece, sizeof piece, "ghp_16C7e42F292c6912E7710c838347Ae178B4");
    show_speed("secrets but for a byte", needles, mf_slice_of(piece, sizeof piece));
    fill(piece, sizeof piece, "ghp_16C7e42F292c6912E7710c838347Ae178B4a");
    show_speed("nothing but secrets", needles, mf_slice_of(piece, sizeof piece));
    mf__needles_unref(needles);
}

int main(void)
{
    mf_buf_init(&out, 1048576);
    MF_RUN(finds_the_bytes);
    MF_RUN(finds_encoded_forms);
    MF_RUN(finds_escaped_forms);
    MF_RUN(takes_several_secrets);
    MF_RUN(knows_its_limits);
    MF_RUN(holds_little);
    MF_RUN(agrees_with_the_reference);
    MF_RUN(shows_its_speed);
    mf_buf_done(&out);
    return 0;
}
