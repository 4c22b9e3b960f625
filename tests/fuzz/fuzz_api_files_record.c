/* What a hostile executor asks of a workspace: records lie inside their bytes, in order; written anew they are the same bytes. */
#include "files_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct mf_slice part, const uint8_t *data, size_t from, size_t to)
{
    return part.size == 0 || (part.data >= data + from && part.data + part.size <= data + to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_slice bytes = mf_slice_of(data, size);
    struct mf__files_record record;
    struct mf__files_search search;
    struct mf_workspace_op op;
    size_t cursor = 0, before = 0;
    int result;

    while ((result = mf__files_record_next(bytes, &cursor, &record)) == 1) {
        MF_ASSERT(cursor > before && cursor <= size);
        MF_ASSERT(is_inside(record.path, data, before, cursor) && is_inside(record.to, data, before, cursor));
        MF_ASSERT(cursor - before == 40 + record.path.size + record.to.size + record.bytes.size);
        if (mf__files_record_op(&record, &op) == 0) {
            MF_ASSERT(op.kind <= MF_WORKSPACE_UTIME && op.edits_count == 0 && op.ask == NULL);
        }
        if (mf__files_record_search(&record, &search) == 0) {
            MF_ASSERT(search.search.count >= 1 && search.search.count <= MF_WORKSPACE_PAGE_MAX);
            MF_ASSERT(search.search.levels_max <= MF_FS_DEPTH_MAX);
            MF_ASSERT(is_inside(search.search.glob, data, before, cursor) &&
                      is_inside(search.pattern, data, before, cursor));
        }
        before = cursor;
    }
    MF_ASSERT(result == 0 || result == MF_E_FS_EINVAL);
    MF_ASSERT(result != 0 || cursor == size);
    return 0;
}
