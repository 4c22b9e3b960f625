#include "buffers.h"

#include <mayfly/base.h>

#include "pages.h"

namespace mf
{

/* From here on a buffer has pages of its own, so that freeing it gives them back to the kernel at once. */
static const size_t LARGE_BYTES = 128 * 1024;

buffers::buffers(std::shared_ptr<account> owner) : owner_(std::move(owner))
{
}

void *buffers::Allocate(size_t size)
{
    if (!account_charge(owner_.get(), charge_kind::external, size)) {
        return nullptr;
    }
    void *data = size >= LARGE_BYTES ? pages_map(size) : mf_try_alloc(size == 0 ? 1 : size);
    if (!data) {
        account_uncharge(owner_.get(), charge_kind::external, size);
    }
    return data;
}

void *buffers::AllocateUninitialized(size_t size)
{
    return Allocate(size); /* No byte of another run may be seen, whatever V8 promises to overwrite. */
}

void buffers::Free(void *data, size_t size)
{
    if (size >= LARGE_BYTES) {
        pages_unmap(data, size);
    } else {
        memset(data, 0, size); /* Blocks of malloc outlive the run that had them. */
        mf_free(data);
    }
    account_uncharge(owner_.get(), charge_kind::external, size);
}

} // namespace mf
