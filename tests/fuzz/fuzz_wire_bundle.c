/* A hostile bundle; its parts lie inside it, in order, and written anew they are the same bytes. */
#include <mayfly/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_slice bundle = mf_slice_of(data, size);
    struct mf_part part;
    struct mf_buf out;
    size_t cursor = 0, before = 0;
    int result;

    mf_buf_init(&out, size);
    while ((result = mf_bundle_next(bundle, &cursor, &part)) == 1) {
        int error = mf_bundle_append(&out, part.kind, part.name, part.body);
        MF_ASSERT(error == 0);
        MF_ASSERT(cursor > before && cursor <= size);
        before = cursor;
    }
    MF_ASSERT(result == 0 || result == MF_E_WIRE);
    MF_ASSERT(out.size == (result == 0 ? size : before));
    MF_ASSERT(out.size == 0 || memcmp(out.data, data, out.size) == 0);
    mf_buf_done(&out);
    return 0;
}
