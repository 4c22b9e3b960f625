/* The reader against RFC 6455's cases, each in every way to cut it; the cases of Autobahn's fuzzing client, as a table. */
#include <mayfly/websocket.h>

#include "check.h"

#define MESSAGE_BYTES_MAX 70000
#define BYTES(text) text, sizeof(text) - 1

/* ---- frames as a client writes them --------------------------------------------------------------- */

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

/* |digits|: of the length; -1: the shortest. |first|: FIN, reserved bits, opcode. */
static void put_frame(struct mf_buf *out, uint8_t first, const void *payload, size_t size, int digits)
{
    uint8_t head[14] = {first};
    size_t head_size = 2;
    uint64_t length = size;

    if (digits < 0) {
        digits = size < 126 ? 0 : size < 65536 ? 2 : 8;
    }
    head[1] = (uint8_t)(0x80 | (digits == 0 ? size : digits == 2 ? 126 : 127));
    for (int i = digits - 1; i >= 0; i--) {
        head[head_size++] = (uint8_t)(length >> (8 * i));
    }
    memcpy(head + head_size, mask, sizeof(mask));
    MF_CHECK(mf_buf_append(out, head, head_size + sizeof(mask)) == 0);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = ((const uint8_t *)payload)[i] ^ mask[i % 4];
        MF_CHECK(mf_buf_append(out, &byte, 1) == 0);
    }
}

/* ---- what comes out, as a text ---------------------------------------------------------------------- */

static void tell(struct mf_buf *out, const struct mf_websocket_event *event)
{
    static const char *const names[] = {"more", "text", "binary", "ping", "pong", "close"};
    int error = mf_buf_append_cstr(out, names[event->kind]);

    if (event->kind == MF_WEBSOCKET_CLOSE) {
        error |= mf_buf_printf(out, " %d", event->code);
    }
    error |= mf_buf_append_cstr(out, "(");
    error |= event->payload.size > 64 ? mf_buf_printf(out, "%zu bytes", event->payload.size)
                                      : mf_buf_append_slice(out, event->payload);
    error |= mf_buf_append_cstr(out, ") ");
    MF_CHECK_INT(error, 0);
}

/* Feeds |step| bytes at a time. */
static void read_all(struct mf_slice input, size_t step, struct mf_buf *out)
{
    struct mf_websocket_reader *reader = mf_websocket_reader_new(MESSAGE_BYTES_MAX);
    int error = 0;
    bool is_closed = false;

    for (size_t at = 0; at < input.size && error == 0 && !is_closed;) {
        struct mf_slice part = mf_slice_of(input.data + at, step < input.size - at ? step : input.size - at);
        struct mf_websocket_event event = {.kind = MF_WEBSOCKET_TEXT};
        at += part.size;
        while (event.kind != MF_WEBSOCKET_MORE && !is_closed &&
               (error = mf_websocket_reader_feed(reader, part, &event)) == 0) {
            part = mf_slice_of(part.data + event.consumed, part.size - event.consumed);
            is_closed = event.kind == MF_WEBSOCKET_CLOSE;
            if (event.kind != MF_WEBSOCKET_MORE) {
                tell(out, &event);
            }
        }
    }
    if (error < 0) {
        struct mf_websocket_event event;
        MF_CHECK_INT(mf_buf_printf(out, "error %d", mf_websocket_code_of(error)), 0);
        MF_CHECK_INT(mf_websocket_reader_feed(reader, mf_slice_of_cstr("x"), &event), error);
    } else if (!is_closed && !mf_websocket_reader_is_idle(reader)) {
        MF_CHECK_INT(mf_buf_append_cstr(out, "unfinished"), 0);
    }
    mf_websocket_reader_free(reader);
}

static void expect(struct mf_slice input, const char *expected, const char *name)
{
    const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7, 4096};
    struct mf_buf out;

    mf_buf_init(&out, 65536);
    for (size_t i = 0; i < MF_COUNT_OF(steps); i++) {
        mf_buf_reset(&out);
        read_all(input, steps[i], &out);
        MF_CHECK(mf_buf_append(&out, "", 1) == 0);
        if (strcmp((const char *)out.data, expected) != 0) {
            fprintf(stderr, "%s, %zu at a time: \"%s\", expected \"%s\"\n", name, steps[i], (char *)out.data,
                    expected);
            exit(1);
        }
    }
    mf_buf_done(&out);
}

/* ---- the table ---------------------------------------------------------------------------------------- */

struct frame {
    uint8_t first;
    const char *payload;
    size_t size;
    int digits; /* 0: the shortest; else 2 or 8. */
};

struct row {
    const char *name;
    struct frame frames[8]; /* Up to the first whose payload is NULL. */
    const char *expected;
};

