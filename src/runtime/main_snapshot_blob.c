/* The snapshot as read-only data of the program; cmake/snapshot.cmake says where it lies. */
#include <mayfly/snapshot.h>

/* clang-format off */
__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        "mf_snapshot_start:\n"
        ".incbin \"" MF_SNAPSHOT_PATH "\"\n"
        "mf_snapshot_end:\n"
        ".byte 0\n"
        ".popsection\n");
/* clang-format on */

extern const uint8_t mf_snapshot_start[] __attribute__((visibility("hidden")));
extern const uint8_t mf_snapshot_end[] __attribute__((visibility("hidden")));

struct mf_slice mf_snapshot_blob(void)
{
    return mf_slice_of(mf_snapshot_start, (size_t)(mf_snapshot_end - mf_snapshot_start));
}
