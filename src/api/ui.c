/* ui.c - the page at /, out of this program alone: src/page, bundled by the build. Its policy lets it load and ask nothing but this daemon, and
 * nothing of what runs print can become script. */
#include "internal.h"

/* MF_PAGE comes from CMake: where the build put the files. */
#define FILE(symbol, name, path, type, tag)                                                                  \
    __asm__(".section .rodata\n"                                                                             \
            "mf_page_" #symbol ":\n"                                                                         \
            ".incbin \"" MF_PAGE "/" name "\"\n"                                                             \
            "mf_page_" #symbol "_end:\n"                                                                     \
            "mf_page_" #symbol "_gzip:\n"                                                                    \
            ".incbin \"" MF_PAGE "/" name ".gz\"\n"                                                          \
            "mf_page_" #symbol "_gzip_end:\n"                                                                \
            ".byte 0\n"                                                                                      \
            ".previous\n");                                                                                  \
    extern const uint8_t mf_page_##symbol[];                                                                 \
    extern const uint8_t mf_page_##symbol##_end[];                                                           \
    extern const uint8_t mf_page_##symbol##_gzip[];                                                          \
    extern const uint8_t mf_page_##symbol##_gzip_end[];
#include "page_files.def"
#undef FILE

static const struct file {
    const char *path;
    const char *type;
    const char *tag; /* With its quotes; weak, as the same stands for both encodings. */
    const uint8_t *begin;
    const uint8_t *end;
    const uint8_t *gzip_begin;
    const uint8_t *gzip_end;
} files[] = {
#define FILE(symbol, name, path, type, tag)                                                                  \
    {path,                                                                                                   \
     type,                                                                                                   \
     "W/\"" tag "\"",                                                                                        \
     mf_page_##symbol,                                                                                       \
     mf_page_##symbol##_end,                                                                                 \
     mf_page_##symbol##_gzip,                                                                                \
     mf_page_##symbol##_gzip_end},
#include "page_files.def"
#undef FILE
};

/* Style attributes: the editor writes a tab's width so. What runs say is never HTML, so that nobody else can. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr "
                             "'unsafe-inline'; img-src data: blob:; connect-src 'self'; "
                             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* "gzip, br;q=0.5": no weight of 0 for it. */
static bool takes_gzip(struct mf_slice accept)
{
    for (size_t at = 0; at < accept.size;) {
        size_t end = at;
        while (end < accept.size && accept.data[end] != ',') {
            end++;
        }
        struct mf_slice one = mf_slice_of(accept.data + at, end - at);
        while (one.size > 0 && one.data[0] == ' ') {
            one = mf_slice_of(one.data + 1, one.size - 1);
        }
        if (one.size >= 4 && memcmp(one.data, "gzip", 4) == 0) {
            return one.size == 4 || (one.data[4] == ';' && memmem(one.data, one.size, "q=0", 3) == NULL) ||
                   memmem(one.data, one.size, "q=0.", 4) != NULL;
        }
        at = end + 1;
    }
    return false;
}

static bool is_seen(struct mf_slice none_match, const char *tag)
{
    return none_match.size > 0 && memmem(none_match.data, none_match.size, tag + 2, strlen(tag + 2)) != NULL;
}

static int append(struct mf_buf *headers, const char *name, const char *value)
{
    return mf_headers_append(headers, mf_slice_of_cstr(name), mf_slice_of_cstr(value));
}

static int append_headers(struct mf_buf *headers, const struct file *file, bool is_gzip)
{
    int rc = append(headers, "content-type", file->type);

    rc = rc < 0 ? rc : append(headers, "etag", file->tag);
    rc = rc < 0 ? rc : append(headers, "vary", "accept-encoding");
    rc = rc < 0 ? rc : append(headers, "cache-control", "no-cache"); /* Asked each time, and answered 304. */
    rc = rc < 0 ? rc : append(headers, "content-security-policy", policy);
    rc = rc < 0 ? rc : append(headers, "x-content-type-options", "nosniff");
    rc = rc < 0 ? rc : append(headers, "referrer-policy", "no-referrer");
    rc = rc < 0 ? rc : append(headers, "cross-origin-opener-policy", "same-origin");
    return rc < 0 || !is_gzip ? rc : append(headers, "content-encoding", "gzip");
}

void mf__ui_get(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    bool is_gzip = takes_gzip(mf_request_header(request, "accept-encoding"));
    const struct file *file = NULL;
    struct mf_buf headers;

    (void)api;
    for (size_t i = 0; i < MF_COUNT_OF(files); i++) {
        file = mf_slice_equal_cstr(request->path, files[i].path) ? &files[i] : file;
    }
    MF_ASSERT(file != NULL); /* The routes are these. */
    mf_buf_init(&headers, 2048);
    if (append_headers(&headers, file, is_gzip) < 0) {
        mf__problem_reply_error(exchange, MF_E_NO_MEMORY);
    } else if (is_seen(mf_request_header(request, "if-none-match"), file->tag)) {
        mf_exchange_reply(exchange, 304, mf_buf_peek(&headers), mf_slice_of(NULL, 0));
    } else {
        const uint8_t *begin = is_gzip ? file->gzip_begin : file->begin;
        const uint8_t *end = is_gzip ? file->gzip_end : file->end;
        mf_exchange_reply(exchange, 200, mf_buf_peek(&headers), mf_slice_of(begin, (size_t)(end - begin)));
    }
    mf_buf_done(&headers);
}