#define F(first, text)                                                                                       \
    {                                                                                                        \
        first, BYTES(text), 0                                                                                \
    }

static const struct row rows[] = {
    /* 5.7's own examples, and Autobahn 1, 2. */
    {"text", {F(0x81, "Hello")}, "text(Hello) "},
    {"empty text", {F(0x81, "")}, "text() "},
    {"empty binary", {F(0x82, "")}, "binary() "},
    {"binary that is no UTF-8", {F(0x82, "\xff\xfe")}, "binary(\xff\xfe) "},
    {"two messages", {F(0x81, "a"), F(0x82, "b")}, "text(a) binary(b) "},
    {"ping, pong", {F(0x89, "p"), F(0x8a, ""), F(0x89, "")}, "ping(p) pong() ping() "},
    /* Autobahn 3: reserved bits. */
    {"reserved 1", {F(0xc1, "a")}, "error 1002"},
    {"reserved 2", {F(0xa1, "a")}, "error 1002"},
    {"reserved 3 in a ping", {F(0x99, "a")}, "error 1002"},
    {"reserved 1 behind a good one", {F(0x81, "a"), F(0xc2, "b")}, "text(a) error 1002"},
    /* Autobahn 4: opcodes. */
    {"opcode 3", {F(0x83, "")}, "error 1002"},
    {"opcode 7", {F(0x87, "a")}, "error 1002"},
    {"opcode 11", {F(0x8b, "")}, "error 1002"},
    {"opcode 15", {F(0x8f, "a")}, "error 1002"},
    /* Autobahn 5: fragments. */
    {"fragments", {F(0x01, "He"), F(0x00, ""), F(0x80, "llo")}, "text(Hello) "},
    {"fragments of binary", {F(0x02, "\xff"), F(0x80, "\xfe")}, "binary(\xff\xfe) "},
    {"ping amid fragments", {F(0x01, "He"), F(0x89, "p"), F(0x80, "llo")}, "ping(p) text(Hello) "},
    {"close amid fragments", {F(0x01, "He"), F(0x88, "\x03\xe8"), F(0x80, "llo")}, "close 1000() "},
    {"fragmented ping", {F(0x09, "a"), F(0x80, "b")}, "error 1002"},
    {"fragmented close", {F(0x08, "")}, "error 1002"},
    {"a continuation of nothing", {F(0x80, "a")}, "error 1002"},
    {"a continuation behind the end", {F(0x01, "a"), F(0x80, "b"), F(0x80, "c")}, "text(ab) error 1002"},
    {"text amid a message", {F(0x01, "a"), F(0x81, "b")}, "error 1002"},
    {"binary amid a message", {F(0x01, "a"), F(0x02, "b")}, "error 1002"},
    {"half a message", {F(0x01, "a")}, "unfinished"},
    /* 5.2: the shortest length only. */
    {"5 in two bytes", {{0x81, BYTES("Hello"), 2}}, "error 1002"},
    {"5 in eight bytes", {{0x81, BYTES("Hello"), 8}}, "error 1002"},
    {"long ping", {{0x89, BYTES("Hello"), 2}}, "error 1002"},
    /* Autobahn 6: UTF-8. */
    {"two bytes", {F(0x81, "\xc2\xb5")}, "text(\xc2\xb5) "},
    {"a character over fragments",
     {F(0x01, "\xf0\x9f"), F(0x00, "\x98"), F(0x80, "\x80")},
     "text(\xf0\x9f\x98\x80) "},
    {"a ping inside of a character",
     {F(0x01, "\xf0\x9f"), F(0x89, ""), F(0x80, "\x98\x80")},
     "ping() text(\xf0\x9f\x98\x80) "},
    {"half a character", {F(0x81, "a\xe2\x82")}, "error 1007"},
    {"half a character in a fragment, then the end", {F(0x01, "\xe2\x82"), F(0x80, "")}, "error 1007"},
    {"fails at once", {F(0x01, "\xff")}, "error 1007"},
    {"a continuation byte alone", {F(0x81, "\x80")}, "error 1007"},
    {"too long for /", {F(0x81, "\xc0\xaf")}, "error 1007"},
    {"too long, three", {F(0x81, "\xe0\x80\xaf")}, "error 1007"},
    {"too long, four", {F(0x81, "\xf0\x80\x80\xaf")}, "error 1007"},
    {"a surrogate", {F(0x81, "\xed\xa0\x80")}, "error 1007"},
    {"before the surrogates", {F(0x81, "\xed\x9f\xbf")}, "text(\xed\x9f\xbf) "},
    {"past the end", {F(0x81, "\xf4\x90\x80\x80")}, "error 1007"},
    {"the end", {F(0x81, "\xf4\x8f\xbf\xbf")}, "text(\xf4\x8f\xbf\xbf) "},
    {"five bytes", {F(0x81, "\xf8\x88\x80\x80\x80")}, "error 1007"},
    {"behind eight of ASCII", {F(0x81, "12345678\xc3")}, "error 1007"},
    {"a new text after half a one of binary",
     {F(0x82, "\xe2\x82"), F(0x81, "a")},
     "binary(\xe2\x82) text(a) "},
    /* Autobahn 7: closing. */
    {"close", {F(0x88, "")}, "close 1005() "},
    {"close with a code", {F(0x88, "\x03\xe8")}, "close 1000() "},
    {"close with a reason",
     {F(0x88,
        "\x03\xe9"
        "bye")},
     "close 1001(bye) "},
    {"what follows is not read", {F(0x88, "\x03\xe8"), F(0x83, "")}, "close 1000() "},
    {"half a code", {F(0x88, "\x03")}, "error 1002"},
    {"code 999", {F(0x88, "\x03\xe7")}, "error 1002"},
    {"code 1004", {F(0x88, "\x03\xec")}, "error 1002"},
    {"code 1005", {F(0x88, "\x03\xed")}, "error 1002"},
    {"code 1006", {F(0x88, "\x03\xee")}, "error 1002"},
    {"code 1014", {F(0x88, "\x03\xf6")}, "close 1014() "},
    {"code 1015", {F(0x88, "\x03\xf7")}, "error 1002"},
    {"code 2999", {F(0x88, "\x0b\xb7")}, "error 1002"},
    {"code 3000", {F(0x88, "\x0b\xb8")}, "close 3000() "},
    {"code 4999", {F(0x88, "\x13\x87")}, "close 4999() "},
    {"code 5000", {F(0x88, "\x13\x88")}, "error 1002"},
    {"code 65535", {F(0x88, "\xff\xff")}, "error 1002"},
    {"a reason that is no UTF-8", {F(0x88, "\x03\xe8\xff")}, "error 1007"},
};

