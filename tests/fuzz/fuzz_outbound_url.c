/* A hostile executor's URL, an operator's host, an upstream's Location and a guest's headers, all made of the same bytes: what is
 * taken is exactly what would be written, and nothing that is taken can be read in another way. */
#include "headers.h"
#include "path.h"
#include "url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        MF_ASSERT(text.data[i] > 0x20 && text.data[i] < 0x7f && text.data[i] != '#');
    }
}

static void check_host(const struct mf__host *host)
{
    struct mf__host again;
    int error = mf__host_parse(mf_slice_of(host->text, host->size), &again);

    MF_ASSERT(error == 0 && again.kind == host->kind && mf__host_equal(host, &again));
    MF_ASSERT(host->size > 0 && host->size <= MF__HOST_BYTES_MAX && host->text[host->size] == '\0');
    MF_ASSERT(host->text[host->size - 1] != '.' && strpbrk(host->text, "@/\\%?# ") == NULL);
}

static void check_url(struct mf_slice text)
{
    struct mf__url url;
    struct mf_buf written;

    if (mf__url_parse(text, &url) < 0) {
        return;
    }
    check_text(text);
    check_host(&url.host);
    MF_ASSERT(url.port > 0 && url.path.size > 0 && url.path.data[0] == '/');
    MF_ASSERT(url.query.size == 0 || url.query.data[0] == '?');
    mf_buf_init(&written, MF_OUTBOUND_URL_BYTES_MAX);
    int error = mf__url_write(&url, &written);
    MF_ASSERT(error == 0 && mf_slice_equal(mf_buf_peek(&written), text));
    mf_buf_reset(&written);
    error = mf__path_read_loose(url.path, &written);
    MF_ASSERT(error == 0 && memmem(written.data, written.size, "/../", 4) == NULL);
    mf_buf_done(&written);
}

static void check_location(struct mf_slice location)
{
    struct mf__url base;
    struct mf_buf text;
    int error = mf__url_parse(mf_slice_of_cstr("https://base.example:8443/a/b?c"), &base);

    MF_ASSERT(error == 0);
    mf_buf_init(&text, 4 * MF_OUTBOUND_URL_BYTES_MAX);
    if (mf__url_resolve(&base, location, &text) == 0) {
        struct mf__url url;
        error = mf__url_parse(mf_buf_peek(&text), &url);
        MF_ASSERT(error == 0);
        check_url(mf_buf_peek(&text));
    }
    mf_buf_done(&text);
}

static void check_headers(struct mf_slice headers)
{
    struct mf_http_header header;
    struct mf_buf out;
    size_t cursor = 0;
    int more;

    mf_buf_init(&out, MF_HEADERS_ENCODED_BYTES_MAX);
    if (mf__headers_clean(headers, &out, NULL) == 0) {
        while ((more = mf_http_headers_next(mf_buf_peek(&out), &cursor, &header)) == 1) {
            MF_ASSERT(!mf__headers_is_daemons(header.name));
        }
        MF_ASSERT(more == 0 && out.size <= headers.size);
    }
    mf_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_slice input = mf_slice_of(data, size);
    struct mf__host host;

    check_url(input);
    check_location(input);
    check_headers(input);
    mf_ignore(mf__method_is_valid(input));
    if (mf__host_parse_written(input, &host) == 0) {
        check_host(&host);
    }
    return 0;
}
