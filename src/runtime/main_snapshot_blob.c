/* The snapshot as read-only data of the program; cmake/snapshot.cmake says where it lies. */
#include <mayfly/snapshot.h>

/* clang-format off */
__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        ".globl mf_snapshot_data, mf_snapshot_size\n"
        "mf_snapshot_data:\n"
        ".incbin \"" MF_SNAPSHOT_PATH "\"\n"
        "mf_snapshot_end:\n"
        ".balign 8\n"
        "mf_snapshot_size:\n"
        ".quad mf_snapshot_end - mf_snapshot_data\n"
        ".popsection\n");
/* clang-format on */

extern const uint8_t mf_snapshot_data[] __attribute__((visibility("hidden")));
extern const uint64_t mf_snapshot_size __attribute__((visibility("hidden")));

struct mf_slice mf_snapshot_blob(void)
{
    return mf_slice_of(mf_snapshot_data, (size_t)mf_snapshot_size);
}