static void test_table(void)
{
    struct mf_buf input;

    mf_buf_init(&input, 65536);
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        mf_buf_reset(&input);
        for (size_t k = 0; k < MF_COUNT_OF(rows[i].frames) && rows[i].frames[k].payload != NULL; k++) {
            const struct frame *frame = &rows[i].frames[k];
            put_frame(&input, frame->first, frame->payload, frame->size,
                      frame->digits == 0 ? -1 : frame->digits);
        }
        expect(mf_buf_peek(&input), rows[i].expected, rows[i].name);
    }
    mf_buf_done(&input);
}

/* ---- lengths ------------------------------------------------------------------------------------------- */

static void test_lengths(void)
{
    static const size_t sizes[] = {125, 126, 127, 128, 65535, 65536, MESSAGE_BYTES_MAX};
    static uint8_t payload[MESSAGE_BYTES_MAX + 1];
    struct mf_buf input;
    char expected[64];

    memset(payload, '*', sizeof(payload));
    mf_buf_init(&input, 1 << 20);
    for (size_t i = 0; i < MF_COUNT_OF(sizes); i++) {
        mf_buf_reset(&input);
        put_frame(&input, 0x81, payload, sizes[i], -1);
        snprintf(expected, sizeof(expected), "text(%zu bytes) ", sizes[i]);
        expect(mf_buf_peek(&input), expected, "length");
    }
    mf_buf_reset(&input);
    put_frame(&input, 0x82, payload, MESSAGE_BYTES_MAX + 1, -1);
    expect(mf_slice_of(input.data, 14), "error 1009", "one too many: nothing of it is waited for");
    mf_buf_reset(&input);
    put_frame(&input, 0x02, payload, MESSAGE_BYTES_MAX, -1);
    put_frame(&input, 0x80, payload, 1, -1);
    expect(mf_buf_peek(&input), "error 1009", "one too many in a fragment");
    mf_buf_reset(&input);
    put_frame(&input, 0x89, payload, 125, -1);
    expect(mf_buf_peek(&input), "ping(125 bytes) ", "the largest ping");
    mf_buf_reset(&input);
    put_frame(&input, 0x89, payload, 126, -1);
    expect(mf_slice_of(input.data, 2), "error 1002", "a larger ping");
    mf_buf_done(&input);
}

static void test_huge_lengths(void)
{
    expect(mf_slice_of("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff----", 14), "error 1009", "2^63 - 1");
    expect(mf_slice_of("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00----", 14), "error 1002", "2^63");
    expect(mf_slice_of("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff----", 14), "error 1002", "2^64 - 1");
    expect(mf_slice_of("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff----", 14), "error 1002", "65535 in eight");
}

