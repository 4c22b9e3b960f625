/* A hostile header list; what passes the check must be the same list when it is written anew. */
#include <mayfly/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_slice headers = mf_slice_of(data, size);
    struct mf_header header;
    struct mf_buf out;
    size_t cursor = 0;
    int count = mf_headers_check(headers);

    MF_ASSERT(count == MF_E_WIRE || (count >= 0 && count <= MF_HEADERS_COUNT_MAX));
    if (count < 0) {
        return 0;
    }
    mf_buf_init(&out, MF_HEADERS_ENCODED_BYTES_MAX);
    while (mf_headers_next(headers, &cursor, &header) == 1) {
        int error = mf_headers_append(&out, header.name, header.value);
        MF_ASSERT(error == 0);
        count--;
    }
    MF_ASSERT(count == 0 && mf_slice_equal(mf_buf_peek(&out), headers));
    mf_buf_done(&out);
    return 0;
}
