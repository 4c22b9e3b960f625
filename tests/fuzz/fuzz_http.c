/* A hostile client: the first byte says how the rest is cut. However it is cut, the same messages must come out, and each
 * must keep what http.h promises. A head that was taken is also written as a response's header list. */
#include <mayfly/http.h>

#define BODY_BYTES_MAX 4096
#define DIGEST_BYTES_MAX 8388608

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct mf_buf *out, struct mf_slice bytes)
{
    int error = mf_buf_append_slice(out, bytes);
    MF_ASSERT(error == 0);
}

static void write_back(struct mf_slice headers, bool is_head)
{
    struct mf_http_response response = {
        .status = 200, .headers = headers, .body_bytes = -1, .is_head = is_head};
    struct mf_buf out;

    mf_buf_init(&out, 2 * MF_HTTP_HEADER_BYTES_MAX);
    int framing = mf_http_write_head(&out, &response, mf_slice_of_cstr("now"));
    MF_ASSERT(framing >= 0);
    MF_ASSERT(memchr(out.data, 0, out.size) == NULL);
    MF_ASSERT(memmem(out.data, out.size, "\r\n\r\n", 4) == out.data + out.size - 4); /* One head, whole. */
    mf_buf_done(&out);
}

static void check_request(const struct mf_http_request *request, struct mf_buf *out)
{
    MF_ASSERT(request->path.size > 0 &&
              (request->path.data[0] == '/' || mf_slice_equal_cstr(request->path, "*")));
    MF_ASSERT(request->minor == 0 || mf_http_headers_get(request->headers, "host").data != NULL);
    MF_ASSERT(mf_http_headers_get(request->headers, "content-length").data == NULL ||
              mf_http_headers_get(request->headers, "transfer-encoding").data == NULL);
    MF_ASSERT(request->body_bytes >= -1 && request->body_bytes <= BODY_BYTES_MAX);
    add(out, request->method);
    add(out, request->target);
    add(out, request->headers);
    add(out, mf_slice_of(&request->body_bytes, sizeof(request->body_bytes)));
    write_back(request->headers, request->is_head);
}

static int parse(struct mf_slice input, size_t step, struct mf_buf *out)
{
    struct mf_http_parser *parser = mf_http_parser_new(BODY_BYTES_MAX);
    uint64_t body_bytes = 0;
    int error = 0;

    for (size_t at = 0; error == 0 && at < input.size;) {
        struct mf_slice part = mf_slice_of(input.data + at, step < input.size - at ? step : input.size - at);
        struct mf_http_event event = {.kind = MF_HTTP_HEAD};
        at += part.size;
        while (event.kind != MF_HTTP_MORE && (error = mf_http_parser_feed(parser, part, &event)) == 0) {
            MF_ASSERT(event.consumed <= part.size);
            part = mf_slice_of(part.data + event.consumed, part.size - event.consumed);
            if (event.kind == MF_HTTP_HEAD) {
                check_request(mf_http_parser_request(parser), out);
                body_bytes = 0;
            } else if (event.kind == MF_HTTP_BODY) {
                body_bytes += event.body.size;
                add(out, event.body);
            } else if (event.kind == MF_HTTP_END) {
                int64_t told = mf_http_parser_request(parser)->body_bytes;
                MF_ASSERT(body_bytes <= BODY_BYTES_MAX && (told < 0 || (uint64_t)told == body_bytes));
                add(out, mf_slice_of_cstr("|"));
            }
        }
    }
    mf_http_parser_free(parser);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_buf whole;
    struct mf_buf cut;

    if (size < 2 || size > 65536) {
        return 0;
    }
    struct mf_slice input = mf_slice_of(data + 1, size - 1);
    mf_buf_init(&whole, DIGEST_BYTES_MAX);
    mf_buf_init(&cut, DIGEST_BYTES_MAX);
    int error_whole = parse(input, input.size, &whole);
    int error_cut = parse(input, (size_t)data[0] + 1, &cut);
    MF_ASSERT((error_whole < 0) == (error_cut < 0));
    if (error_whole == 0) {
        MF_ASSERT(mf_slice_equal(mf_buf_peek(&whole), mf_buf_peek(&cut)));
    }
    mf_buf_done(&whole);
    mf_buf_done(&cut);
    return 0;
}