static void test_unmasked(void)
{
    expect(mf_slice_of("\x81\x05Hello", 7), "error 1002", "unmasked");
    expect(mf_slice_of("\x81\x00", 2), "error 1002", "unmasked and empty");
    expect(mf_slice_of("\x81", 1), "unfinished", "half a head");
}

static void test_empty_frames(void)
{
    struct mf_buf input;

    mf_buf_init(&input, 1 << 20);
    put_frame(&input, 0x01, "", 0, -1);
    for (int i = 1; i < MF_WEBSOCKET_EMPTY_FRAMES_MAX; i++) {
        put_frame(&input, 0x00, "", 0, -1);
    }
    expect(mf_buf_peek(&input), "unfinished", "as many as there may be");
    size_t size = input.size;
    put_frame(&input, 0x80, "a", 1, -1);
    put_frame(&input, 0x01, "", 0, -1);
    put_frame(&input, 0x80, "b", 1, -1);
    expect(mf_buf_peek(&input), "text(a) text(b) ", "each message counts anew");
    input.size = size;
    put_frame(&input, 0x00, "", 0, -1);
    expect(mf_buf_peek(&input), "error 1002", "endless");
    mf_buf_done(&input);
}

/* What was announced is not what has come. */
static void test_progress(void)
{
    struct mf_websocket_reader *reader = mf_websocket_reader_new(1 << 30);
    struct mf_websocket_event event;
    struct mf_slice head = mf_slice_of("\x82\xff\x00\x00\x00\x00\x3f\xff\xff\xff"
                                       "\0\0\0\0abc",
                                       17);

    MF_CHECK(mf_websocket_reader_is_idle(reader));
    MF_CHECK_INT(mf_websocket_reader_feed(reader, head, &event), 0);
    MF_CHECK_INT(event.kind, MF_WEBSOCKET_MORE);
    MF_CHECK_INT(event.consumed, 17);
    MF_CHECK_INT(mf_websocket_reader_bytes(reader), 3);
    MF_CHECK(!mf_websocket_reader_is_idle(reader));
    mf_websocket_reader_free(reader);
}

/* ---- the writer ------------------------------------------------------------------------------------------ */

static void test_heads(void)
{
    uint8_t head[MF_WEBSOCKET_HEAD_BYTES];

    MF_CHECK_INT(mf_websocket_head(head, MF_WEBSOCKET_OPCODE_TEXT, 125), 2);
    MF_CHECK(memcmp(head, "\x81\x7d", 2) == 0);
    MF_CHECK_INT(mf_websocket_head(head, MF_WEBSOCKET_OPCODE_BINARY, 126), 4);
    MF_CHECK(memcmp(head, "\x82\x7e\x00\x7e", 4) == 0);
    MF_CHECK_INT(mf_websocket_head(head, MF_WEBSOCKET_OPCODE_TEXT, 65535), 4);
    MF_CHECK_INT(mf_websocket_head(head, MF_WEBSOCKET_OPCODE_TEXT, 65536), 10);
    MF_CHECK(memcmp(head, "\x81\x7f\0\0\0\0\0\1\0\0", 10) == 0);
}

static void test_close_frame(void)
{
    uint8_t frame[2 + MF_WEBSOCKET_CONTROL_BYTES];
    char reason[200];

    MF_CHECK_INT(mf_websocket_close_frame(frame, MF_WEBSOCKET_NO_CODE, mf_slice_of_cstr("x")), 2);
    MF_CHECK(memcmp(frame, "\x88\x00", 2) == 0);
    MF_CHECK_INT(mf_websocket_close_frame(frame, 1001, mf_slice_of_cstr("bye")), 7);
    MF_CHECK(memcmp(frame,
                    "\x88\x05\x03\xe9"
                    "bye",
                    7) == 0);
    memset(reason, 'a', sizeof(reason));
    memcpy(reason + 121, "\xe2\x82\xac", 3); /* The euro's third byte would be the 124th. */
    MF_CHECK_INT(mf_websocket_close_frame(frame, 4000, mf_slice_of(reason, sizeof(reason))), 4 + 121);
    memset(reason, 'a', sizeof(reason));
    MF_CHECK_INT(mf_websocket_close_frame(frame, 4000, mf_slice_of(reason, sizeof(reason))), 4 + 123);
}

int main(void)
{
    MF_RUN(test_table);
    MF_RUN(test_lengths);
    MF_RUN(test_huge_lengths);
    MF_RUN(test_unmasked);
    MF_RUN(test_empty_frames);
    MF_RUN(test_progress);
    MF_RUN(test_heads);
    MF_RUN(test_close_frame);
    return 0;
}
